import fc from 'fast-check';
import type { Policy } from '../../../src/decide/policy.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { LINE, OTHER_LINE, policyOf } from '../builders.ts';
import { ANSWERS, type AnswerName } from './answers.ts';

export const CHATS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
export const LINES = [LINE, OTHER_LINE] as const;
/** Each chat is on one of the lines; the last one is a group. */
export const lineOf = (chatId: string): string => (chatId < 'e' ? LINE : OTHER_LINE);
export const isGroup = (chatId: string): boolean => chatId === 'g';

/** Where the process dies: before or after a call reached Linq, before or after a turn was committed. */
export type CrashPoint = 'at once' | 'call not sent' | 'answer lost' | 'turn not kept' | 'turn kept';
export type CardMode = 'active' | 'inactive' | 'missing' | 'failing';
export type LookUpMode = 'told' | 'untold' | 'gone' | 'failing';

/** Something that happens; `agoMs` before we hear of it, or ahead of us by a sender's clock. */
export type Step =
  | { do: 'send'; chat: string; agoMs: number; service: string | null; isLineTold: boolean }
  /** One inbound message, or one that opts out and another one in the same millisecond. */
  | { do: 'hear'; chat: string; agoMs: number; isOptOut: readonly boolean[] }
  | { do: 'health'; chat: string; agoMs: number; status: string }
  | { do: 'leave' | 'join'; chat: string; agoMs: number }
  | { do: 'again'; picks: readonly number[] }
  | { do: 'hold' | 'release' | 'ask'; chat: string }
  | { do: 'answer'; as: AnswerName; times: number }
  | { do: 'wait' | 'sleep' | 'step'; ms: number }
  | { do: 'crash'; point: CrashPoint }
  | { do: 'restart'; policy: Partial<Policy>; isCrash: boolean }
  | { do: 'back up' | 'restore' }
  | { do: 'pause' | 'resume' }
  | { do: 'line'; line: string; status: string | null; reputation: string | null; agoMs: number }
  | { do: 'release line'; line: string }
  | { do: 'card'; mode: CardMode }
  | { do: 'look up'; mode: LookUpMode };

const chat = fc.constantFrom(...CHATS);
const line = fc.constantFrom(...LINES);
const agoMs = fc.constantFrom(0, 0, 1, -2 * SECOND, SECOND, HOUR, DAY, 2 * DAY, 8 * DAY);
const service = fc.constantFrom('iMessage', 'iMessage', 'iMessage', 'IMESSAGE', 'SMS', 'RCS', null);
const status = fc.constantFrom('HEALTHY', 'HEALTHY', 'AT_RISK', 'CRITICAL', 'OPTED_OUT', 'STRANGE');
const waits = fc.constantFrom(1, SECOND, MINUTE, HOUR, DAY - 1, DAY, DAY + 1, 3 * DAY, 8 * DAY, 40 * DAY);
/** None within the half a minute that clocks may disagree: by so much a restart can be early. */
const jumps = fc.constantFrom(-2 * HOUR, -40 * SECOND, 26 * HOUR);
const answerNames = Object.keys(ANSWERS) as AnswerName[];
const points = ['at once', 'call not sent', 'answer lost', 'turn not kept', 'turn kept'] as const;

const one = <D extends Step['do']>(...names: D[]) => fc.constantFrom(...names);
const often = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });

const mostly = <A>(usual: A, other: fc.Arbitrary<A>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const policies: fc.Arbitrary<Policy> = fc
  .record({
    windowMs: mostly<number>(DAY, fc.constantFrom(HOUR, 36 * HOUR)),
    reshare: mostly<Policy['reshare']>('daily', fc.constantFrom('active', 'once')),
    idleAfterMs: fc.constantFrom(0, 0, 7 * DAY, 12 * HOUR),
    maxSharesPerChat: mostly(0, fc.constantFrom(1, 2)),
    requireInbound: mostly(false, fc.constant(true)),
    shareGroups: fc.boolean(),
    holdAtRisk: fc.boolean(),
    lines: mostly<Policy['lines']>(null, fc.constant(new Set([LINE]))),
    dryRun: fc.oneof(
      { weight: 9, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
  })
  .map(policyOf);

export const steps: fc.Arbitrary<Step> = fc.oneof(
  often(12, fc.record({ do: one('send'), chat, agoMs, service, isLineTold: mostly(true, fc.boolean()) })),
  often(
    5,
    fc.record({ do: one('hear'), chat, agoMs, isOptOut: fc.constantFrom([true], [false], [true, false]) }),
  ),
  often(3, fc.record({ do: one('health'), chat, agoMs, status })),
  often(2, fc.record({ do: one('leave', 'join'), chat, agoMs })),
  often(3, fc.record({ do: one('again'), picks: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }) })),
  often(4, fc.record({ do: one('hold', 'release', 'ask'), chat })),
  often(
    10,
    fc.record({
      do: one('answer'),
      as: fc.constantFrom('shared', ...answerNames),
      times: fc.constantFrom(1, 2, 6, 99),
    }),
  ),
  often(12, fc.record({ do: one('wait', 'wait', 'sleep'), ms: waits })),
  often(1, fc.record({ do: one('step'), ms: jumps })),
  often(4, fc.record({ do: one('crash'), point: fc.constantFrom(...points) })),
  often(
    2,
    fc.record({ do: one('restart'), policy: fc.oneof(fc.constant({}), policies), isCrash: fc.boolean() }),
  ),
  often(2, fc.record({ do: one('back up', 'restore') })),
  often(1, fc.record({ do: one('pause', 'resume', 'resume') })),
  often(
    2,
    fc.record({
      do: one('line'),
      line,
      agoMs,
      status: fc.constantFrom('FLAGGED', 'ACTIVE', 'ACTIVE', null),
      reputation: fc.constantFrom(null, null, 'CRITICAL', 'HEALTHY'),
    }),
  ),
  often(1, fc.record({ do: one('release line'), line })),
  often(
    2,
    fc.record({
      do: one('card'),
      mode: fc.constantFrom('active', 'active', 'inactive', 'missing', 'failing'),
    }),
  ),
  often(
    1,
    fc.record({ do: one('look up'), mode: fc.constantFrom('told', 'told', 'untold', 'gone', 'failing') }),
  ),
);

export const settings = fc.record({
  concurrency: fc.constantFrom(1, 3, 16),
  ratePerLine: fc.constantFrom(0, 2),
  /** Jitter of backoffs. */
  jitter: fc.constantFrom(0, 0.5, 0.999),
  policy: policies,
  attemptRetentionMs: fc.constantFrom(0, 2 * DAY),
});
