import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { CHAT_STATES, type ChatRecord, releaseChat } from '../../decide/chat.ts';
import type { Outcome } from '../../decide/outcome.ts';
import type { EpochMs } from '../../decide/time.ts';
import { badParameter } from '../../http/answers.ts';
import { changeChat, holdChat, type ShareNow, shareNow, whyNotShareable } from '../api/chat-actions.ts';
import { ChatParams } from '../api/chat-routes.ts';
import type { StatusDeps } from '../api/deps.ts';
import { releaseLine } from '../api/steering-routes.ts';
import { SHOWN_REASONS } from '../view/explanation.ts';
import { ChatsQuerySchema, createChatsPage, renderChats } from './chat-list-page.ts';
import { type ChatPage, createChatPage, NO_ATTEMPT, renderChat, renderNoChat } from './chat-page.ts';
import { leadTo, type Notice, refuseReadably, sendPage } from './layout.ts';
import { createOverviewPage, renderOverview } from './overview-page.ts';

/** The pages for people. Register them in a scope that requires the token. */
export function pageRoutes(app: FastifyInstance, deps: StatusDeps): void {
  const look = createOverviewPage(deps);
  app.get<{ Querystring: { done?: unknown } }>('/', async ({ query }, reply) =>
    sendPage(reply, renderOverview(await look(), noticeOf(query.done))),
  );
  actionRoutes(app, deps);
  chatPages(app, deps);
}

/** Notices by the word in the redirect: what the operator did. */
const OVERVIEW_NOTICES: ReadonlyMap<string, string> = new Map([
  ['pause', 'Sharing is paused. Nothing is shared until you resume.'],
  ['resume', 'Sharing resumed.'],
  [
    'catch-up',
    'Catch-up requested. It rechecks the webhook subscription; its progress is shown under Service.',
  ],
  ['release', 'The line’s hold has ended.'],
  ['check', 'The card is being rechecked. The result shows under Lines in a few seconds.'],
  ['replayed', 'All deliveries in quarantine were accepted.'],
]);

const STILL_UNREADABLE: Notice = {
  kind: 'failed',
  text: 'Some deliveries in quarantine still can’t be read or stored by this version.',
};

/** The notice for the top of the page; null: unknown word. */
function noticeOf(word: unknown): Notice | null {
  if (word === 'unreadable') return STILL_UNREADABLE;
  const text = typeof word === 'string' ? OVERVIEW_NOTICES.get(word) : undefined;
  return text === undefined ? null : { kind: 'done', text };
}

/** The first page's forms. Each does what its `/status` counterpart does, then redirects back. */
function actionRoutes(app: FastifyInstance, deps: StatusDeps): void {
  const { dispatcher, catchUp, quarantine } = deps;

  app.post('/pause', async (_request, reply) => {
    await dispatcher.pause();
    return leadTo(reply, '/?done=pause');
  });

  app.post('/resume', async (_request, reply) => {
    await dispatcher.resume();
    return leadTo(reply, '/?done=resume');
  });

  app.post('/catch-up', async (_request, reply) => {
    await catchUp.request();
    return leadTo(reply, '/?done=catch-up');
  });

  const releasing = (action: 'release' | 'check') =>
    app.post<{ Params: { line: string } }>(`/lines/:line/${action}`, async ({ params }, reply) => {
      const released = await releaseLine(deps, params.line);
      return 'refusal' in released
        ? refuseReadably(reply, released.refusal)
        : leadTo(reply, `/?done=${action}`);
    });
  releasing('release');
  releasing('check'); // a release also rechecks the card

  app.post('/quarantine/replay', async (_request, reply) => {
    const replayed = await quarantine.replay(null);
    return leadTo(reply, `/?done=${replayed?.failed === 0 ? 'replayed' : 'unreadable'}`);
  });
}

