import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterStarts, pace, type Starts } from '../../../src/decide/pacing.ts';
import { SECOND } from '../../../src/decide/time.ts';
import { T } from '../../helpers/builders.ts';
import { holds } from './properties.ts';

/** Takes at each of these instants as much as may start, up to `greed`; returns every start. */
function drive(rate: number, instants: readonly number[], greed = Number.POSITIVE_INFINITY): number[] {
  let starts: Starts = [];
  const all: number[] = [];
  for (const at of instants) {
    const count = Math.min(pace(starts, rate, at).available, greed);
    starts = afterStarts(starts, count, rate, at);
    for (let index = 0; index < count; index++) all.push(at);
  }
  return all;
}

/** A caller that has always something to start and wakes when it is told to. */
function driveGreedily(rate: number, forMs: number): number[] {
  let starts: Starts = [];
  const all: number[] = [];
  for (let at = T; at < T + forMs; ) {
    const { available, nextAt } = pace(starts, rate, at);
    starts = afterStarts(starts, available, rate, at);
    for (let index = 0; index < available; index++) all.push(at);
    if (available === 0) expect(nextAt).toBeGreaterThan(at);
    at = available === 0 ? nextAt : at;
  }
  return all;
}

/** The most starts in any span of so many ms, its end excluded. */
function mostIn(spanMs: number, starts: readonly number[]): number {
  let from = 0;
  return starts.reduce((most, at, index) => {
    while ((starts[from] ?? at) <= at - spanMs) from++;
    return Math.max(most, index - from + 1);
  }, 0);
}

/** Whole rates, as people set them, and others. */
const rates = fc.oneof(
  fc.integer({ min: 1, max: 500 }),
  fc.double({ min: 0.05, max: 1, noNaN: true }),
  fc.double({ min: 1, max: 30, noNaN: true }),
);
/** So many starts may fall into a second; a slower line starts one in as many seconds as its rate says. */
const limitOf = (rate: number) => ({ most: Math.ceil(rate), spanMs: Math.max(SECOND, SECOND / rate) });

describe('pacing a line', () => {
  it('starts no more than the rate in any second, for a caller that takes whatever it gets', () => {
    const property = fc.property(rates, (rate) => {
      const { most, spanMs } = limitOf(rate);
      expect(mostIn(spanMs, driveGreedily(rate, 5 * spanMs))).toBeLessThanOrEqual(most);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('starts no more than the rate in any second, for a caller that comes when it likes', () => {
    const gaps = fc.array(fc.oneof(fc.nat(20), fc.nat(3_000)), { minLength: 1, maxLength: 200 });
    const property = fc.property(rates, gaps, fc.integer({ min: 1, max: 40 }), (rate, waits, greed) => {
      let at = T;
      const instants = waits.map((ms) => (at += ms));
      const { most, spanMs } = limitOf(rate);
      expect(mostIn(spanMs, drive(rate, instants, greed))).toBeLessThanOrEqual(most);
    });
    holds(property);
  });

  it('reaches at least nine tenths of the rate', () => {
    const property = fc.property(rates, (rate) => {
      const forMs = 30 * Math.max(SECOND, SECOND / rate);
      const started = driveGreedily(rate, forMs).length;
      expect(started).toBeGreaterThanOrEqual(Math.floor((0.9 * rate * forMs) / SECOND));
    });
    fc.assert(property, { numRuns: 60 });
  });

  it('says when to come again, and then has something to start', () => {
    const property = fc.property(rates, (rate) => {
      const starts = afterStarts([], pace([], rate, T).available, rate, T);
      const { available, nextAt } = pace(starts, rate, T);
      expect(available).toBe(0);
      expect(pace(starts, rate, nextAt - 1).available).toBe(0);
      expect(pace(starts, rate, nextAt).available).toBeGreaterThan(0);
    });
    holds(property);
  });

  it('spreads the starts over the second instead of making them all at its beginning', () => {
    const starts = driveGreedily(2, 5 * SECOND);
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(SECOND / 2);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(SECOND / 2 + 10);
  });

  it('remembers no more starts than it has to', () => {
    const property = fc.property(fc.integer({ min: 1, max: 100 }), (rate) => {
      let starts: Starts = [];
      for (let at = T; at < T + 3 * SECOND; at += 7) {
        starts = afterStarts(starts, pace(starts, rate, at).available, rate, at);
        expect(starts.length).toBeLessThanOrEqual(rate);
      }
    });
    fc.assert(property, { numRuns: 50 });
  });

  it('has no limit at rate 0, and remembers nothing', () => {
    expect(pace([], 0, T).available).toBe(Number.POSITIVE_INFINITY);
    expect(afterStarts([], 50, 0, T)).toEqual([]);
  });

  it('owes nothing to starts that lie in the future since the clock was set back', () => {
    expect(pace([T + 60 * SECOND], 1, T).available).toBe(1);
  });
});
