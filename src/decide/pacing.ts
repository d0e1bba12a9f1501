import { DAY, type EpochMs, MINUTE, parseHttpDate, SECOND } from './time.ts';

/** Calls reach Linq with varying delay after we count them, so a second is counted slightly longer. */
const MARGIN = 1.01;

/** Look-ups of unknown facts per second, across all lines. */
export const LOOK_UP_RATE = 5;

/** Recent starts of one line, oldest first. */
export type Starts = readonly EpochMs[];

export interface Pace {
  /** How many attempts may start now. */
  readonly available: number;
  /** When the next one may start, if none may now. */
  readonly nextAt: EpochMs;
}

/**
 * Spreads the starts of a line evenly, so that no second sees more than `ratePerSecond` of them.
 * @param ratePerSecond 0: no limit; below 1: one start every `1 / ratePerSecond` seconds
 */
export function pace(starts: Starts, ratePerSecond: number, now: EpochMs): Pace {
  if (ratePerSecond === 0) return { available: Number.POSITIVE_INFINITY, nextAt: now };
  const { capacity, spanMs } = window(ratePerSecond);
  const recent = starts.filter((at) => at > now - spanMs && at <= now);
  const spacingMs = spanMs / capacity;
  const last = recent.at(-1);
  const burst = recent.filter((at) => at === last).length;
  const spacedAt = last === undefined ? now : last + spacingMs * burst;
  const fullUntil = recent.length < capacity ? now : (recent[recent.length - capacity] ?? now) + spanMs;
  const nextAt = Math.ceil(Math.max(spacedAt, fullUntil));
  const atOnce = Math.max(1, Math.floor(capacity / 20));
  return { available: nextAt > now ? 0 : Math.min(atOnce, capacity - recent.length), nextAt };
}

/** The starts to remember after adding `count` at `now`. */
export function afterStarts(starts: Starts, count: number, ratePerSecond: number, now: EpochMs): Starts {
  if (ratePerSecond === 0) return starts;
  const { spanMs } = window(ratePerSecond);
  return [...starts.filter((at) => at > now - spanMs), ...Array.from({ length: count }, () => now)];
}

function window(ratePerSecond: number): { capacity: number; spanMs: number } {
  const capacity = Math.max(1, Math.floor(ratePerSecond));
  return { capacity, spanMs: (capacity / ratePerSecond) * SECOND * MARGIN };
}

const BACKOFF_MIN_MS = SECOND;
const BACKOFF_MAX_MS = 15 * MINUTE;

/**
 * Wait before the next attempt, in whole ms: 1 s doubling to 15 min, plus jitter of up to half of that, which
 * only ever adds. Attempts never run out.
 * @param failures consecutive transient failures including this one: 1 or more
 * @param retryAfterMs what Linq asked for, or null; the wait is never shorter, even past the 15 min
 * @param random in [0, 1); an argument so that a test can fix the jitter
 */
export function backoffMs(failures: number, retryAfterMs: number | null, random: number): number {
  const baseMs = doublingMs(failures - 1, BACKOFF_MIN_MS, BACKOFF_MAX_MS);
  return Math.max(baseMs, retryAfterMs ?? 0) + Math.floor((random * baseMs) / 2);
}

/**
 * `firstMs` at step 0, doubled with each step, never more than `maxMs`: for probes and pauses.
 * @param step how many waits came before; a negative step counts as 0
 */
export function doublingMs(step: number, firstMs: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** Math.max(step, 0), maxMs);
}

/** The longest wait that Linq can ask of us. */
export const RETRY_AFTER_MAX_MS = DAY;

/**
 * How long Linq asks us to wait, in whole ms from now, more than 0 and at most `RETRY_AFTER_MAX_MS`; null
 * when it doesn't say or says nonsense (zero, negative, past, not finite): the caller's own backoff applies.
 * @param header `Retry-After`: seconds or an HTTP date
 * @param bodySeconds `error.retry_after` of the body, used when the header yields nothing
 * @param wallNow the wall clock, for the date form
 */
export function parseRetryAfter(
  header: string | null,
  bodySeconds: unknown,
  wallNow: EpochMs,
): number | null {
  const waitMs = fromText(header, wallNow) ?? fromBody(bodySeconds, wallNow);
  return waitMs === null ? null : Math.min(waitMs, RETRY_AFTER_MAX_MS);
}

function fromBody(value: unknown, wallNow: EpochMs): number | null {
  if (typeof value === 'number') return usable(value * SECOND);
  return typeof value === 'string' ? fromText(value, wallNow) : null;
}

function fromText(text: string | null, wallNow: EpochMs): number | null {
  const trimmed = text?.trim() ?? '';
  // digits only: Number() would also read "0x10", "1e9" and ""
  if (/^\d+(\.\d+)?$/.test(trimmed)) return usable(Number(trimmed) * SECOND);
  const at = parseHttpDate(trimmed);
  return at === null ? null : usable(at - wallNow);
}

/** Rounded up: even a fraction of a millisecond too early is too early. */
function usable(waitMs: number): number | null {
  return Number.isFinite(waitMs) && waitMs > 0 ? Math.ceil(waitMs) : null;
}
