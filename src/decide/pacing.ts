import { type EpochMs, SECOND } from './duration.ts';

/** Starts reach Linq a little later than we count them, by varying amounts: the second is counted a bit longer. */
const MARGIN = 1.01;

/** Look-ups of unknown facts a second, of all lines together. */
export const LOOK_UP_RATE = 5;

/** Recent starts of one line, oldest first. */
export type Starts = readonly EpochMs[];

export interface Pace {
  /** How many attempts may start now. */
  readonly available: number;
  /** When the next one may, if none may now. */
  readonly nextAt: EpochMs;
}

/**
 * Spreads the starts of a line evenly, so that no second sees more than `ratePerSecond` of them.
 * @param ratePerSecond 0: no limit; below 1: one start each `1 / ratePerSecond` seconds
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

/** The starts to remember after `count` more at `now`. */
export function afterStarts(starts: Starts, count: number, ratePerSecond: number, now: EpochMs): Starts {
  if (ratePerSecond === 0) return starts;
  const { spanMs } = window(ratePerSecond);
  return [...starts.filter((at) => at > now - spanMs), ...Array.from({ length: count }, () => now)];
}

function window(ratePerSecond: number): { capacity: number; spanMs: number } {
  const capacity = Math.max(1, Math.floor(ratePerSecond));
  return { capacity, spanMs: (capacity / ratePerSecond) * SECOND * MARGIN };
}
