import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { historyFrom, lastDayFrom, shareHistory } from '../../../../src/store/plan/figures.ts';

/** Noon of a day, UTC. */
const NOON = Date.UTC(2026, 10, 29, 12);

describe('the figures of the last 24 h', () => {
  it('are those of 1,440 minutes, the current one being the last', () => {
    expect(lastDayFrom(NOON + 59_999)).toBe(NOON - DAY + MINUTE);
  });
});

describe('the history of shares', () => {
  it('has 48 hours and 30 days, without gaps, the current ones last', () => {
    const { hours, days } = shareHistory([], NOON + 1);
    expect([hours.length, days.length]).toEqual([48, 30]);
    expect(hours.at(-1)).toEqual({ startAt: NOON, succeeded: 0, failed: 0 });
    expect(days.at(-1)).toEqual({ startAt: NOON - 12 * HOUR, succeeded: 0, failed: 0 });
    expect(days[0]?.startAt).toBe(historyFrom(NOON + 1));
  });

  it('sums the hours of a day, up to its last one', () => {
    const startOfToday = NOON - 12 * HOUR;
    const known = [
      { startAt: NOON, succeeded: 1, failed: 2 },
      { startAt: startOfToday, succeeded: 4, failed: 0 },
      { startAt: startOfToday - HOUR, succeeded: 8, failed: 1 },
    ];
    const { hours, days } = shareHistory(known, NOON);
    expect(days.slice(-2)).toEqual([
      { startAt: startOfToday - DAY, succeeded: 8, failed: 1 },
      { startAt: startOfToday, succeeded: 5, failed: 2 },
    ]);
    expect(hours.filter(({ succeeded }) => succeeded > 0).map(({ startAt }) => startAt)).toEqual(
      known.map(({ startAt }) => startAt).reverse(),
    );
  });
});
