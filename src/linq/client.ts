import { toUSVString } from 'node:util';
import type { Clock } from '../clock.ts';
import type { LookedUpFacts } from '../decide/facts.ts';
import type { ContactCard } from '../decide/holds.ts';
import type { CallFailed, Subscription } from '../decide/linq-api.ts';
import type { LinqAnswer } from '../decide/outcome.ts';
import { type EpochMs, parseHttpDate, SECOND } from '../decide/time.ts';
import type { HttpProxy } from '../http/proxy.ts';
import type { OnUnreadable } from '../payload.ts';
import { createExchange, type Headers, type Moment, type Reply } from './call.ts';
import {
  type ChatsPage,
  firstHeader,
  type MessagesPage,
  readAnswer,
  readCards,
  readChat,
  readChats,
  readLines,
  readMessages,
  readSubscriptions,
} from './read.ts';
import { createWrites, type LinqWrites } from './writes.ts';

export interface LinqClientOptions {
  /** With the path before `/v3`; calls go to its origin and nowhere else. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Maximum concurrent requests. */
  readonly connections: number;
  readonly clock: Pick<Clock, 'wallNow' | 'monotonic'>;
  /** Covers connection, headers and body together. Default: 15 s. */
  readonly deadlineMs?: number;
  /** Default: 5 s; undici checks about twice a second. */
  readonly connectMs?: number;
  /** The proxy for all calls; default: none. */
  readonly proxy?: HttpProxy | null;
  /** Called for every answer with a valid `Date` header that didn't come from a cache. */
  readonly onDate: (reading: DateReading) => void;
  /** Called for unreadable fields in answers. */
  readonly onUnreadable?: OnUnreadable;
}

/** Linq's clock, which counts whole seconds, read between two readings of the wall clock. */
interface DateReading {
  readonly serverAt: EpochMs;
  readonly requestedAt: EpochMs;
  readonly receivedAt: EpochMs;
  /** By the monotonic clock: if it differs from the wall clock's, that was set meanwhile. */
  readonly tookMs: number;
}

type CardsAnswer = { readonly kind: 'cards'; readonly cards: readonly ContactCard[] } | CallFailed;
type ChatAnswer = ({ readonly kind: 'chat' } & LookedUpFacts) | CallFailed;
type ChatsAnswer = ({ readonly kind: 'chats' } & ChatsPage) | CallFailed;
type MessagesAnswer = ({ readonly kind: 'messages' } & MessagesPage) | CallFailed;
type LinesAnswer = { readonly kind: 'lines'; readonly lines: readonly string[] } | CallFailed;
type SubscriptionsAnswer =
  | { readonly kind: 'subscriptions'; readonly subscriptions: readonly Subscription[] }
  | CallFailed;

/**
 * The few Linq calls that sharing, catching up and setup need. None rejects, retries or follows a redirect:
 * every result is returned as an answer. The signal ends a call early, as `aborted`.
 */
export interface LinqClient extends LinqWrites {
  /** Any 2xx counts once its headers arrive, whatever its body. */
  shareContactCard(chatId: string, signal?: AbortSignal): Promise<LinqAnswer>;
  /** The card of one line, or of all lines; match on the number. Without any card, an empty list. */
  contactCards(line: string | null, signal?: AbortSignal): Promise<CardsAnswer>;
  chat(chatId: string, signal?: AbortSignal): Promise<ChatAnswer>;
  /**
   * A page of one line's chats, or of all lines' (null), which Linq refuses on older accounts. Pages are
   * unordered and shift while they are read. Cursor null: the first page.
   */
  chats(line: string | null, cursor: string | null, signal?: AbortSignal): Promise<ChatsAnswer>;
  /** A page of a chat's messages, also unordered. */
  messages(chatId: string, cursor: string | null, signal?: AbortSignal): Promise<MessagesAnswer>;
  /** The account's own lines. */
  lines(signal?: AbortSignal): Promise<LinesAnswer>;
  subscriptions(signal?: AbortSignal): Promise<SubscriptionsAnswer>;
  /** Ends running calls as `closed`; later calls end the same way at once. */
  close(): Promise<void>;
}

