import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOptOutWord } from '../../../src/decide/text.ts';
import { holds } from './properties.ts';

const WORDS = [
  ...['STOP', 'STOPALL', 'STOP ALL', 'STOP-ALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE'],
  ...['OPTOUT', 'OPT OUT', 'OPT-OUT', 'OPT  OUT', 'OPT_OUT', 'opt\u2011out', 'opt\u00a0out'],
];

it.each([
  ...WORDS,
  ...['stop', ' Stop \n', 'Stop.', 'STOP!!', 'StopAll', 'Revoke', 'End?', 'quit...', '"Cancel"', '(stop)'],
  ...[
    '\u201cSTOP\u201d',
    '\u00abstop\u00bb',
    'stop\u2026',
    '\u00bfstop?',
    'STOP \u{1f64f}\u{1f3fd}',
    '\u2764\ufe0f stop',
    '\u200bSTOP\ufeff',
  ],
  ...['stop\u3002', '*STOP*', '- unsubscribe -', 'OptOut!'],
])('%j is an opt-out', (text) => expect(isOptOutWord(text)).toBe(true));

it.each([
  ...['', ' ', '!', 'please stop', 'STOP STOP', 'STOP 2', 'stopping', 'nonstop', 'STOPP', 'opt', 'START'],
  ...['the end', 'S T O P', 'S.T.O.P', "don't stop", 'stop it!', 'end.it', 'Stop. Call me.', 'opt in or out'],
])('%j is none', (text) => expect(isOptOutWord(text)).toBe(false));

describe('whatever stands around', () => {
  /** Neither letter nor digit: white space, punctuation, symbols, emoji and what joins them. */
  const beside = fc
    .string({ unit: 'binary', maxLength: 8 })
    .map((text) => text.replaceAll(/[\p{L}\p{N}]/gu, ''));
  const anyCase = (word: string) =>
    fc
      .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
      .map((ups) => [...word].map((c, i) => (ups[i] === true ? c.toUpperCase() : c.toLowerCase())).join(''));
  const word = fc.constantFrom(...WORDS).chain(anyCase);

  it('a word in any case is an opt-out as long as no letter or digit is beside it', () => {
    holds(fc.property(beside, word, beside, (before, text, after) => isOptOutWord(before + text + after)));
  });

  it('and none with one more letter or digit', () => {
    const more = fc.constantFrom('a', 'Z', '7', '\u00e9', '\u4e2d');
    holds(
      fc.property(beside, word, beside, more, fc.boolean(), (before, text, after, letter, isFirst) =>
        isFirst
          ? !isOptOutWord(letter + before + text + after)
          : !isOptOutWord(before + text + after + letter),
      ),
    );
  });

  it('takes no longer for a long text', () => {
    for (const long of ['!'.repeat(200_000), `stop${' '.repeat(200_000)}x`, `opt${'-'.repeat(200_000)}x`])
      expect(isOptOutWord(long)).toBe(false);
  });
});
