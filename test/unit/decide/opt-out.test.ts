import { expect, it } from 'vitest';
import { isOptOutWord } from '../../../src/decide/opt-out.ts';

it.each([
  'STOP',
  'stop',
  ' Stop \n',
  'UNSUBSCRIBE',
  'CANCEL',
  'END',
  'QUIT',
  'OPTOUT',
  'OPT OUT',
  'opt-out',
  'Opt Out',
])('%j is an opt-out', (text) => expect(isOptOutWord(text)).toBe(true));

it.each([
  '',
  ' ',
  'please stop',
  'STOP.',
  'STOP!',
  'STOP STOP',
  'stopping',
  'OPT  OUT',
  'OPT_OUT',
  'opt',
  'START',
  'the end',
  'S T O P',
])('%j is none', (text) => expect(isOptOutWord(text)).toBe(false));
