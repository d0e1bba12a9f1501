import { MINUTE, SECOND } from '../decide/time.ts';

const SPAN_MS = 5 * MINUTE;
const ENOUGH = 3;
const MAX_DATE_OFF_MS = 60 * SECOND;

/** Tells a wrong clock of ours from a replay: many different deliveries are stale, all in one direction. */
export interface StalenessTracker {
  /**
   * A correctly signed but stale delivery.
   * @param delivery identifies it, so that one that is repeated counts once
   * @param skewMs our time minus the signed time
   * @param now milliseconds on a clock that never steps
   */
  note(delivery: string, skewMs: number, now: number): void;
  /** Three different deliveries within five minutes were stale in one direction, and none in the other. */
  isOneSided(now: number): boolean;
}

/** Keeps the last three of each direction. */
export function createStalenessTracker(): StalenessTracker {
  let past: Noted[] = [];
  let future: Noted[] = [];
  const isFull = (noted: readonly Noted[], now: number) =>
    noted.length === ENOUGH && noted.every(({ at }) => now - at <= SPAN_MS);
  const isQuiet = (noted: readonly Noted[], now: number) => noted.every(({ at }) => now - at > SPAN_MS);
  return {
    note(delivery, skewMs, now) {
      if (skewMs > 0) past = append(past, { delivery, at: now });
      else future = append(future, { delivery, at: now });
    },
    isOneSided: (now) =>
      (isFull(past, now) && isQuiet(future, now)) || (isFull(future, now) && isQuiet(past, now)),
  };
}

interface Noted {
  readonly delivery: string;
  readonly at: number;
}

function append(noted: readonly Noted[], latest: Noted): Noted[] {
  return [...noted.filter(({ delivery }) => delivery !== latest.delivery), latest].slice(-ENOUGH);
}

/**
 * Whether our own clock is to blame, so that stale deliveries must be sent again rather than lost.
 * @param linqDateOffMs how far the `Date` of Linq's last answer is from our clock; null when none came yet
 */
export function isClockSuspect(isOneSided: boolean, linqDateOffMs: number | null): boolean {
  return isOneSided && linqDateOffMs !== null && Math.abs(linqDateOffMs) > MAX_DATE_OFF_MS;
}
