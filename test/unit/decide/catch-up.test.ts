import { describe, expect, it } from 'vitest';
import {
  afterClockShift,
  beginRun,
  type CatchUpState,
  completeRun,
  completeSweep,
  countFailure,
  isCatchUpFailing,
  NO_CATCH_UP,
  needsReading,
  nextRunAt,
  nextSweepAt,
  UNREAD,
  wasAway,
  wishFor,
} from '../../../src/decide/catch-up.ts';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import { T } from '../../helpers/builders.ts';

const IDLE = 7 * DAY;
/** A run that began at `T` and completed an hour later. */
const COMPLETED = completeRun(beginRun(wishFor(NO_CATCH_UP, 'away', T), IDLE, T), T + HOUR);
const begun = (state: CatchUpState, now: number, idle = IDLE) => {
  const { run } = beginRun(state, idle, now);
  if (run === null) throw new Error('no run');
  return run;
};

describe('being away', () => {
  it.each([
    [null, true],
    [T - 5 * MINUTE, false],
    [T - 5 * MINUTE - 1, true],
    [T, false],
    [T + 5 * MINUTE + 1, true],
  ])('since a heartbeat at %j', (heartbeatAt, isAway) => {
    expect(wasAway(heartbeatAt, T, 5 * MINUTE)).toBe(isAway);
  });
});

describe('a run', () => {
  it('reads at first what is younger than chats become idle, or everything', () => {
    expect(begun(NO_CATCH_UP, T)).toMatchObject({ startedAt: T, since: T - IDLE });
    expect(begun(NO_CATCH_UP, T, 0).since).toBeNull();
  });

  it('reads what changed since an hour before the last completed one began', () => {
    expect(begun(COMPLETED, T + 6 * HOUR)).toMatchObject({ startedAt: T + 6 * HOUR, since: T - HOUR });
  });

  it('does not believe a completed one of the future', () => {
    expect(begun(COMPLETED, T - 1).since).toBe(T - 1 - IDLE);
  });

  it('keeps its start and its beginning when it goes on after it was cut off', () => {
    const cut = beginRun(wishFor(COMPLETED, 'stale', T + 6 * HOUR), IDLE, T + 6 * HOUR);
    expect(begun(cut, T + 7 * HOUR)).toMatchObject({
      startedAt: T + 6 * HOUR,
      since: T - HOUR,
      reason: 'stale',
    });
  });

  it('covers a wish that came while it was cut off, without losing where it began', () => {
    const cut = beginRun(wishFor(COMPLETED, 'stale', T + 6 * HOUR), IDLE, T + 6 * HOUR);
    const back = wishFor(cut, 'away', T + 8 * HOUR);
    const run = begun(back, T + 8 * HOUR + 5);
    expect(run).toMatchObject({ startedAt: T + 8 * HOUR + 5, since: T - HOUR, reason: 'away' });
  });

  it('covers all wishes up to its start, and leaves later ones to the next', () => {
    const running = beginRun(wishFor(wishFor(COMPLETED, 'stale', T + 1), 'manual', T + 2), IDLE, T + 2);
    expect(running.run).toMatchObject({ startedAt: T + 2, reason: 'stale' });
    expect(completeRun(running, T + 9).wanted).toBeNull();
    expect(completeRun(wishFor(running, 'stale', T + 3), T + 9)).toMatchObject({
      run: null,
      wanted: { reason: 'stale', at: T + 3 },
      completed: { startedAt: T + 2, endedAt: T + 9 },
    });
  });
});

describe('a wish', () => {
  it('joins one that waits already', () => {
    const wanted = wishFor(wishFor(NO_CATCH_UP, 'away', T), 'manual', T + 5).wanted;
    expect(wanted).toEqual({ reason: 'away', at: T });
  });

  it('that comes during a run is kept, unless it only came because it was time', () => {
    const running = beginRun(NO_CATCH_UP, IDLE, T);
    expect(wishFor(running, 'stale', T + 5).wanted).toEqual({ reason: 'stale', at: T + 5 });
    expect(wishFor(running, 'periodic', T + 5)).toBe(running);
  });
});

