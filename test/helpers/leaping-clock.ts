import { type Clock, createSystemClock, MAX_SLEEP_MS } from '../../src/clock.ts';

export interface LeapingClock extends Clock {
  /** Lets time pass at once, on every time line, and wakes the sleepers whose time has come. */
  leap(ms: number): void;
  /** Sets the wall clock forward or back; no time passes. */
  stepWall(ms: number): void;
  /** As a new process begins: by whatever the wall clock says. */
  restarted(): void;
  /** The same time as whoever has no part in the steps of this wall clock reads it. */
  readonly elsewhere: Clock;
}

/** The system's clock, which a test lets leap over the hours in which nothing happens. */
export function createLeapingClock(): LeapingClock {
  const system = createSystemClock();
  const sleepers = new Set<() => void>();
  let leptMs = 0;
  let wallAheadMs = 0;
  let domainAheadMs = 0;
  const monotonic = () => system.monotonic() + leptMs;
  const elsewhereNow = () => system.now() + leptMs;

  /** Until the real time has come, or a leap. */
  async function sleepOnce(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const wake = () => woken.abort();
    if (signal.aborted) wake();
    sleepers.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    await system.sleepUntil(system.now() + ms, ms, woken.signal);
    signal.removeEventListener('abort', wake);
    sleepers.delete(wake);
  }

  const sleeping = (now: () => number): Clock['sleepUntil'] => {
    return async (until, maxRealMs, signal) => {
      const endMs = monotonic() + Math.min(Math.max(until - now(), 0), maxRealMs, MAX_SLEEP_MS);
      do await sleepOnce(Math.ceil(Math.max(0, endMs - monotonic())), signal);
      while (!signal.aborted && monotonic() < endMs);
    };
  };
  const now = () => elsewhereNow() + domainAheadMs;
  const stepMs = () => wallAheadMs - domainAheadMs;
  const common = { corrections: () => 0, monotonic, toDomain: (realMs: number) => realMs };
  const trueNow = () => system.systemNow() + leptMs;
  const wallNow = () => trueNow() + wallAheadMs;
  return {
    ...common,
    now,
    latest: () => now() + 1,
    wallNow,
    systemNow: wallNow,
    stepMs,
    reanchor() {
      const byMs = stepMs();
      domainAheadMs = wallAheadMs;
      return byMs;
    },
    sleepUntil: sleeping(now),
    leap(ms) {
      leptMs += ms;
      for (const wake of [...sleepers]) wake();
    },
    stepWall(ms) {
      wallAheadMs += ms;
    },
    restarted() {
      domainAheadMs = wallAheadMs;
    },
    elsewhere: {
      ...common,
      now: elsewhereNow,
      latest: () => elsewhereNow() + 1,
      wallNow: trueNow,
      systemNow: trueNow,
      stepMs: () => 0,
      reanchor: () => 0,
      sleepUntil: sleeping(elsewhereNow),
    },
  };
}
