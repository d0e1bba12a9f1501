import { describe, expect, it } from 'vitest';
import { createStalenessTracker, isClockSuspect } from '../../../src/webhook/verify.ts';

const MINUTE = 60_000;
/** [delivery, skew in s, at in min] */
const trackerOf = (...noted: [string, number, number][]) => {
  const tracker = createStalenessTracker();
  for (const [delivery, skewSeconds, minute] of noted)
    tracker.note(delivery, skewSeconds * 1000, minute * MINUTE);
  return tracker;
};

describe('deliveries are stale in one direction', () => {
  it('when three different ones were within five minutes, the fifth included', () => {
    expect(trackerOf(['a', 400, 0], ['b', 500, 2], ['c', 9999, 5]).isOneSided(5 * MINUTE)).toBe(true);
    expect(trackerOf(['a', -400, 0], ['b', -500, 2], ['c', -9999, 5]).isOneSided(5 * MINUTE)).toBe(true);
  });

  it('not any more once the first of the three is older', () => {
    expect(trackerOf(['a', 400, 0], ['b', 500, 2], ['c', 600, 5]).isOneSided(5 * MINUTE + 1)).toBe(false);
  });

  it('not when it was one delivery three times: a replay', () => {
    expect(trackerOf(['a', 400, 0], ['a', 401, 0], ['a', 402, 0], ['b', 402, 0]).isOneSided(0)).toBe(false);
  });

  it('not when one of them points the other way', () => {
    const tracker = trackerOf(['a', 400, 0], ['b', 500, 0], ['c', -400, 0], ['d', 400, 1]);
    expect(tracker.isOneSided(1 * MINUTE)).toBe(false);
    tracker.note('e', 400_000, 5 * MINUTE);
    tracker.note('f', 400_000, 5 * MINUTE);
    expect(tracker.isOneSided(5 * MINUTE + 1)).toBe(true);
  });

  it('not after two, nor before any', () => {
    expect(trackerOf().isOneSided(0)).toBe(false);
    expect(trackerOf(['a', 400, 0], ['b', 400, 0]).isOneSided(0)).toBe(false);
  });
});

describe('our clock is suspect', () => {
  it.each([
    [true, 60_001, true],
    [true, -60_001, true],
    [true, 60_000, false],
    [true, null, false],
    [false, 3_600_000, false],
  ])('stale in one direction: %s, Linq says we are %s ms off: %s', (isOneSided, offMs, expected) => {
    expect(isClockSuspect(isOneSided, offMs)).toBe(expected);
  });
});
