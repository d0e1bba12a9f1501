import { type Static, Type } from 'typebox';
import { Create } from 'typebox/value';
import { DAY } from '../decide/time.ts';
import { STRICT } from './schema.ts';

const SHARE = { minimum: 0, maximum: 1 };

/** How the simulated Linq behaves where its documentation is silent, and how badly its deliveries arrive. */
const BehaviourSchema = Type.Object(
  {
    refuseOptedOut: Type.Boolean({
      default: true,
      description: 'refuse shares to a person who opted out with 2024, as is documented for sends',
    }),
    messagePerShare: Type.Boolean({
      default: false,
      description: 'emit a message.sent for every successful share',
    }),
    suppressionMs: Type.Number({
      minimum: 0,
      default: DAY,
      description: 'for this long after a visible prompt further calls show nothing',
    }),
    missingCard: Type.Enum(['empty', 'not_found'], {
      default: 'empty',
      description: 'what GET contact_card says of a line without a card: an empty list, or 404/2012',
    }),
    newCard: Type.Enum(['active', 'inactive'], {
      default: 'active',
      description: 'whether a card that is created or changed is on the device at once',
    }),
    cardWrites: Type.Integer({
      minimum: 0,
      default: 3,
      description: 'how many writes of one card are accepted in ten minutes; further ones get 429',
    }),
    duplicateRate: Type.Number({
      ...SHARE,
      default: 0,
      description: 'share of deliveries that are sent twice',
    }),
    lossRate: Type.Number({
      ...SHARE,
      default: 0,
      description: 'share of deliveries that are never sent; with 1 only the API tells what happened',
    }),
    shuffleMs: Type.Number({
      minimum: 0,
      default: 0,
      description: 'each delivery is held back by a random time up to this (real ms), which shuffles them',
    }),
    chatOrder: Type.Enum(['created', 'updated', 'random'], {
      default: 'created',
      description:
        'how chats are listed: in order of creation, latest change first (so that pages shift), or in a random order that stays the same',
    }),
    shiftPages: Type.Integer({
      minimum: 0,
      default: 0,
      description:
        'after each page of chats this many of them move to the front, as if pages shifted by themselves',
    }),
    listEnd: Type.Enum(['stop', 'empty', 'repeat'], {
      default: 'stop',
      description:
        'how lists of chats and messages end: they stop, or give new cursors for ever, to empty pages or to the same pages again',
    }),
    emptyLists: Type.Enum(['empty', 'null'], {
      default: 'empty',
      description: 'how a list without items is written, in answers and webhooks: [], or null as Go does',
    }),
    healthShape: Type.Enum(['object', 'lowercase', 'string', 'score', 'absent'], {
      default: 'object',
      description: 'how health_status is written: as now, or as it was or might be',
    }),
    eventTypes: Type.Enum([27, 45, 75], {
      default: 75,
      description: 'how many webhook event types the account knows: those of early 2026, of August, or all',
    }),
    renewTimestamp: Type.Boolean({
      default: true,
      description: 'whether each redelivery is signed with a fresh timestamp',
    }),
  },
  STRICT,
);

export const BehaviourChange = Type.Partial(BehaviourSchema, STRICT);

type Fields = Static<typeof BehaviourSchema>;
/** Can be changed while the simulator runs. */
export type Behaviour = { -readonly [Field in keyof Fields]: Fields[Field] };

export function createBehaviour(change: Partial<Behaviour> = {}): Behaviour {
  return { ...Create(BehaviourSchema), ...change };
}
