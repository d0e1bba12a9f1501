import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { answer } from '../http-schemas.ts';
import { badParameter, chatNotFound, refuse } from './answers.ts';
import { storedFilters } from './chat-filters.ts';
import { ChatQuerySchema, parseChatQuery, unknownParameter } from './chat-query.ts';
import { showAttempt, showChat } from './chat-view.ts';
import { momentOf, type StatusDeps } from './deps.ts';
import { CHAT_NOT_FOUND_ANSWER, lookAnswers, NAMED_ANSWERS, TOKEN_SECURITY } from './route-schema.ts';
import { ChatPageSchema, ChatWithAttemptsSchema, ErrorSchema } from './schemas.ts';

export const CHAT_ID_EXAMPLE = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';

/** More than a chat makes in the time that attempts are kept, unless it fails all the time. */
const MAX_ATTEMPTS = 200;

export const ChatParams = Type.Object({
  chatId: Type.String({ description: 'Linq’s id of the chat.', examples: [CHAT_ID_EXAMPLE] }),
});

const BAD_PARAMETER = '`BAD_PARAMETER`: a parameter is unknown or wrong; the message says what is allowed.';

const LIST_SCHEMA = {
  operationId: 'listChats',
  summary: 'List chats',
  description:
    'Filtered by all parameters that are given, page by page. A page may hold fewer chats than asked for, and still not be the last.',
  tags: ['Chats'],
  security: TOKEN_SECURITY,
  querystring: ChatQuerySchema,
  response: lookAnswers({ 200: ChatPageSchema, 400: answer(BAD_PARAMETER, ErrorSchema) }),
};

const SHOW_SCHEMA = {
  operationId: 'getChat',
  summary: 'See a chat',
  description: 'Why it did or did not get the card, and every attempt that is on record.',
  tags: ['Chats'],
  security: TOKEN_SECURITY,
  params: ChatParams,
  response: lookAnswers({ 200: ChatWithAttemptsSchema, ...NAMED_ANSWERS, 404: CHAT_NOT_FOUND_ANSWER }),
};

/** `GET /status/chats` and `GET /status/chats/{chatId}`. */
export function chatRoutes(plain: FastifyInstance, deps: StatusDeps): void {
  const { store, dispatcher } = deps;
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
      const lines = dispatcher.view().lines.map(({ line }) => line.line);
      const query = parseChatQuery(request.query, lines);
      if ('wrong' in query) return refuse(reply, badParameter(query.wrong));
      const { filter, cursor } = query;
      const moment = momentOf(deps);
      const filters = filter.lines?.length === 0 ? [] : storedFilters(filter, moment.closures);
      if (filters.length === 0) return { chats: [], nextCursor: null };
      const page = await store.chats(filters, request.query.limit, cursor);
      // a chat whose time came since it was stored is shown as it is now, so it may not match any more
      const chats = page.chats
        .map((chat) => showChat(chat, moment))
        .filter(({ state }) => filter.state === null || state === filter.state)
        .filter(({ reason }) => filter.reason === null || reason === filter.reason);
      return { chats, nextCursor: page.nextCursor };
    },
  );

  app.get('/status/chats/:chatId', { schema: SHOW_SCHEMA }, async ({ params: { chatId } }, reply) => {
    const chat = await store.chat(chatId);
    if (chat === null) return refuse(reply, chatNotFound(chatId));
    const attempts = await store.attempts(chatId, MAX_ATTEMPTS);
    return { ...showChat(chat, momentOf(deps)), attempts: attempts.map(showAttempt) };
  });
}
