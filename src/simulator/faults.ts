import { type Static, Type } from 'typebox';
import { STRICT } from './schema.ts';

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
 * `encoding`, `byteOrderMark`) lies on top of whatever is answered; all that match apply.
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
    code: Type.Integer({ description: "answer with this code of Linq's" }),
    message: Type.String({ description: 'the text of the error' }),
    retryAfter: Type.Union([Type.Number(), Type.String()], {
      description: 'Retry-After, as it is; a number is repeated in the body, as Linq does',
    }),
    html: Type.Boolean({ description: "answer with a gateway's HTML page in place of Linq's envelope" }),
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

/** What the faults make of one call. */
export interface FaultEffect {
  readonly answer: Fault | null;
  readonly latencyMs: number;
  readonly dateSkewMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** How the body's bytes are spoiled. */
  readonly encoding: NonNullable<Fault['encoding']> | null;
  readonly byteOrderMark: boolean;
}

export interface Faults {
  /** @returns a function that takes the fault back */
  add(fault: Fault): () => void;
  clear(): void;
  /** Counts down the faults that hit this call. */
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

/** @param random in [0, 1): decides which calls a fault hits that hits only some */
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
