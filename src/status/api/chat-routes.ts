import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TObject, Type } from 'typebox';
import { CHAT_STATES, type ChatState } from '../../decide/chat.ts';
import { linesNamed } from '../../decide/text.ts';
import { answer, badParameter, chatNotFound, ErrorSchema, refuse } from '../../http/answers.ts';
import { CHAT_KEYS, MAX_SORTED, matchesAny, parseCursor } from '../../store/plan/chat-lists.ts';
import type { ChatCount, ChatKey, ChatOrder } from '../../store/store.ts';
import { type ShownFilter, storedFilters } from '../view/chat-filters.ts';
import { linesOf, showAttempt, showChat, viewSnapshot } from '../view/chat-view.ts';
import { SHOWN_REASONS, type ShownReason } from '../view/explanation.ts';
import { ChatPageSchema, type ChatView, ChatWithAttemptsSchema, text, words } from '../view/schemas.ts';
import type { StatusDeps } from './deps.ts';
import { CHAT_NOT_FOUND_ANSWER, lookAnswers, NAMED_ANSWERS, TOKEN_SECURITY } from './route-schema.ts';

const CHAT_ID_EXAMPLE = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';

/** More attempts than a chat makes within their retention time, unless it fails constantly. */
export const MAX_ATTEMPTS = 200;

export const ChatParams = Type.Object({
  chatId: Type.String({ description: 'Linq’s id of the chat.', examples: [CHAT_ID_EXAMPLE] }),
});

const BAD_PARAMETER = '`BAD_PARAMETER`: a parameter is unknown or wrong; the message says what is allowed.';

const MAX_CHATS = 200;

