import { type EpochMs, SECOND } from './decide/time.ts';

/**
 * The only reader of system time.
 *
 * Two time lines: *domain* time (`now`) dates facts, windows, backoffs and pauses; *real* time (`systemNow`,
 * `monotonic`) bounds leases, call deadlines and signature tolerance. They differ only in the demo, where a second is
 * an hour. Domain time runs on the monotonic clock from an anchor, so that a stepped wall clock can't move it. The wall
 * clock is this machine's, or the database's where several replicas share one (see `shared-clock.ts`).
 */
export interface Clock {
  /** Domain time, unaffected by steps of the wall clock. If it isn't known exactly, the earliest that it may be. */
  now(): EpochMs;
  /**
   * The latest that domain time may be, rounded up to whole milliseconds, since `now` is cut to them: a window that is
   * dated so never ends too early.
   */
  latest(): EpochMs;
  /** The wall clock that domain time follows. */
  wallNow(): EpochMs;
  /** This machine's wall clock, as others on the network see it. */
  systemNow(): EpochMs;
  /** Real milliseconds since an arbitrary start; never steps. */
  monotonic(): number;
  /** Real milliseconds → the domain milliseconds that pass meanwhile. */
  toDomain(realMs: number): number;
  /** How far the wall clock is ahead of domain time's anchor, in real ms; 0 unless it was stepped or slewed. */
  stepMs(): number;
  /** How often the stored times had been corrected when the wall clock was read; 0 if it is this machine's. */
  corrections(): number;
  /** Makes domain time follow the wall clock as it reads now; returns by how many ms `now()` moved. */
  reanchor(): number;
  /** Resolves at domain time `until`, or after `maxRealMs`, or when the signal aborts; never rejects. */
  sleepUntil(until: EpochMs, maxRealMs: number, signal: AbortSignal): Promise<void>;
}

/**
 * The longest sleep: `setTimeout` fires at once above 2^31 - 1 ms. Longer sleeps end at multiples of this on the monotonic
 * clock, so that idle loops wake together.
 */
export const MAX_SLEEP_MS = 60_000;

/** Two clocks that differ by more than this mean a wrong clock, not delay or rounding. */
export const MAX_DISAGREEMENT_MS = 30 * SECOND;

/** Both clocks within a millisecond, unless this process hardly gets to run. */
function readBoth(monotonic: () => number) {
  let begunAt = monotonic();
  for (let tries = 1; ; tries++) {
    const anchorWall = Date.now();
    const anchorMonotonic = monotonic();
    if (anchorMonotonic - begunAt <= 1 || tries === 100) return { anchorWall, anchorMonotonic };
    begunAt = anchorMonotonic;
  }
}

/** @param rate domain milliseconds per real millisecond; 1 except in the demo */
export function createSystemClock(rate = 1): Clock {
  const monotonic = () => performance.now();
  let { anchorWall, anchorMonotonic } = readBoth(monotonic);
  let domainAtAnchor = anchorWall;
  const elapsed = () => monotonic() - anchorMonotonic;
  const now = () => Math.floor(domainAtAnchor + elapsed() * rate);
  return {
    now,
    // `now` is cut to whole milliseconds; the anchor's wall clock was, too, and read up to one earlier
    latest: () => now() + 3,
    wallNow: () => Date.now(),
    systemNow: () => Date.now(),
    monotonic,
    toDomain: (realMs) => realMs * rate,
    stepMs: () => Math.round(Date.now() - anchorWall - elapsed()),
    corrections: () => 0,
    reanchor() {
      const before = now();
      const read = readBoth(monotonic);
      const passedMs = read.anchorMonotonic - anchorMonotonic;
      const step = read.anchorWall - anchorWall - passedMs;
      domainAtAnchor += passedMs * rate + step;
      ({ anchorWall, anchorMonotonic } = read);
      return now() - before;
    },
    sleepUntil(until, maxRealMs, signal) {
      const real = Math.ceil((until - now()) / rate);
      const toMultiple = Math.ceil(MAX_SLEEP_MS - (monotonic() % MAX_SLEEP_MS));
      const wanted = Math.min(Math.max(real, 0), maxRealMs);
      const ms = wanted < MAX_SLEEP_MS ? wanted : toMultiple;
      if (ms === 0 || signal.aborted) return Promise.resolve(); // even the shortest timer takes a millisecond
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        signal.addEventListener('abort', end);
      });
    },
  };
}
