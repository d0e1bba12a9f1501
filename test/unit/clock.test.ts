import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';

// what imports it by name sees the stand-in as well, whenever it was loaded
const delay = vi.fn(async (_ms?: number): Promise<unknown> => undefined);
const original = timers.setTimeout;
Object.assign(timers, { setTimeout: delay });
syncBuiltinESMExports();
afterAll(() => {
  Object.assign(timers, { setTimeout: original });
  syncBuiltinESMExports();
});

const FOR_EVER = Number.POSITIVE_INFINITY;
const quiet = () => new AbortController().signal;

describe('a sleep', () => {
  beforeEach(() => void delay.mockClear());

  it.each([2 ** 31, 2 ** 53, FOR_EVER])(
    'until %d ms from now is cut to the next whole minute: a longer timer would fire at once',
    async (ms) => {
      const clock = createSystemClock();
      const toMinute = () => 60_000 - (clock.monotonic() % 60_000);
      const before = toMinute();
      await clock.sleepUntil(clock.now() + ms, FOR_EVER, quiet());
      const [[asked = 0] = [], ...more] = delay.mock.calls;
      expect(more).toEqual([]);
      // both readings may lie around the end of a minute
      expect([Math.ceil(before), Math.ceil(toMinute())].some((end) => Math.abs(asked - end) <= 1_000)).toBe(
        true,
      );
      expect(asked).toBeLessThanOrEqual(60_000);
    },
  );

  it('is no longer than the caller allows, and none at all when its time has come', async () => {
    const clock = createSystemClock();
    await clock.sleepUntil(FOR_EVER, 15_000, quiet());
    await clock.sleepUntil(clock.now() - 1, FOR_EVER, quiet());
    expect(delay.mock.calls.map(([asked]) => asked)).toEqual([15_000]);
  });

  it('is as long in real time as the rate of the clock makes it', async () => {
    const clock = createSystemClock(3_600);
    await clock.sleepUntil(clock.now() + 36_000_000, FOR_EVER, quiet());
    const [[asked] = [0]] = delay.mock.calls;
    expect(asked).toBeGreaterThan(9_000);
    expect(asked).toBeLessThanOrEqual(10_000);
  });
});