const CARD_NOT_FOUND = 2012;
const MAX_BODY_BYTES = 64 * 1024;

/** The maximum that Linq allows. */
const PAGE = 100;
/** A page of 100 messages of up to 10,000 characters of up to 6 bytes each (\u00e9), plus their other fields. */
const MAX_LIST_BYTES = 8 * 1024 * 1024;
/** Lists are read one page at a time, on a connection of their own: shares don't wait behind them. */
const LIST_CONNECTIONS = 1;

export function createLinqClient(options: LinqClientOptions): LinqClient {
  const {
    clock,
    onDate,
    deadlineMs = 15 * SECOND,
    connectMs = 5 * SECOND,
    proxy = null,
    onUnreadable,
    ...rest
  } = options;
  const common = {
    ...rest,
    deadlineMs,
    connectMs,
    proxy,
    clock,
    onHeaders(headers: Headers, requested: Moment, received: Moment) {
      const serverAt = parseHttpDate(firstHeader(headers, 'date') ?? '');
      if (serverAt === null || isCached(headers)) return;
      const tookMs = received.monotonic - requested.monotonic;
      onDate({ serverAt, requestedAt: requested.wall, receivedAt: received.wall, tookMs });
    },
  };
  const exchange = createExchange({ ...common, maxBodyBytes: MAX_BODY_BYTES });
  const lists = createExchange({
    ...common,
    connections: LIST_CONNECTIONS,
    maxBodyBytes: MAX_LIST_BYTES,
  });
  const get = (path: string, signal?: AbortSignal, through = exchange) =>
    through.send({ method: 'GET', path, wantsBody: true }, signal);
  const getList = (path: string, signal?: AbortSignal) => get(path, signal, lists);
  const answerOf = (reply: Reply, isRead: boolean) =>
    readAnswer(reply, isRead, clock.wallNow(), options.apiKey);
  const failed = (reply: Reply): CallFailed => ({
    kind: 'failed',
    answer: isSuccess(reply) ? UNREADABLE : answerOf(reply, true),
  });

  /** Makes a read; a 2xx with an unreadable body also counts as failed. */
  async function read<T>(
    call: Promise<Reply>,
    parse: (body: string | null, onUnreadable?: OnUnreadable) => T | null,
  ): Promise<{ readonly kind: 'read'; readonly value: T } | CallFailed> {
    const reply = await call;
    const value = isSuccess(reply) ? parse(reply.body, onUnreadable) : null;
    return value === null ? failed(reply) : { kind: 'read', value };
  }

  return {
    async shareContactCard(chatId, signal) {
      const path = `/v3/chats/${segment(chatId)}/share_contact_card`;
      const reply = await exchange.send({ method: 'POST', path, wantsBody: false }, signal);
      return answerOf(reply, false);
    },
    async contactCards(line, signal) {
      const query = line === null ? '' : `?phone_number=${segment(line)}`;
      const result = await read(get(`/v3/contact_card${query}`, signal), readCards);
      if (result.kind === 'read') return { kind: 'cards', cards: result.value };
      const { answer } = result;
      return answer.kind === 'answered' && answer.linqCode === CARD_NOT_FOUND
        ? { kind: 'cards', cards: [] }
        : result;
    },
    async chat(chatId, signal) {
      const result = await read(get(`/v3/chats/${segment(chatId)}`, signal), readChat);
      return result.kind === 'read' ? { kind: 'chat', ...result.value } : result;
    },
    async chats(line, cursor, signal) {
      const from = line === null ? '' : `&from=${segment(line)}`;
      const result = await read(getList(`/v3/chats${pageQuery(cursor)}${from}`, signal), readChats);
      return result.kind === 'read' ? { kind: 'chats', ...result.value } : result;
    },
    async messages(chatId, cursor, signal) {
      const path = `/v3/chats/${segment(chatId)}/messages${pageQuery(cursor)}`;
      const result = await read(getList(path, signal), readMessages);
      return result.kind === 'read' ? { kind: 'messages', ...result.value } : result;
    },
    async lines(signal) {
      const result = await read(getList('/v3/phone_numbers', signal), readLines);
      return result.kind === 'read' ? { kind: 'lines', lines: result.value } : result;
    },
    async subscriptions(signal) {
      const result = await read(getList('/v3/webhook-subscriptions', signal), readSubscriptions);
      return result.kind === 'read' ? { kind: 'subscriptions', subscriptions: result.value } : result;
    },
    ...createWrites({
      send: (request) => exchange.send(request),
      answerOf: (reply) => answerOf(reply, false),
      segment,
    }),
    close: async () => void (await Promise.all([exchange.close(), lists.close()])),
  };
}

