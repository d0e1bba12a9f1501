import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type ChatRecord, releaseChat } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { badParameter } from '../../http/answers.ts';
import { changeChat, holdChat, type ShareNow, shareNow } from '../api/chat-actions.ts';
import { ChatParams } from '../api/chat-routes.ts';
import type { StatusDeps } from '../view/deps.ts';
import { chatNotice, doneWord } from './chat-notices.ts';
import { renderChat, renderNoChat } from './chat-page.ts';
import { createChatPage } from './chat-view.ts';
import { renderChats } from './chats-page.ts';
import { ChatsQuerySchema, createChatsPage } from './chats-view.ts';
import { leadTo, sendPage } from './layout.ts';
import { refuseReadably } from './refusal.ts';

/** The list of chats, the page of each, and its forms. Register them where only requests with a token come. */
export function chatPages(plain: FastifyInstance, deps: StatusDeps): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  const list = createChatsPage(deps);
  const look = createChatPage(deps);

  app.get(
    '/chats',
    { schema: { querystring: ChatsQuerySchema }, preValidation: async ({ query }) => dropEmpty(query) },
    async ({ query }, reply) => {
      const listed = await list(query);
      if (listed.kind === 'wrong') return refuseReadably(reply, badParameter(listed.message));
      if (listed.kind === 'chat') return leadTo(reply, addressOf(listed.chatId));
      return sendPage(reply, renderChats(listed.page));
    },
  );

  app.get<{ Params: { chatId: string }; Querystring: { done?: unknown } }>(
    '/chats/:chatId',
    async ({ params: { chatId }, query }, reply) => {
      const page = await look(chatId);
      return page === null
        ? noChat(reply, chatId)
        : sendPage(reply, renderChat(page, chatNotice(query.done, page)));
    },
  );

  app.post(
    '/chats/:chatId/share',
    { schema: { params: ChatParams } },
    async ({ params: { chatId } }, reply) => {
      const share = await shareNow(deps, chatId);
      if (share.kind !== 'failed') return back(reply, chatId, wordOf(share));
      return share.refusal.statusCode === 404 ? noChat(reply, chatId) : refuseReadably(reply, share.refusal);
    },
  );

  const changing = (action: string, word: string, change: (chat: ChatRecord, now: EpochMs) => ChatRecord) =>
    app.post(`/chats/:chatId/${action}`, { schema: { params: ChatParams } }, async ({ params }, reply) => {
      const chat = await changeChat(deps, params.chatId, change);
      return chat === null ? noChat(reply, params.chatId) : back(reply, params.chatId, word);
    });
  changing('hold', doneWord.held, holdChat);
  changing('release', doneWord.released, releaseChat);
}

/** A form sends the fields that nobody filled in too. */
function dropEmpty(query: unknown): void {
  const fields = Object(query);
  for (const name of Object.keys(fields)) if (fields[name] === '') delete fields[name];
}

function wordOf(share: Exclude<ShareNow, { kind: 'failed' }>): string {
  if (share.kind === 'refused') return doneWord.refused(share);
  return doneWord.shared(share.kind === 'running' ? 'running' : (share.attempt.outcome ?? 'running'));
}

const addressOf = (chatId: string) => `/chats/${encodeURIComponent(chatId)}`;

const back = (reply: FastifyReply, chatId: string, word: string) =>
  leadTo(reply, `${addressOf(chatId)}?done=${word}`);

const noChat = (reply: FastifyReply, chatId: string) => sendPage(reply, renderNoChat(chatId), 404);
