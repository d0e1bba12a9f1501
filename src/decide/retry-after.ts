import { DAY, type EpochMs, SECOND } from './duration.ts';
import { parseHttpDate } from './http-date.ts';

/** The longest wait that Linq can ask of us. */
export const RETRY_AFTER_MAX_MS = DAY;

/**
 * How long Linq asks us to wait, in whole ms from now, more than 0 and at most `RETRY_AFTER_MAX_MS`; null when it
 * doesn't say or says nonsense (zero, negative, past, not finite): the caller's own backoff applies.
 * @param header `Retry-After`: seconds or an HTTP date
 * @param bodySeconds `error.retry_after` of the body, looked at when the header gives nothing
 * @param systemNow the wall clock, for the date form
 */
export function parseRetryAfter(
  header: string | null,
  bodySeconds: unknown,
  systemNow: EpochMs,
): number | null {
  const waitMs = fromText(header, systemNow) ?? fromBody(bodySeconds, systemNow);
  return waitMs === null ? null : Math.min(waitMs, RETRY_AFTER_MAX_MS);
}

function fromBody(value: unknown, systemNow: EpochMs): number | null {
  if (typeof value === 'number') return usable(value * SECOND);
  return typeof value === 'string' ? fromText(value, systemNow) : null;
}

function fromText(text: string | null, systemNow: EpochMs): number | null {
  const trimmed = text?.trim() ?? '';
  // digits only: Number() would also read "0x10", "1e9" and ""
  if (/^\d+(\.\d+)?$/.test(trimmed)) return usable(Number(trimmed) * SECOND);
  const at = parseHttpDate(trimmed);
  return at === null ? null : usable(at - systemNow);
}

/** Rounded up: a call a fraction of a millisecond early is early. */
function usable(waitMs: number): number | null {
  return Number.isFinite(waitMs) && waitMs > 0 ? Math.ceil(waitMs) : null;
}
