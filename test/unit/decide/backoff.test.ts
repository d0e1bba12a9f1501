import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, doublingMs } from '../../../src/decide/pacing.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { holds } from './properties.ts';

const failures = fc.integer({ min: 1, max: 1e6 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const retryAfter = fc.option(fc.integer({ min: 1, max: 24 * HOUR }));

describe('backoffMs', () => {
  it('waits 1 s after the first failure and doubles up to 15 min', () => {
    const waits = [1, 2, 3, 4, 9, 10, 11, 12, 1_000, Number.MAX_SAFE_INTEGER].map((n) =>
      backoffMs(n, null, 0),
    );
    expect(waits).toEqual([
      SECOND,
      2 * SECOND,
      4 * SECOND,
      8 * SECOND,
      256 * SECOND,
      512 * SECOND,
      15 * MINUTE,
      15 * MINUTE,
      15 * MINUTE,
      15 * MINUTE,
    ]);
  });

  it('adds at most half of the wait in jitter', () => {
    expect(backoffMs(1, null, 0.5)).toBe(1_250);
    expect(backoffMs(1, null, 1 - Number.EPSILON)).toBe(1_499);
  });

  it('never waits shorter than Linq asks, even past the cap', () => {
    expect(backoffMs(1, 45 * SECOND, 0)).toBe(45 * SECOND);
    expect(backoffMs(20, 24 * HOUR, 0)).toBe(24 * HOUR);
    expect(backoffMs(5, 1, 0)).toBe(16 * SECOND);
    holds(
      fc.property(failures, retryAfter, random, (n, askedMs, r) => {
        const waitMs = backoffMs(n, askedMs, r);
        expect(waitMs).toBeGreaterThanOrEqual(askedMs ?? 0);
        expect(waitMs).toBeGreaterThanOrEqual(backoffMs(n, null, 0));
        expect(waitMs).toBeLessThan(Math.max(askedMs ?? 0, 15 * MINUTE) + 7.5 * MINUTE);
      }),
    );
  });

  it('never shrinks with another failure, and is whole milliseconds', () => {
    holds(
      fc.property(failures, retryAfter, random, (n, askedMs, r) => {
        expect(backoffMs(n + 1, askedMs, r)).toBeGreaterThanOrEqual(backoffMs(n, askedMs, r));
        expect(Number.isSafeInteger(backoffMs(n, askedMs, r))).toBe(true);
      }),
    );
  });

  it('takes a count of none for the first', () => {
    expect(backoffMs(0, null, 0)).toBe(SECOND);
  });
});

describe('doublingMs', () => {
  it('starts with the first wait and doubles up to the last', () => {
    expect([0, 1, 2, 3, 4, 5_000].map((step) => doublingMs(step, 5 * SECOND, MINUTE / 2))).toEqual([
      5_000, 10_000, 20_000, 30_000, 30_000, 30_000,
    ]);
  });
});
