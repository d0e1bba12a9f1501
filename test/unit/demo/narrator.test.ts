import { describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/decide/time.ts';
import { createCalendar } from '../../../src/demo/calendar.ts';
import { createNarrator, wrap } from '../../../src/demo/narrator.ts';

const START = Date.UTC(2026, 10, 22, 17, 25);
const LONG = 'The latest outbound message went over SMS, and a card can be shared over iMessage only, so no.';

function narrate({ columns = 80, isColoured = false } = {}) {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const narrator = createNarrator({ write, columns, isColoured, calendar: createCalendar(START) });
  return { narrator, lines: () => text.split('\n').slice(0, -1) };
}

describe('the story', () => {
  it('hangs under its hour and fits the width', () => {
    const { narrator, lines } = narrate();
    narrator.narrate(START, 'said', LONG);
    narrator.narrate(START + MINUTE, 'why', LONG);
    expect(lines()).toEqual([
      'day 1 08:00  The latest outbound message went over SMS, and a card can be shared',
      '             over iMessage only, so no.',
      'day 1 08:01  · The latest outbound message went over SMS, and a card can be',
      '               shared over iMessage only, so no.',
    ]);
  });

  it('names each minute once', () => {
    const { narrator, lines } = narrate();
    narrator.narrate(START, 'said', 'You write to Ada.');
    narrator.narrate(START + 1, 'shared', 'Ada gets your card.');
    expect(lines()).toEqual(['day 1 08:00  You write to Ada.', '             ✓ Ada gets your card.']);
  });

  it('has no escape sequence without colours, and loses no word with them', () => {
    const plain = narrate();
    const coloured = narrate({ isColoured: true });
    for (const { narrator } of [plain, coloured]) {
      narrator.narrate(START, 'trouble', LONG);
      narrator.verdict(false, LONG);
      narrator.verdict(true, LONG);
    }
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    expect(plain.lines().join('\n')).not.toMatch(escapes);
    expect(coloured.lines().join('\n')).toMatch(escapes);
    expect(coloured.lines().map((line) => line.replace(escapes, ''))).toEqual(plain.lines());
  });
});

describe('wrap', () => {
  it('breaks at spaces, and leaves a word whole that is longer than the width', () => {
    expect(wrap('a bb ccc', 4)).toEqual(['a bb', 'ccc']);
    expect(wrap('see http://127.0.0.1:8080/status there', 10)).toEqual([
      'see',
      'http://127.0.0.1:8080/status',
      'there',
    ]);
  });
});
