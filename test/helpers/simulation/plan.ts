import type { Policy } from '../../../src/decide/policy.ts';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import { T } from '../builders.ts';
import { ANSWERS, type AnswerName } from '../model/answers.ts';
import type { CardMode, CrashPoint } from '../model/steps.ts';
import { type Arrival, LINES, writeChat, writeLine } from './messages.ts';
import type { Dice } from './random.ts';

/** Something that happens at a certain time, beside deliveries. */
export type Incident =
  | { do: 'weather'; usual: AnswerName; card: CardMode }
  | { do: 'odd answer'; as: AnswerName }
  | { do: 'crash'; point: CrashPoint }
  | { do: 'outage'; isCrash: boolean; downMs: number; policy: Partial<Policy> }
  | { do: 'step'; ms: number }
  | { do: 'hold' | 'release' | 'ask'; index: number }
  | { do: 'pause' | 'resume' };
export type Happening = Arrival | (Incident & { readonly at: number });

export interface Plan {
  readonly policy: Partial<Policy>;
  readonly happenings: readonly Happening[];
}

const OTHER_SETTINGS: readonly Partial<Policy>[] = [
  { reshare: 'active' },
  { windowMs: 12 * HOUR },
  { windowMs: 36 * HOUR },
  { requireInbound: true },
  { maxSharesPerChat: 3 },
  { shareGroups: false, holdAtRisk: true },
  { lines: new Set([LINES[0], LINES[1]]) },
  { idleAfterMs: 2 * DAY },
];
const USUAL: Partial<Policy> = {
  reshare: 'daily',
  windowMs: DAY,
  requireInbound: false,
  maxSharesPerChat: 0,
  shareGroups: true,
  holdAtRisk: false,
  lines: null,
  idleAfterMs: 7 * DAY,
};
const ODD = Object.keys(ANSWERS) as AnswerName[];
const POINTS: readonly [CrashPoint, ...CrashPoint[]] = [
  'at once',
  'call not sent',
  'answer lost',
  'turn not kept',
  'turn kept',
];

/** All that happens to an account in so many days: everything follows from the dice. */
export function createPlan(dice: Dice, chats: number, days: number, isStepped: boolean): Plan {
  const { between, chance, pick } = dice;
  const endAt = T + days * DAY;
  const some = (count: number, incident: () => Incident, lastAt = endAt): Happening[] =>
    Array.from({ length: count }, () => ({ at: between(T, lastAt), ...incident() }));
  const spell = (begin: Incident, end: Incident, ms: number): Happening[] => {
    const at = between(T, endAt - ms);
    return [
      { at, ...begin },
      { at: at + ms, ...end },
    ];
  };
  const calm = { do: 'weather', usual: 'shared', card: 'active' } as const;
  const storm = (): Happening[] => {
    const usual = pick<AnswerName>(
      'failing',
      'silent',
      'gateway',
      'limited',
      'overloaded',
      'keyless',
      'reset',
    );
    const card = chance(0.7) ? 'failing' : 'active';
    return spell({ do: 'weather', usual, card }, calm, between(10 * MINUTE, 4 * HOUR));
  };
  const settings = (): Partial<Policy> => ({ ...USUAL, ...(chance(0.5) ? pick({}, ...OTHER_SETTINGS) : {}) });
  const line = pick(...LINES);
  const flaggedAt = between(T, endAt - DAY);
  const stepMs = pick(-2 * HOUR, 26 * HOUR, -40 * MINUTE);
  const happenings: Happening[] = [
    ...Array.from({ length: chats }, (_, index) => writeChat(dice, index, endAt)).flat(),
    ...storm(),
    ...storm(),
    ...spell(
      { do: 'weather', usual: 'shared', card: pick('inactive', 'missing') },
      calm,
      between(HOUR, 8 * HOUR),
    ),
    ...some(Math.ceil(chats / 2), () => ({ do: 'odd answer', as: pick('failing', ...ODD) })),
    ...some(4, () => ({ do: 'crash', point: pick(...POINTS) })),
    ...some(2, () => ({
      do: 'outage',
      isCrash: chance(0.5),
      downMs: between(0, 2 * HOUR),
      policy: settings(),
    })),
    ...some(3, () => ({ do: pick('hold', 'release', 'ask', 'ask'), index: between(0, chats) })),
    ...spell({ do: 'pause' }, { do: 'resume' }, between(MINUTE, 6 * HOUR)),
    ...writeLine(dice, line, 'FLAGGED', flaggedAt),
    ...writeLine(dice, line, 'ACTIVE', flaggedAt + between(HOUR, 20 * HOUR)),
    ...(isStepped
      ? spell({ do: 'step', ms: stepMs }, { do: 'step', ms: -stepMs }, between(MINUTE, 6 * HOUR))
      : []),
  ];
  return { policy: settings(), happenings: happenings.sort((a, b) => a.at - b.at) };
}
