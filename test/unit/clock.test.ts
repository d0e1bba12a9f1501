import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, createSystemClock } from '../../src/clock.ts';

const FOR_EVER = Number.POSITIVE_INFINITY;
const quiet = () => new AbortController().signal;

describe('a sleep', () => {
  /** The timers asked for, each of which fires at once. */
  const asked: (number | undefined)[] = [];

  beforeEach(() => {
    asked.length = 0;
    const { setTimeout: original } = globalThis;
    vi.spyOn(globalThis, 'setTimeout').mockImplementation((end, ms) => {
      asked.push(ms);
      return original(end, 0);
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  it.each([2 ** 31, 2 ** 53, FOR_EVER])(
    'until %d ms from now is cut to the next whole minute: a longer timer would fire at once',
    async (ms) => {
      const clock = createSystemClock();
      const toMinute = () => 60_000 - (clock.monotonic() % 60_000);
      const before = toMinute();
      await clock.sleepUntil(clock.now() + ms, FOR_EVER, quiet());
      const [length = 0, ...more] = asked;
      expect(more).toEqual([]);
      // both readings may lie around the end of a minute
      expect([Math.ceil(before), Math.ceil(toMinute())].some((end) => Math.abs(length - end) <= 1_000)).toBe(
        true,
      );
      expect(length).toBeLessThanOrEqual(60_000);
    },
  );

  it('is no longer than the caller allows, and none at all when its time has come', async () => {
    const clock = createSystemClock();
    await clock.sleepUntil(FOR_EVER, 15_000, quiet());
    await clock.sleepUntil(clock.now() - 1, FOR_EVER, quiet());
    expect(asked).toEqual([15_000]);
  });

  it('is as long in real time as the rate of the clock makes it', async () => {
    const clock = createSystemClock(3_600);
    await clock.sleepUntil(clock.now() + 36_000_000, FOR_EVER, quiet());
    expect(asked[0]).toBeGreaterThan(9_000);
    expect(asked[0]).toBeLessThanOrEqual(10_000);
  });

  it('leaves nothing on the signal when its time has come', async () => {
    const clock = createSystemClock();
    const signal = quiet();
    await clock.sleepUntil(FOR_EVER, 15_000, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

it('an abort ends a sleep at once, and its timer', async () => {
  const stop = vi.spyOn(globalThis, 'clearTimeout');
  const clock = createSystemClock();
  const wake = new AbortController();
  const sleep = clock.sleepUntil(FOR_EVER, 15_000, wake.signal);
  wake.abort('nudged');
  await sleep;
  expect(stop).toHaveBeenCalledOnce();
  stop.mockRestore();
});

describe('two processes on one machine', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('never start a window earlier than the end of the call, nor end it early, wherever in a millisecond they began', () => {
    const epoch = 1_790_000_000_000;
    let trueMs = 0;
    /** How long each of the next readings takes. */
    let delays: number[] = [];
    vi.spyOn(performance, 'now').mockImplementation(() => {
      trueMs += delays.shift() ?? 0;
      return trueMs;
    });
    vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(epoch + trueMs));
    const clocks = [0.001, 0.5, 0.999, 1.001, 2.25].flatMap((beganAt) =>
      [[], [0, 0.9], [2.3, 7.7, 0.4]].map((slow) => {
        trueMs = beganAt;
        delays = [...slow];
        return createSystemClock();
      }),
    );
    const isRight = (clock: Clock) => {
      const instant = epoch + trueMs;
      expect(clock.now()).toBeLessThanOrEqual(instant);
      expect(clock.latest()).toBeGreaterThanOrEqual(instant); // how the end of a call is dated
    };
    for (trueMs = 20; trueMs < 23; trueMs += 0.124) clocks.forEach(isRight);
    for (const clock of clocks) {
      delays = [0, 0, 3.3, 0.7];
      clock.reanchor();
      for (const until = trueMs + 3; trueMs < until; trueMs += 0.124) isRight(clock);
    }
  });
});
