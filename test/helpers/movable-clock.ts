import { type Clock, createSystemClock } from '../../src/clock.ts';
import type { EpochMs } from '../../src/decide/time.ts';

export interface MovableClock extends Clock {
  /** Wall and domain time read so many ms more than the system's from now on. */
  set(aheadMs: number): void;
}

/** The system's clock for the simulated Linq of a test that plays another time; real time runs on as it does. */
export function createMovableClock(): MovableClock {
  const clock = createSystemClock();
  let aheadMs = 0;
  const now = () => clock.now() + aheadMs;
  const wallNow = () => clock.systemNow() + aheadMs;
  return {
    ...clock,
    now,
    latest: () => clock.latest() + aheadMs,
    wallNow,
    systemNow: wallNow,
    sleepUntil: (until: EpochMs, maxRealMs: number, signal: AbortSignal) =>
      clock.sleepUntil(until - aheadMs, maxRealMs, signal),
    set(ms) {
      aheadMs = ms;
    },
  };
}

const SET_CLOCK = new URL('set-clock.mjs', import.meta.url).href;

/** Settings under which a process lives so many ms ahead of the system's time, from its start on. */
export function livingAhead(aheadMs: number): Record<string, string> {
  return { NODE_OPTIONS: `--import=${SET_CLOCK}`, SET_CLOCK: String(Date.now() + aheadMs) };
}
