import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../../src/decide/time.ts';
import { html } from '../../../../src/status/page/html.ts';
import { ordinal } from '../../../../src/status/page/page-words.ts';
import {
  button,
  counted,
  distance,
  lasting,
  number,
  pastIso,
  when,
  withCode,
  withTimes,
} from '../../../../src/status/page/parts.ts';
import { timeInWords } from '../../../../src/status/view/wording.ts';
import { T } from '../../../helpers/builders.ts';
import { BARRED } from '../view/explanation-cases.ts';
import { SHARED } from '../view/explanation-cases-timed.ts';

describe('distance', () => {
  it.each([
    [0, 'just now'],
    [-59 * SECOND, 'just now'],
    [-MINUTE, '1\u00a0min ago'],
    [-HOUR, '1\u00a0h ago'],
    [-47 * HOUR, '47\u00a0h ago'],
    [-2 * DAY, '2\u00a0d ago'],
    [SECOND, 'in under 1\u00a0min'],
    [59 * MINUTE, 'in 59\u00a0min'],
    [30 * DAY, 'in 30\u00a0d'],
  ])('of %i ms is "%s"', (ms, words) => {
    expect(distance(T + ms, T)).toBe(words);
  });
});

describe('times', () => {
  it('are told to machines as well, and exactly to who points at them', () => {
    expect(when(T - HOUR, T).toString()).toBe(
      '<time datetime="2026-11-03T15:00:00.000Z" title="2026-11-03 15:00:00 UTC">1\u00a0h ago<span class="hidden">, 2026-11-03 15:00:00 UTC</span></time>',
    );
  });

  it('of the past are never ahead, even if another clock says so', () => {
    expect(String(pastIso(new Date(T + 5 * MINUTE).toISOString(), T, ''))).toContain('>just now<');
    expect(pastIso(null, T, 'never')).toBe('never');
  });

  it('are as far away in a sentence, which gives whole seconds, as beside it', () => {
    const [at, now] = [T - 14 * MINUTE + 600, T];
    expect(String(withTimes(`Shared at ${timeInWords(at)}.`, now))).toContain('>14\u00a0min ago<');
    expect(String(when(at, now))).toContain('>14\u00a0min ago<');
    expect(String(withTimes(`Held since ${timeInWords(at)}.`, now))).toContain('>for 14\u00a0min<');
    expect(String(lasting(new Date(at).toISOString(), now))).toContain('>for 14\u00a0min<');
  });
});

describe('a sentence with times', () => {
  it.each([
    ['Shared at 2026-11-03 15:00:00 UTC.', 'Shared 1\u00a0h ago.'],
    ['It ends, at 2026-11-04 16:00:00 UTC (in 24 h).', 'It ends, in 24\u00a0h.'],
    [
      'Held by an operator since 2026-11-03 15:55:00 UTC. Release',
      'Held by an operator for 5\u00a0min. Release',
    ],
    ['Held by an operator since 2026-11-03 16:00:00 UTC.', 'Held by an operator just now.'],
    ['gone (as of 2026-11-01 16:00:00 UTC). So', 'gone (as of 2\u00a0d ago). So'],
    [
      'Run `contact-card-reactor setup`. Next try: 2026-11-03 16:00:30 UTC (in 30 s).',
      'Run contact-card-reactor setup. Next try: in under 1\u00a0min.',
    ],
    ['Nothing <yet>', 'Nothing <yet>'],
  ])('tells them from now: %s', (text, expected) => {
    const markup = html`${withTimes(text, T)}`.toString();
    const read = markup.replace(/<span class="hidden">.*?<\/span>/g, '').replace(/<[^>]+>/g, '');
    expect(read.replace('npx ', '').replace('&lt;', '<').replace('&gt;', '>')).toBe(expected);
  });

  it('loses none in any explanation of a chat', () => {
    for (const { says } of [...BARRED, ...SHARED]) {
      const shown = html`${withTimes(says, T)}`.toString().replace(/<[^>]*title="[^>]*>/g, '');
      expect(shown.replace(/<span class="hidden">.*?<\/span>/g, '')).not.toContain('UTC');
    }
  });
});

describe('numbers', () => {
  it('have thousands set apart, and a word in the right number', () => {
    expect([
      [1, 2, 3, 4, 11, 12, 21, 113].map(ordinal).join(' '),
      number(1234567),
      counted(1, 'chat'),
      counted(0, 'chat'),
      counted(2, 'delivery', 'deliveries'),
    ]).toEqual(['1st 2nd 3rd 4th 11th 12th 21st 113th', '1,234,567', '1 chat', '0 chats', '2 deliveries']);
  });
});

describe('parts', () => {
  it('set what stands between backticks as code, escaped as all else', () => {
    expect(html`${withCode('use `setup <x>` now')}`.toString()).toBe('use <code>setup &lt;x&gt;</code> now');
  });

  it('name a command as it is typed here, or the button that does the same', () => {
    const text = 'Wait, or use `contact-card-reactor line release +1`.';
    expect(html`${withCode(text)}`.toString()).toMatch(
      /use <code>(npx )?contact-card-reactor line release \+1<\/code>\.$/,
    );
    const button = { command: 'line release', text: 'End hold' };
    expect(html`${withCode(text, button)}`.toString()).toBe('Wait, or use <strong>End hold</strong>.');
  });

  it('make a button that works without script, and says what it is about', () => {
    expect(button('/a', 'End', { about: 'of it' }).toString()).toBe(
      '<form method="post" action="/a"><button class="button button-plain">End<span class="hidden"> of it</span></button></form>',
    );
  });
});
