import { MINUTE, SECOND } from './duration.ts';

const BACKOFF_MIN_MS = SECOND;
const BACKOFF_MAX_MS = 15 * MINUTE;

/**
 * Wait before the next attempt, in whole ms: 1 s doubling to 15 min, plus up to half of that in jitter, which only
 * ever adds. There is no last attempt.
 * @param failures transient failures in a row, this one included: 1 or more
 * @param retryAfterMs what Linq asked for, or null; the wait is never shorter, even past the 15 min
 * @param random in [0, 1); an argument so that a test can fix the jitter
 */
export function backoffMs(failures: number, retryAfterMs: number | null, random: number): number {
  const baseMs = doublingMs(failures - 1, BACKOFF_MIN_MS, BACKOFF_MAX_MS);
  return Math.max(baseMs, retryAfterMs ?? 0) + Math.floor((random * baseMs) / 2);
}

/**
 * `firstMs` at step 0, doubled with each step, never more than `maxMs`: for probes and pauses.
 * @param step how often it was waited before; a negative step counts as 0
 */
export function doublingMs(step: number, firstMs: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** Math.max(step, 0), maxMs);
}