const DIRECTIONS = ['asc', 'desc'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export const ChatQuerySchema = Type.Object({
  state: Type.Optional(words<ChatState>(CHAT_STATES, 'Only chats in this state.')),
  reason: Type.Optional(words<ShownReason>(SHOWN_REASONS, 'Only chats with this reason.')),
  line: Type.Optional(
    Type.String({
      description: 'Only chats of this line: the full number, or as shown (+1•••••0100).',
      examples: ['+12025550100'],
    }),
  ),
  limit: Type.Integer({
    minimum: 1,
    maximum: MAX_CHATS,
    default: 50,
    description: 'Maximum chats per page.',
  }),
  cursor: Type.Optional(text('The `nextCursor` of the previous page; without it, the first page.')),
  prefix: Type.Optional(
    text(
      'Only chats whose id begins with this, in the order of their ids. Allows only `limit` and `cursor` beside it.',
    ),
  ),
  sort: Type.Optional(
    words<ChatKey>(
      CHAT_KEYS,
      `The order. \`last_message\`: your latest message; \`last_share\`, \`next_attempt\`: lists only the chats that have one. \`last_message\` and \`last_share\` are refused if over ${MAX_SORTED.toLocaleString('en-US')} chats match. Default: \`first_seen\`.`,
    ),
  ),
  order: Type.Optional(
    words<Direction>(
      DIRECTIONS,
      'Earliest or latest first. Default: `desc` for `last_message` and `last_share`, else `asc`.',
    ),
  ),
});

const isLatestFirst = (by: ChatKey): boolean => by === 'last_message' || by === 'last_share';

export function orderOf(sort: ChatKey | undefined, direction: Direction | undefined): ChatOrder {
  const by = sort ?? 'first_seen';
  return { by, isDescending: direction === undefined ? isLatestFirst(by) : direction === 'desc' };
}

const LIST_SCHEMA = {
  operationId: 'listChats',
  summary: 'List chats',
  description:
    'The chats that match every given parameter, one page at a time. A page may have fewer chats than `limit` without being the last.',
  tags: ['Chats'],
  security: TOKEN_SECURITY,
  querystring: ChatQuerySchema,
  response: lookAnswers({ 200: ChatPageSchema, 400: answer(BAD_PARAMETER, ErrorSchema) }),
};

const { state, reason, line, prefix } = ChatQuerySchema.properties;
const FilterSchema = Type.Object({ state, reason, line, prefix });

const CSV_SCHEMA = {
  operationId: 'downloadChats',
  summary: 'Download chats as CSV',
  description:
    'Every chat that matches the given parameters, as first seen; with `prefix`, in the order of their ids. An apostrophe precedes a value that a spreadsheet would run as a formula.',
  tags: ['Chats'],
  security: TOKEN_SECURITY,
  querystring: FilterSchema,
  response: lookAnswers({
    200: {
      'x-response-description': 'One line for each chat, below the names of the columns.',
      content: { 'text/csv': { schema: Type.String() } },
    },
    400: answer(BAD_PARAMETER, ErrorSchema),
  }),
};

const SHOW_SCHEMA = {
  operationId: 'getChat',
  summary: 'Show a chat',
  description: 'Why it did or didn’t get the card, and every attempt on record.',
  tags: ['Chats'],
  security: TOKEN_SECURITY,
  params: ChatParams,
  response: lookAnswers({ 200: ChatWithAttemptsSchema, ...NAMED_ANSWERS, 404: CHAT_NOT_FOUND_ANSWER }),
};

/** `GET /status/chats` and `GET /status/chats/{chatId}`. */
export function chatRoutes(plain: FastifyInstance, deps: StatusDeps): void {
  const { store } = deps;
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  const refuseUnknown = (schema: TObject) => async (request: FastifyRequest, reply: FastifyReply) => {
    const unknown = unknownParameter(request.query, schema);
    return unknown === null ? undefined : refuse(reply, badParameter(unknown));
  };

  app.get(
    '/status/chats',
    { schema: LIST_SCHEMA, preValidation: refuseUnknown(ChatQuerySchema) },
    async (request, reply) => {
      const found = await find(deps, request.query);
      if ('wrong' in found) return refuse(reply, badParameter(found.wrong));
      const { chats, nextCursor, total } = found;
      return { chats: [...chats], nextCursor, total };
    },
  );

  plain.get<{ Querystring: Static<typeof FilterSchema> }>(
    '/status/chats.csv',
    { schema: CSV_SCHEMA, preValidation: refuseUnknown(FilterSchema) },
    async (request, reply) => {
      const first = await find(deps, { ...request.query, limit: MAX_CHATS });
      if ('wrong' in first) return refuse(reply, badParameter(first.wrong));
      reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="chats.csv"');
      if (request.method === 'HEAD') return reply.send(Readable.from([])); // no length, as GET has none
      return reply.send(Readable.from(writeCsv(deps, request.query, first)));
    },
  );

  app.get('/status/chats/:chatId', { schema: SHOW_SCHEMA }, async ({ params: { chatId } }, reply) => {
    const chat = await store.chat(chatId);
    if (chat === null) return refuse(reply, chatNotFound(chatId));
    const attempts = await store.attempts(chatId, MAX_ATTEMPTS);
    return { ...showChat(chat, viewSnapshot(deps)), attempts: attempts.map(showAttempt) };
  });
}

const CSV_FIELDS = [
  'chatId',
  'line',
  'service',
  'isGroup',
  'firstOutboundAt',
  'lastOutboundAt',
  'lastInboundAt',
  'optedOutAt',
  'health',
  'lastSharedAt',
  'shareCount',
  'state',
  'reason',
  'nextAttemptAt',
  'explanation',
] as const satisfies readonly (keyof ChatView)[];

/** A page at a time, each in a turn of the event loop of its own, and only as fast as the reader takes them. */
async function* writeCsv(deps: StatusDeps, filter: Static<typeof FilterSchema>, first: FoundChats) {
  yield `${CSV_FIELDS.join(',')}\r\n`;
  for (let found = first; ; ) {
    yield found.chats
      .map((chat) => `${CSV_FIELDS.map((name) => csvCell(chat[name])).join(',')}\r\n`)
      .join('');
    if (found.nextCursor === null) return;
    await setImmediate();
    // a cut download is noticed: the answer has no end
    if (deps.isDraining()) throw new Error('shutting down');
    const next = await find(deps, { ...filter, limit: MAX_CHATS, cursor: found.nextCursor });
    if ('wrong' in next) throw new Error(next.wrong);
    found = next;
  }
}

/** Quoted where needed; a spreadsheet takes it for text. */
export function csvCell(value: string | number | boolean | null): string {
  const text = value === null ? '' : String(value);
  const defused = /^[=+\-@＝＋－＠\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

interface FoundChats {
  /** May hold fewer than requested even if more pages follow. */
  readonly chats: readonly ChatView[];
  readonly nextCursor: string | null;
  /** How many chats match; null: not known, because not each of them is listed. */
  readonly total: number | null;
}

export interface FilteredChats extends FoundChats {
  readonly filter: ShownFilter;
  readonly counts: readonly ChatCount[];
  readonly order: ChatOrder;
  /** False: too many match for the orders `last_message` and `last_share`. */
  readonly isSortable: boolean;
  /** Passed with the reverse order, it gets the page before this one; null: this one is empty. */
  readonly firstCursor: string | null;
}

type Wrong = { readonly wrong: string };
type ChatQuery = Omit<Static<typeof ChatQuerySchema>, 'prefix'>;

/** Chats by their id's prefix, or else by the other parameters. @throws {StoreError} */
async function find(
  deps: StatusDeps,
  { prefix, ...query }: Static<typeof ChatQuerySchema>,
): Promise<FoundChats | Wrong> {
  if (prefix === undefined) return findChats(deps, query);
  const { limit, cursor, ...filter } = query;
  return findByPrefix(deps, { prefix, limit, cursor, filter });
}

/** Chats whose id has a prefix. @param filter other parameters: none is allowed @throws {StoreError} */
async function findByPrefix(
  deps: StatusDeps,
  {
    prefix,
    limit,
    cursor,
    filter,
  }: { prefix: string; limit: number; cursor?: string | undefined; filter: object },
): Promise<FoundChats | Wrong> {
  const [other] = Object.keys(filter);
  if (other !== undefined) return { wrong: `"prefix" can’t be combined with "${other}".` };
  if (prefix === '') return { wrong: '"prefix" must be the beginning of a chat id.' };
  if (cursor !== undefined && !cursor.startsWith(prefix)) return { wrong: WRONG_CURSOR };
  const found = await deps.store.chatsByIdPrefix(prefix, limit + 1, cursor);
  const snapshot = viewSnapshot(deps);
  const chats = found.slice(0, limit).map((chat) => showChat(chat, snapshot));
  return { chats, nextCursor: found[limit]?.chatId ?? null, total: null };
}

const isCursorOfAny = (cursor: string) => CHAT_KEYS.some((by) => parseCursor(cursor, by) !== null);
const WRONG_CURSOR = '"cursor" must be the nextCursor of the previous page.';

/**
 * One page of the chats that match a query, or what is wrong with the query.
 * @param otherwise the order if there are too many for the one that is asked for, beginning anew if the cursor is of
 * the other order; null: then the query is wrong
 * @throws {StoreError}
 */
export async function findChats(
  deps: StatusDeps,
  query: ChatQuery,
  otherwise: ChatOrder | null = null,
): Promise<FilteredChats | Wrong> {
  const { store, dispatcher } = deps;
  const lines = linesOf(dispatcher);
  const parsed = parseChatQuery(query, lines);
  if ('wrong' in parsed) return parsed;
  const { filter, cursor } = parsed;
  const snapshot = viewSnapshot(deps);
  const filters = filter.lines?.length === 0 ? [] : storedFilters(filter, snapshot.holds);
  const counts = await store.counts(snapshot.now);
  const matching = counts
    .filter((one) => matchesAny(filters, one))
    .reduce((sum, { count }) => sum + count, 0);
  const isSortable = matching <= MAX_SORTED;
  const wanted = orderOf(query.sort, query.order);
  const order = isSortable || !isLatestFirst(wanted.by) ? wanted : otherwise;
  if (order === null) return { wrong: tooMany(wanted.by, matching) };
  const total = order.by === 'first_seen' || order.by === 'last_message' ? matching : null;
  const found = { filter, counts, order, isSortable, total };
  if (filters.length === 0) return { ...found, chats: [], nextCursor: null, firstCursor: null };
  const isOfOrder = cursor === null || parseCursor(cursor, order.by) !== null;
  if (!isOfOrder && otherwise === null) return { wrong: WRONG_CURSOR };
  const page = await store.chats(filters, query.limit, isOfOrder ? cursor : null, snapshot.now, order);
  // a chat that has become due since it was stored is shown as due, so it may no longer match
  const chats = page.chats
    .map((chat) => showChat(chat, snapshot))
    .filter(({ state }) => filter.state === null || state === filter.state)
    .filter(({ reason }) => filter.reason === null || reason === filter.reason);
  return { ...found, chats, nextCursor: page.nextCursor, firstCursor: page.firstCursor };
}

const tooMany = (by: ChatKey, matching: number) =>
  `${matching.toLocaleString('en-US')} chats match, and "sort=${by}" sorts at most ${MAX_SORTED.toLocaleString('en-US')}. Narrow the list by "state", "reason" or "line", or use "sort=first_seen&order=desc" or "sort=next_attempt".`;

/** A misspelled filter would silently list everything. Null: all parameters are known. */
export function unknownParameter(query: unknown, schema: TObject = ChatQuerySchema): string | null {
  const known = Object.keys(schema.properties);
  const unknown = Object.keys(Object(query)).find((name) => !known.includes(name));
  return unknown === undefined
    ? null
    : `Unknown parameter "${unknown.slice(0, 40)}"; allowed are ${known.join(', ')}.`;
}

/** The query to run, or what is wrong with a parameter. @param known our lines */
export function parseChatQuery(
  { state, reason, line, cursor }: ChatQuery,
  known: readonly string[],
): { readonly filter: ShownFilter; readonly cursor: string | null } | Wrong {
  if (cursor !== undefined && !isCursorOfAny(cursor)) return { wrong: WRONG_CURSOR };
  const lines = line === undefined ? null : parseLine(line, known);
  if (lines !== null && lines.length === 0 && !isLineName(line)) {
    return { wrong: '"line" must be a full number (+12025550100) or as shown (+1•••••0100).' };
  }
  return { filter: { state: state ?? null, reason: reason ?? null, lines }, cursor: cursor ?? null };
}

/** An unencoded plus sign in a query arrives as a space. */
const withPlus = (line: string) => line.replace(/^ /, '+');

const parseLine = (line: string, known: readonly string[]) => linesNamed(withPlus(line), known);

function isLineName(line: string | undefined): boolean {
  return line !== undefined && /^\+(\d{7,15}|\d+•{5}\d{4,})$/.test(withPlus(line));
}
