import type { EpochMs } from './duration.ts';

// The one form that senders may generate (RFC 9110, 5.6.7). `Date.parse` alone reads nearly anything, "-5" included.
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** An HTTP header's date such as `Sun, 06 Nov 1994 08:49:37 GMT`; null for anything else. */
export function parseHttpDate(text: string): EpochMs | null {
  if (!IMF_FIXDATE.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
