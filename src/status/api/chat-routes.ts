import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { CHAT_STATES, type ChatState } from '../../decide/chat.ts';
import { answer, badParameter, chatNotFound, ErrorSchema, refuse } from '../../http/answers.ts';
import { parseCursor } from '../../store/plan/chat-row.ts';
import { linesNamed, type ShownFilter, storedFilters } from '../view/chat-filters.ts';
import { showAttempt, showChat, viewSnapshot } from '../view/chat-view.ts';
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
});

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

  app.get(
    '/status/chats',
    {
      schema: LIST_SCHEMA,
      preValidation: async (request, reply) => {
        const unknown = unknownParameter(request.query);
        return unknown === null ? undefined : refuse(reply, badParameter(unknown));
      },
    },
    async (request, reply) => {
      const found = await findChats(deps, request.query);
      if ('wrong' in found) return refuse(reply, badParameter(found.wrong));
      const { chats, nextCursor } = found;
      return { chats: [...chats], nextCursor };
    },
  );

  app.get('/status/chats/:chatId', { schema: SHOW_SCHEMA }, async ({ params: { chatId } }, reply) => {
    const chat = await store.chat(chatId);
    if (chat === null) return refuse(reply, chatNotFound(chatId));
    const attempts = await store.attempts(chatId, MAX_ATTEMPTS);
    return { ...showChat(chat, viewSnapshot(deps)), attempts: attempts.map(showAttempt) };
  });
}

interface FoundChats {
  readonly filter: ShownFilter;
  /** May hold fewer than requested even if more pages follow. */
  readonly chats: readonly ChatView[];
  readonly nextCursor: string | null;
}

/** One page of the chats that match a query, or what is wrong with the query. @throws {StoreError} */
export async function findChats(
  deps: StatusDeps,
  query: Static<typeof ChatQuerySchema>,
): Promise<FoundChats | { readonly wrong: string }> {
  const { store, dispatcher } = deps;
  const lines = dispatcher.snapshot().lines.map(({ line }) => line.line);
  const parsed = parseChatQuery(query, lines);
  if ('wrong' in parsed) return parsed;
  const { filter, cursor } = parsed;
  const snapshot = viewSnapshot(deps);
  const filters = filter.lines?.length === 0 ? [] : storedFilters(filter, snapshot.holds);
  if (filters.length === 0) return { filter, chats: [], nextCursor: null };
  const page = await store.chats(filters, query.limit, cursor, snapshot.now);
  // a chat that has become due since it was stored is shown as due, so it may no longer match
  const chats = page.chats
    .map((chat) => showChat(chat, snapshot))
    .filter(({ state }) => filter.state === null || state === filter.state)
    .filter(({ reason }) => filter.reason === null || reason === filter.reason);
  return { filter, chats, nextCursor: page.nextCursor };
}

const PARAMETERS = Object.keys(ChatQuerySchema.properties);

/** A misspelled filter would silently list everything. Null: all parameters are known. */
export function unknownParameter(query: unknown): string | null {
  const unknown = Object.keys(Object(query)).find((name) => !PARAMETERS.includes(name));
  return unknown === undefined
    ? null
    : `Unknown parameter "${unknown.slice(0, 40)}"; allowed are ${PARAMETERS.join(', ')}.`;
}

/** The query to run, or what is wrong with a parameter. @param known our lines */
export function parseChatQuery(
  { state, reason, line, cursor }: Static<typeof ChatQuerySchema>,
  known: readonly string[],
): { readonly filter: ShownFilter; readonly cursor: string | null } | { readonly wrong: string } {
  if (cursor !== undefined && parseCursor(cursor) === null) {
    return { wrong: '"cursor" must be the nextCursor of the previous page.' };
  }
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
  return line !== undefined && /^\+(\d{7,15}|\d•{5}\d{4})$/.test(withPlus(line));
}
