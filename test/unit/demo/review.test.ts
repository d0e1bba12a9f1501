import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import { createCalendar } from '../../../src/demo/calendar.ts';
import { type Course, pausesOf, reviewChat, reviewPauses } from '../../../src/demo/review.ts';

const START = Date.UTC(2026, 10, 22, 17);
const calendar = createCalendar(START);
const AT_NINE = calendar.instant(1, 9);
const END = calendar.instant(4, 0);

const share = (arrivedAt: number, effect: Course['calls'][number]['effect'] = 'prompt') => ({
  arrivedAt,
  status: 204,
  effect,
});
const refusal = (arrivedAt: number, status: number) => ({ arrivedAt, status, effect: 'refused' as const });
const open = (from = AT_NINE, until: number | null = null, owedAt = from) => ({ from, until, owedAt });
const daily = [share(AT_NINE + MINUTE), share(AT_NINE + DAY + HOUR), share(AT_NINE + 2 * DAY + HOUR)];

/** By default a chat that is open from nine o'clock on and gets its card daily. */
function review(course: Partial<Course>): string[] {
  const calls = course.calls ?? daily;
  const shareCount = calls.filter(({ status }) => status === 204).length;
  return reviewChat(
    { name: 'Ada', openings: [open()], shareCount, ...course, calls },
    { endAt: END, allowanceMs: 2 * HOUR, calendar },
  );
}

describe('the review of a chat', () => {
  it('finds nothing when the card comes at once and at each lapse', () => {
    expect(review({})).toEqual([]);
    expect(review({ openings: [], calls: [] })).toEqual([]);
  });

  it('finds a second share within 24 hours, and none at exactly 24 hours', () => {
    const calls = (gapMs: number) => [0, 1, 2].map((count) => share(AT_NINE + count * gapMs));
    expect(review({ calls: calls(DAY - 1) })).toContain(
      'Ada was asked twice within 24 hours, on day 2 at 08:59.',
    );
    expect(review({ calls: calls(DAY) })).toEqual([]);
  });

  it.each([
    ['never comes', []],
    [
      'comes too late',
      [share(AT_NINE + 3 * HOUR), share(AT_NINE + DAY + 3 * HOUR), share(AT_NINE + 2 * DAY + 3 * HOUR)],
    ],
  ])('finds a first card that %s', (_what, calls) => {
    expect(review({ calls })).toEqual(['Ada should have got the card on day 1 at 09:00, but didn’t.']);
  });

  it('finds a lapse without a card', () => {
    expect(review({ calls: daily.filter((_, index) => index !== 1) })).toEqual([
      'Ada should have got the card on day 2 at 09:01, but didn’t.',
    ]);
  });

  it('asks for no card whose time is hardly over at the end', () => {
    const openings = [open(END - HOUR)];
    expect(review({ openings, calls: [] })).toEqual([]);
  });

  it('finds any call to a chat that is to be left alone, before, after and between its openings', () => {
    expect(review({ openings: [], calls: [refusal(AT_NINE, 403)] })).toEqual([
      'Ada should have been left alone, but was tried on day 1 at 09:00.',
    ]);
    expect(review({ openings: [open(AT_NINE, AT_NINE + 12 * HOUR)] })).toHaveLength(2);
  });

  it('asks for no card at a lapse that comes after the chat was closed', () => {
    expect(review({ openings: [open(AT_NINE, AT_NINE + 12 * HOUR)], calls: daily.slice(0, 1) })).toEqual([]);
  });

  it('waits for the lapse when a chat is opened again inside its window, and not longer', () => {
    const openings = [open(AT_NINE, AT_NINE + HOUR), open(AT_NINE + 2 * HOUR)];
    expect(review({ openings })).toEqual([]);
    expect(review({ openings, calls: daily.slice(0, 1) })).toEqual([
      'Ada should have got the card on day 2 at 09:01, but didn’t.',
    ]);
  });

  it('allows refused attempts until Linq takes the call', () => {
    const owedAt = AT_NINE + 3 * HOUR;
    const later = daily.map((call) => ({ ...call, arrivedAt: call.arrivedAt + 3 * HOUR }));
    const calls = [refusal(AT_NINE, 500), refusal(AT_NINE + HOUR, 500), ...later];
    expect(review({ openings: [open(AT_NINE, null, owedAt)], calls })).toEqual([]);
  });

  it('finds a call that Linq took to no effect, and counts that disagree', () => {
    expect(review({ calls: daily.map((call) => ({ ...call, effect: 'not_imessage' as const })) })[0]).toBe(
      'Ada was shared on day 1 at 09:01 to no effect (not_imessage).',
    );
    expect(review({ shareCount: 2 })).toEqual(['Ada has 3 shares by Linq’s count and 2 by the service’s.']);
  });
});

describe('the review of pauses', () => {
  const pauses = pausesOf([refusal(AT_NINE, 429), share(AT_NINE + 5 * HOUR)], 2 * HOUR);

  it('finds a call of any chat before the pause is over', () => {
    const calls = [refusal(AT_NINE, 429), share(AT_NINE + 2 * HOUR - 1)];
    expect(reviewPauses(calls, pauses, calendar)).toEqual([
      'Linq was called during the pause that it asked for on day 1 at 09:00.',
    ]);
  });

  it('finds nothing when the next call comes as the pause ends', () => {
    expect(reviewPauses([refusal(AT_NINE, 429), share(AT_NINE + 2 * HOUR)], pauses, calendar)).toEqual([]);
  });
});