/** For a read, a 2xx with an unreadable body counts as unanswered: as an answer it would pass for success. */
const UNREADABLE: LinqAnswer = { kind: 'unanswered', mayHaveArrived: false, cause: 'unreadable' };

function isSuccess(reply: Reply): reply is Extract<Reply, { kind: 'reply' }> {
  return reply.kind === 'reply' && reply.httpStatus >= 200 && reply.httpStatus <= 299;
}

/** A cache repeats an old `Date`. Some caches add `Age: 0` to what they have just fetched. */
function isCached(headers: Headers): boolean {
  return [headers.age ?? '0'].flat().some((age) => Number(age) !== 0);
}

function pageQuery(cursor: string | null): string {
  return `?limit=${PAGE}${cursor === null ? '' : `&cursor=${segment(cursor)}`}`;
}

/** Never throws: malformed Unicode is replaced. */
function segment(text: string): string {
  return encodeURIComponent(toUSVString(text));
}

/** The result of a call, as one of a few words; the attempt keeps Linq's code. */
export type CallOutcome =
  | 'success'
  | 'refused'
  | 'rate_limited'
  | 'server_error'
  | 'timeout'
  | 'no_answer'
  | 'cut';

/** @param call its name, such as `share_contact_card` */
export type OnCall = (call: string, outcome: CallOutcome, tookMs: number) => void;

/**
 * The same client; `onCall` is called after every call.
 * @param monotonic real milliseconds that never step
 */
export function measureCalls(client: LinqClient, monotonic: () => number, onCall: OnCall): LinqClient {
  const measured = new Map<string, unknown>();
  for (const [name, method] of Object.entries(client) as [string, unknown][]) {
    if (typeof method !== 'function' || name === 'close') continue;
    const call = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    measured.set(name, async (...args: unknown[]) => {
      const startedAt = monotonic();
      const result: unknown = await method.apply(client, args);
      onCall(call, outcomeOf(result as CallResult), monotonic() - startedAt);
      return result;
    });
  }
  return { ...client, ...Object.fromEntries(measured) };
}

type CallResult = LinqAnswer | CallFailed | { kind: 'brought' };

function outcomeOf(result: CallResult): CallOutcome {
  if (result.kind === 'failed') return outcomeOf(result.answer);
  if (result.kind === 'unanswered') return OUTCOME_OF_CAUSE.get(result.cause) ?? 'no_answer';
  if (result.kind !== 'answered') return 'success';
  const { httpStatus } = result;
  if (httpStatus === 429) return 'rate_limited';
  if (httpStatus >= 500) return 'server_error';
  return httpStatus >= 200 && httpStatus <= 299 ? 'success' : 'refused';
}

/** `cut`: we ended it, so it says nothing about Linq. */
const OUTCOME_OF_CAUSE: ReadonlyMap<string, CallOutcome> = new Map([
  ['timeout', 'timeout'],
  ['connect_timeout', 'timeout'],
  ['aborted', 'cut'],
  ['closed', 'cut'],
]);