/** The list of chats, each chat's page, and its forms. Register them in a scope that requires the token. */
function chatPages(plain: FastifyInstance, deps: StatusDeps): void {
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
    { schema: { params: ChatParams, querystring: SeenSchema } },
    async ({ params: { chatId }, query: { seen } }, reply) => {
      if (seen !== undefined && seen !== (await latestAttemptId(deps, chatId)))
        return back(reply, chatId, doneWord.repeated);
      const share = await shareNow(deps, chatId);
      if (share.kind !== 'failed') return back(reply, chatId, wordOf(share));
      return share.refusal.statusCode === 404 ? noChat(reply, chatId) : refuseReadably(reply, share.refusal);
    },
  );

  const changing = (action: string, word: string, change: (chat: ChatRecord, now: EpochMs) => ChatRecord) =>
    app.post(`/chats/:chatId/${action}`, { schema: { params: ChatParams } }, async ({ params }, reply) => {
      const chat = await changeChat(deps, params.chatId, change);
      await deps.watch.check(); // the page's header shows what the last check found
      return chat === null ? noChat(reply, params.chatId) : back(reply, params.chatId, word);
    });
  changing('hold', doneWord.held, holdChat);
  changing('release', doneWord.released, releaseChat);
}

const SeenSchema = Type.Object({ seen: Type.Optional(Type.String()) });

/** The form names the latest attempt that its page showed: a second click, or an old page, must not share once more. */
async function latestAttemptId({ store }: StatusDeps, chatId: string): Promise<string> {
  const [latest] = await store.attempts(chatId, 1);
  return latest?.attemptId ?? NO_ATTEMPT;
}

/** A form also sends its empty fields. */
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

/** How a share on request ended. */
type ShareEnd = Outcome | 'running';

/** The redirect's words, by which a chat's page reports what was done. */
const doneWord = {
  held: 'held',
  released: 'released',
  repeated: 'repeated',
  shared: (end: ShareEnd) => `share.${end}`,
  refused: ({ state, reason }: { readonly state: string; readonly reason: string }) =>
    `refused.${state}.${reason}`,
} as const;

const done = (text: string): Notice => ({ kind: 'done', text });
const failed = (text: string): Notice => ({ kind: 'failed', text });

const SHARE_NOTICES: Readonly<Record<ShareEnd, Notice>> = {
  shared: done('The card is shared: Linq accepted the call.'),
  dry_run: done('Recorded only, because DRY_RUN is true: Linq wasn’t called.'),
  running: done('The share is still running. Its outcome will appear in the timeline.'),
  retry: failed('Linq couldn’t share the card now. The timeline shows its answer.'),
  rejected: failed('Linq refused to share the card. The timeline says why.'),
  unknown: failed('Linq didn’t answer, so it isn’t known whether the card was shared.'),
  interrupted: failed('The share was interrupted; it isn’t known whether the card was shared.'),
};

const CHAT_NOTICES: ReadonlyMap<string, Notice> = new Map([
  [doneWord.held, done('The chat is held. Nothing is shared in it until you release it.')],
  [doneWord.released, done('The chat is released. The usual rules apply again.')],
  [
    doneWord.repeated,
    failed('Not shared: the chat had another attempt since the page was shown. The timeline has it.'),
  ],
  ...Object.entries(SHARE_NOTICES).map(([end, notice]) => [`share.${end}`, notice] as const),
]);

/** The notice for the top of a chat's page; null: unknown word. */
function chatNotice(word: unknown, { record, snapshot }: ChatPage): Notice | null {
  if (typeof word !== 'string') return null;
  const [what, stateWord, reasonWord] = word.split('.');
  if (what !== 'refused') return CHAT_NOTICES.get(word) ?? null;
  const state = CHAT_STATES.find((one) => one === stateWord);
  const reason = SHOWN_REASONS.find((one) => one === reasonWord);
  if (state === undefined || reason === undefined) return null;
  return failed(whyNotShareable({ chat: record, state, reason }, snapshot));
}
