import { type Clock, MAX_SLEEP_MS } from '../../src/clock.ts';
import type { EpochMs } from '../../src/decide/time.ts';

export interface FakeClock extends Clock {
  /** Lets time pass on every time line at once and wakes the sleepers whose time has come. */
  advance(ms: number): void;
  /** Sets the wall clock forward or back; no time passes. */
  stepWall(ms: number): void;
  /** As a new process begins: by whatever the wall clock says. */
  restarted(): void;
  /** Domain time at which the next sleeper wakes by itself; null: nobody sleeps. */
  nextWakeAt(): EpochMs | null;
  /** Counts up with each sleep that begins or ends: unchanged means that nobody stirred. */
  stirs(): number;
}

interface Sleeper {
  /** On the clock of elapsed time, which no correction moves. */
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

/**
 * A clock that stands still until it is told to move.
 * @param startAt wall and domain time at the start
 * @param maxSleepMs the longest sleep, as the real clock has one; with none, whoever forgets to wake sleeps for ever
 */
export function createFakeClock(
  startAt: EpochMs = Date.UTC(2026, 10, 3, 16),
  maxSleepMs: number = MAX_SLEEP_MS,
): FakeClock {
  let elapsedMs = 0;
  let wallAheadMs = 0;
  let domainAheadMs = 0;
  let stirCount = 0;
  const sleepers = new Set<Sleeper>();
  const now = () => startAt + elapsedMs + domainAheadMs;
  const wallNow = () => startAt + elapsedMs + wallAheadMs;

  return {
    now,
    latest: () => now() + 1,
    wallNow,
    systemNow: wallNow,
    monotonic: () => elapsedMs,
    toDomain: (realMs) => realMs,
    stepMs: () => wallAheadMs - domainAheadMs,
    corrections: () => 0,
    reanchor() {
      const byMs = wallAheadMs - domainAheadMs;
      domainAheadMs = wallAheadMs;
      return byMs;
    },
    async sleepUntil(until, maxRealMs, signal) {
      const ms = Math.min(Math.max(until - now(), 0), maxRealMs, maxSleepMs);
      stirCount++;
      // like a real timer of 0 ms: not before the event loop's next turn
      if (signal.aborted || ms === 0) return new Promise((resolve) => setImmediate(resolve));
      await new Promise<void>((resolve) => {
        const sleeper: Sleeper = {
          wakesAtMs: elapsedMs + ms,
          wake() {
            sleepers.delete(sleeper);
            signal.removeEventListener('abort', sleeper.wake);
            stirCount++;
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', sleeper.wake);
      });
    },
    advance(ms) {
      elapsedMs += ms;
      for (const sleeper of [...sleepers]) if (sleeper.wakesAtMs <= elapsedMs) sleeper.wake();
    },
    restarted() {
      domainAheadMs = wallAheadMs;
    },
    stepWall(ms) {
      wallAheadMs += ms;
    },
    nextWakeAt() {
      if (sleepers.size === 0) return null;
      return now() + Math.min(...[...sleepers].map(({ wakesAtMs }) => wakesAtMs)) - elapsedMs;
    },
    stirs: () => stirCount,
  };
}