describe('a chat', () => {
  const run = { startedAt: T, since: T - HOUR };
  it.each([
    ['changed since then', T - HOUR + 1, null, true],
    ['did not change since then', T - HOUR, null, false],
    ["doesn't tell when it changed", null, null, true],
    ['was read by this run, whatever it says', T + MINUTE, T, false],
    ['was read by this run and tells no time', null, T, false],
    ['was read by a run that was cut off, well after it changed', T - 10 * MINUTE, T - 4 * MINUTE, false],
    ['was read by a run that was cut off, too close to its change', T - 10 * MINUTE, T - 5 * MINUTE, true],
    ['was read by a run that was cut off and tells no time', null, T - 4 * MINUTE, true],
    ['couldn’t be read before', T - 9 * DAY, UNREAD, true],
  ])('that %s', (_what, updatedAt, readAt, isToRead) => {
    expect(needsReading(updatedAt, readAt, run)).toBe(isToRead);
  });

  it('is read whenever it changed, when a run reads everything', () => {
    expect(needsReading(0, null, { startedAt: T, since: null })).toBe(true);
    expect(needsReading(0, T + 1, { startedAt: T, since: null })).toBe(false);
  });
});

describe('the next run', () => {
  it('begins so long after the last completed one began, or after the start', () => {
    expect(nextRunAt(COMPLETED, T + 2 * HOUR, 6 * HOUR)).toBe(T + 6 * HOUR);
    expect(nextRunAt(NO_CATCH_UP, T + 2 * HOUR, 6 * HOUR)).toBe(T + 8 * HOUR);
  });
});

describe('the daily reading of active chats', () => {
  it('is due a day after the last one began; the first run stands for one', () => {
    expect(nextSweepAt(NO_CATCH_UP)).toBeNull();
    expect(nextSweepAt(COMPLETED)).toBe(T + DAY);
    expect(nextSweepAt({ ...COMPLETED, sweptAt: T + DAY })).toBe(T + 2 * DAY);
    const later = completeRun(beginRun(COMPLETED, IDLE, T + 6 * HOUR), T + 7 * HOUR);
    expect(nextSweepAt(later)).toBe(T + DAY);
  });

  it('goes on at once when it was cut off', () => {
    expect(nextSweepAt({ ...COMPLETED, sweep: { startedAt: T + DAY, after: 7 } })).toBe(T + DAY);
  });
});

describe('after a correction of the clock', () => {
  const shift = (state: CatchUpState, byMs: number, heartbeatAt: number, now: number) =>
    begun(afterClockShift(state, byMs, heartbeatAt, now), now).since;

  it('a run never begins later than by the right time', () => {
    const now = T + 6 * HOUR;
    expect(shift(COMPLETED, HOUR, now - HOUR, now)).toBe(T - HOUR); // we were behind
    expect(shift(COMPLETED, -2 * HOUR, now, now)).toBe(T - 3 * HOUR); // we were ahead, perhaps already then
    expect(shift(COMPLETED, 0, now + HOUR, now)).toBe(now - IDLE); // the process before was ahead, who knows since when
    expect(shift(COMPLETED, -9 * HOUR, T, T - HOUR)).toBe(T - HOUR - IDLE);
  });

  it('the run under way begins anew', () => {
    const running = beginRun(wishFor(COMPLETED, 'stale', T + 6 * HOUR), IDLE, T + 6 * HOUR);
    const state = afterClockShift(running, HOUR, T, T + 7 * HOUR);
    expect(state).toMatchObject({ run: null, wanted: { reason: 'stale', at: T + 7 * HOUR } });
    expect(afterClockShift(COMPLETED, HOUR, T, T + 7 * HOUR).wanted).toBeNull();
  });
});

describe('catching up that fails', () => {
  const failed = (state: CatchUpState, now: number) => countFailure(state, 'http_500', now);
  const isFailing = ({ failing }: CatchUpState) => isCatchUpFailing(failing);

  it('does so after three tries in a row, or two hours', () => {
    const once = failed(NO_CATCH_UP, T);
    expect([NO_CATCH_UP, once, failed(once, T + 2 * HOUR - 1)].map(isFailing)).toEqual([false, false, false]);
    expect(isFailing(failed(once, T + 2 * HOUR))).toBe(true);
    const thrice = failed(failed(once, T + MINUTE), T + 2 * MINUTE);
    expect(isFailing(thrice)).toBe(true);
    expect(thrice.failing).toEqual({ since: T, lastAt: T + 2 * MINUTE, tries: 3, cause: 'http_500' });
  });

  it('is over with a run or a daily reading that completed', () => {
    const failing = failed(failed(failed(beginRun(NO_CATCH_UP, IDLE, T), T), T), T);
    expect(completeRun(failing, T + HOUR).failing).toBeNull();
    expect(completeSweep(failing, T + HOUR)).toMatchObject({ failing: null, sweep: null, sweptAt: T + HOUR });
  });

  it('keeps its count when the clock is corrected, and never began in the future', () => {
    const failing = failed(failed(NO_CATCH_UP, T + DAY), T + DAY);
    expect(afterClockShift(failing, -DAY, T + DAY, T).failing).toMatchObject({ since: T, tries: 2 });
  });
});
