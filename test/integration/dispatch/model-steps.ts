import fc from 'fast-check';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, LINE, OTHER_LINE, silenceOf } from '../../helpers/builders.ts';

export const CHATS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
export const LINES = [LINE, OTHER_LINE] as const;
/** Each chat is on one of the lines. */
export const lineOf = (chatId: string): string => (chatId < 'e' ? LINE : OTHER_LINE);

/** What Linq says to a share; `never`: nothing, while the process lives. */
export const ANSWERS = {
  shared: answerOf(),
  failing: answerOf(500, 3006),
  silent: silenceOf(),
  never: 'never',
  limited: answerOf(429, 1007, { retryAfterMs: 10 * MINUTE }),
  keyless: answerOf(401, 2004),
  disabled: answerOf(403, 2011),
  gone: answerOf(404, 2001),
  refused: answerOf(400, 1005),
  optedOut: answerOf(403, 2024),
  blocked: answerOf(403, 2026),
  paused: answerOf(403, 2027),
  cardless: answerOf(404, 2012),
} as const satisfies Record<string, LinqAnswer | 'never'>;
type AnswerName = keyof typeof ANSWERS;
const answers = Object.keys(ANSWERS) as AnswerName[];

/** Something that happens; `agoMs` before we hear of it. */
export type Step =
  | { do: 'send'; chat: string; agoMs: number; service: string | null }
  | { do: 'hear'; chat: string; agoMs: number; isOptOut: boolean }
  | { do: 'leave' | 'join'; chat: string; agoMs: number }
  | { do: 'hold' | 'release' | 'ask'; chat: string }
  | { do: 'answer'; as: AnswerName }
  | { do: 'wait' | 'step'; ms: number }
  | { do: 'crash' | 'restart' | 'pause' | 'resume' }
  | { do: 'flag' | 'free'; line: string }
  | { do: 'card'; isActive: boolean };

const chat = fc.constantFrom(...CHATS);
const line = fc.constantFrom(...LINES);
const agoMs = fc.constantFrom(0, 0, 1, SECOND, HOUR, 2 * DAY);
const service = fc.constantFrom('iMessage', 'iMessage', 'iMessage', 'SMS', null);
const waits = fc.constantFrom(1, SECOND, MINUTE, HOUR, DAY - 1, DAY, 3 * DAY);
// none within the half a minute that clocks may disagree: by so much a restart can be early
const jumps = fc.constantFrom(-2 * HOUR, -40 * SECOND, 26 * HOUR);

const one = <D extends Step['do']>(...names: D[]) => fc.constantFrom(...names);
const often = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });

export const steps: fc.Arbitrary<Step> = fc.oneof(
  often(6, fc.record({ do: one('send'), chat, agoMs, service })),
  often(3, fc.record({ do: one('hear'), chat, agoMs, isOptOut: fc.boolean() })),
  often(1, fc.record({ do: one('leave', 'join'), chat, agoMs })),
  often(2, fc.record({ do: one('hold', 'release', 'ask'), chat })),
  often(6, fc.record({ do: one('answer'), as: fc.constantFrom('shared', 'shared', ...answers) })),
  often(6, fc.record({ do: one('wait'), ms: waits })),
  often(1, fc.record({ do: one('step'), ms: jumps })),
  often(1, fc.record({ do: one('crash', 'restart', 'pause', 'resume') })),
  often(1, fc.record({ do: one('flag', 'free'), line })),
  often(1, fc.record({ do: one('card'), isActive: fc.boolean() })),
);

export const settings = fc.record({
  concurrency: fc.constantFrom(1, 3, 16),
  ratePerLine: fc.constantFrom(0, 2),
  shareGroups: fc.boolean(),
});
