import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { answer, badParameter, chatNotFound, refuse } from '../../http/answers.ts';
import { findChats } from '../view/chat-search.ts';
import { showAttempt, showChat } from '../view/chat-view.ts';
import { momentOf, type StatusDeps } from '../view/deps.ts';
import { ChatQuerySchema, unknownParameter } from './chat-query.ts';
import { CHAT_NOT_FOUND_ANSWER, lookAnswers, NAMED_ANSWERS, TOKEN_SECURITY } from './route-schema.ts';
import { ChatPageSchema, ChatWithAttemptsSchema, ErrorSchema } from './schemas.ts';

const CHAT_ID_EXAMPLE = '6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64';

/** More than a chat makes in the time that attempts are kept, unless it fails all the time. */
export const MAX_ATTEMPTS = 200;

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
    return { ...showChat(chat, momentOf(deps)), attempts: attempts.map(showAttempt) };
  });
}
