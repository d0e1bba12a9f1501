import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { createCalendar } from '../../../src/demo/calendar.ts';
import { timeInWords } from '../../../src/status/view/wording.ts';

const START = Date.UTC(2026, 10, 22, 17, 25, 5, 430);
const calendar = createCalendar(START);

describe('the days of the demo', () => {
  it('begin at eight in the morning of day 1, whatever the time really is', () => {
    expect(calendar.label(START)).toBe('day 1 08:00');
    expect(calendar.label(START + HOUR + 7 * MINUTE)).toBe('day 1 09:07');
    expect(calendar.label(START + 16 * HOUR)).toBe('day 2 00:00');
    expect(calendar.inWords(START + 2 * DAY)).toBe('on day 3 at 08:00');
  });

  it('count back before the first', () => {
    expect(calendar.label(START - DAY)).toBe('day 0 08:00');
  });

  it.each([
    [1, 9, 'day 1 09:00'],
    [2, 15.5, 'day 2 15:30'],
    [4, 0, 'day 4 00:00'],
  ])('know the instant of day %i, hour %d', (day, hour, label) => {
    expect(calendar.label(calendar.instant(day, hour))).toBe(label);
    expect(calendar.label(calendar.instant(day, hour) - 1)).not.toBe(label);
  });
});

describe('sentences of the service', () => {
  it('name days of the demo in place of dates', () => {
    const [sharedAt, lapseAt] = [START + HOUR, START + HOUR + DAY];
    const sentence = `Shared at ${timeInWords(sharedAt)}; shared again at ${timeInWords(lapseAt)} (in 24 h).`;
    expect(calendar.restate(sentence)).toBe(
      'Shared on day 1 at 09:00; shared again on day 2 at 09:00 (in 24 h).',
    );
    expect(calendar.restate(`Held since ${timeInWords(sharedAt)}.`)).toBe('Held since day 1 at 09:00.');
  });

  it('are told of the right minute although they leave the milliseconds out', () => {
    for (let ms = 0; ms < SECOND; ms += 90) {
      const { instant, restate } = createCalendar(START + ms);
      expect(restate(`at ${timeInWords(instant(1, 9))}`)).toBe('on day 1 at 09:00');
    }
  });
});
