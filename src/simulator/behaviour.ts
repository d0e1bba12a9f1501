import { type Static, Type } from 'typebox';
import { Create } from 'typebox/value';
import { DAY } from '../decide/time.ts';
import { STRICT } from './body-schema.ts';

const SHARE = { minimum: 0, maximum: 1 };

/** The simulated Linq's behaviour where the documentation is silent, and how unreliable its deliveries are. */
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
      description: 'what GET contact_card answers for a line without a card: an empty list, or 404/2012',
    }),
    newCard: Type.Enum(['active', 'inactive'], {
      default: 'active',
      description: 'whether a card that is created or changed is active at once',
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
      description: 'share of deliveries that are never sent; with 1 only the API shows what happened',
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
        'after each page of chats this many of them move to the front, as if the list had changed in between',
    }),
    listEnd: Type.Enum(['stop', 'empty', 'repeat'], {
      default: 'stop',
      description:
        'how lists of chats and messages end: they stop, or keep giving new cursors, to empty pages or to the same pages again',
    }),
    emptyLists: Type.Enum(['empty', 'null'], {
      default: 'empty',
      description: 'how a list without items is written, in answers and webhooks: [], or null as Go does',
    }),
    healthShape: Type.Enum(['object', 'lowercase', 'string', 'score', 'absent'], {
      default: 'object',
      description: 'how health_status is written: as now, as it once was, or as it might be',
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

/** The endpoints of the simulated API, as faults name them. */
const ROUTE_NAMES = [
  'share',
  'contact_card',
  'chats',
  'chat',
  'messages',
  'phone_numbers',
  'webhook_subscriptions',
  'webhook_events',
] as const;
export type RouteName = (typeof ROUTE_NAMES)[number];

/**
 * What goes wrong, and where. A fault with an answer (`status`, `code`, `html`, `json`, `body`, `drop` or `hang`)
 * decides the whole answer; of several that match, the oldest applies. The rest (`latencyMs`, `dateSkewMs`, `headers`,
 * `encoding`, `byteOrderMark`) is added to any answer; all that match apply.
 */
export const Fault = Type.Partial(
  Type.Object({
    route: Type.Enum([...ROUTE_NAMES, '*'], {
      default: 'share',
      description: 'calls of this endpoint, or of all',
    }),
    method: Type.Enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], {
      description: 'only calls with this method',
    }),
    chatId: Type.String({ minLength: 1, description: 'only calls about this chat' }),
    line: Type.String({ minLength: 1, description: 'only calls about this line: its card, or its chats' }),
    rate: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 1,
      description: 'the fraction of these calls that it hits',
    }),
    times: Type.Integer({
      minimum: 1,
      description: 'how many calls it hits; default: all, until removed',
    }),
    status: Type.Integer({
      minimum: 200,
      maximum: 599,
      description:
        'answer with this status; a code alone implies its status, a status alone the likeliest code',
    }),
    code: Type.Integer({ description: 'answer with this code of Linq’s' }),
    message: Type.String({ description: 'the text of the error' }),
    retryAfter: Type.Union([Type.Number(), Type.String()], {
      description: 'Retry-After, as it is; a number is repeated in the body, as Linq does',
    }),
    html: Type.Boolean({ description: 'answer with a gateway’s HTML page in place of Linq’s envelope' }),
    json: Type.Unknown({
      description:
        'answer with this JSON in place of what Linq says, without its envelope; 200 unless status is given',
    }),
    body: Type.String({ description: 'the same with any text, JSON or not' }),
    drop: Type.Enum(['before', 'after', 'during'], {
      description:
        'break the connection: before the call counts as arrived, after it was performed, or half-way through its answer',
    }),
    hang: Type.Boolean({ description: 'perform the call and never answer' }),
    latencyMs: Type.Number({
      minimum: 0,
      description: 'answer this much later; the call is performed on arrival',
    }),
    dateSkewMs: Type.Number({ description: 'shift the Date header' }),
    headers: Type.Record(Type.String(), Type.String(), {
      description: 'headers in addition to, or in place of, what is answered: Age, Date, Content-Type',
    }),
    encoding: Type.Enum(['gzip', 'deflate', 'br'], {
      description: 'compress the answer, whatever was asked for',
    }),
    byteOrderMark: Type.Boolean({ description: 'begin the answer with a byte order mark' }),
  }),
  STRICT,
);
export type Fault = Readonly<Static<typeof Fault>>;

export interface FaultTarget {
  readonly route: RouteName;
  readonly method: string;
  readonly chatId: string | null;
  readonly line: string | null;
}

/** The combined effect of the faults on one call. */
interface FaultEffect {
  readonly answer: Fault | null;
  readonly latencyMs: number;
  readonly dateSkewMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** How to corrupt the body's bytes. */
  readonly encoding: NonNullable<Fault['encoding']> | null;
  readonly byteOrderMark: boolean;
}

export interface Faults {
  /** @returns a function that removes the fault */
  add(fault: Fault): () => void;
  clear(): void;
  /** Returns the faults that hit this call and counts them down. */
  take(target: FaultTarget): FaultEffect;
}

const NONE: FaultEffect = {
  answer: null,
  latencyMs: 0,
  dateSkewMs: 0,
  headers: {},
  encoding: null,
  byteOrderMark: false,
};

const decidesAnswer = ({ status, code, html, json, body, drop, hang }: Fault): boolean =>
  [status, code, html, json, body, drop, hang].some((field) => field !== undefined);

const hits = (fault: Fault, target: FaultTarget): boolean =>
  (fault.route === '*' || (fault.route ?? 'share') === target.route) &&
  (fault.method === undefined || fault.method === target.method) &&
  (fault.chatId === undefined || fault.chatId === target.chatId) &&
  (fault.line === undefined || fault.line === target.line);

/** @param random in [0, 1): decides which calls are hit by a fault that hits only some */
export function createFaults(random: () => number): Faults {
  const isHit = ({ rate = 1 }: Fault) => rate === 1 || random() < rate;
  let open: { readonly fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      open.push(entry);
      return () => {
        open = open.filter((other) => other !== entry);
      };
    },
    clear() {
      open = [];
    },
    take(target) {
      if (open.length === 0) return NONE;
      const matching = open.filter(({ fault }) => hits(fault, target) && isHit(fault));
      const answer = matching.find(({ fault }) => decidesAnswer(fault));
      const applied = matching.filter((entry) => entry === answer || !decidesAnswer(entry.fault));
      for (const entry of applied) entry.left -= 1;
      open = open.filter(({ left }) => left > 0);
      const sum = (field: 'latencyMs' | 'dateSkewMs') =>
        applied.reduce((total, { fault }) => total + (fault[field] ?? 0), 0);
      return {
        answer: answer?.fault ?? null,
        latencyMs: sum('latencyMs'),
        dateSkewMs: sum('dateSkewMs'),
        headers: Object.assign({}, ...applied.map(({ fault }) => fault.headers)),
        encoding: applied.find(({ fault }) => fault.encoding !== undefined)?.fault.encoding ?? null,
        byteOrderMark: applied.some(({ fault }) => fault.byteOrderMark === true),
      };
    },
  };
}
