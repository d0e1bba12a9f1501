/** An instant: whole milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * iMessage launched on 12 October 2011. An earlier time from Linq is an unset zero value (Go writes the year
 * 1, Unix 1970) or comes from a broken clock, so it isn't trusted.
 */
export const FIRST_IMESSAGE_AT: EpochMs = Date.UTC(2011, 9, 12);

/** The calendar repeats after this many years. */
const CYCLE_YEARS = 400;
const CYCLE_MS = 146_097 * DAY;

/**
 * Parses an RFC 3339 time with a zone and up to nine fraction digits (Linq writes 3, 6 or 9), truncated to
 * the millisecond; negative before 1970. Null for anything else, for days that don't exist, and beyond the
 * year 9999. `Date.parse` alone would accept many other notations, treat a time without a zone as local, and
 * accept 30 February.
 */
export function parseInstant(text: string): EpochMs | null {
  if (!RFC_3339.test(text)) return null;
  const year = digitsAt(text, 0, 4) + CYCLE_YEARS; // Date.UTC reads the years 0 to 99 as 1900 to 1999
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  const hour = digitsAt(text, 11, 2);
  const minute = digitsAt(text, 14, 2);
  const second = digitsAt(text, 17, 2);
  const isUtc = text.endsWith('Z') || text.endsWith('z');
  const zone = text.length - (isUtc ? 'Z'.length : '+00:00'.length);
  const offsetHour = isUtc ? 0 : digitsAt(text, zone + 1, 2);
  const offsetMinute = isUtc ? 0 : digitsAt(text, zone + 4, 2);
  // 60 is a leap second, read as the first second of the next minute
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return null;
  const fraction = Math.min(zone - FRACTION_AT, 3);
  const ms = fraction > 0 ? digitsAt(text, FRACTION_AT, fraction) * 10 ** (3 - fraction) : 0;
  const offset = (offsetHour * 60 + offsetMinute) * MINUTE * (text[zone] === '-' ? -1 : 1);
  const at = Date.UTC(year, month - 1, day, hour, minute, second, ms) - CYCLE_MS - offset;
  return at <= LAST_INSTANT ? at : null;
}

const FRACTION_AT = '2026-01-31T12:00:00.'.length;
const ZERO = '0'.charCodeAt(0);

/** The number that so many digits spell. Every delivery has several times, and groups would copy each field. */
function digitsAt(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + text.charCodeAt(i) - ZERO;
  return value;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

// The one form that senders may generate (RFC 9110, 5.6.7). `Date.parse` alone accepts nearly anything, even
// "-5".
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** An HTTP header's date such as `Sun, 06 Nov 1994 08:49:37 GMT`; null for anything else. */
export function parseHttpDate(text: string): EpochMs | null {
  if (!IMF_FIXDATE.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
