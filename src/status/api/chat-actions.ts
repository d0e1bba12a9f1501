import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.ts';
import { type ChatReason, type ChatRecord, type ChatState, releaseChat } from '../../decide/chat.ts';
import type { HoldReason } from '../../decide/holds.ts';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { answer, chatNotFound, ErrorSchema, type Refusal, refuse } from '../../http/answers.ts';
import type { Attempt } from '../../store/turn.ts';
import { showAttempt, showChat, type ViewSnapshot, viewSnapshot } from '../view/chat-view.ts';
import { explain, type ShownChat } from '../view/explanation.ts';
import { ChatSchema, NotShareableSchema, ShareSchema } from '../view/schemas.ts';
import { ChatParams } from './chat-routes.ts';
import type { StatusDeps } from './deps.ts';
import { CHAT_NOT_FOUND_ANSWER, changeAnswers, NAMED_ANSWERS, TOKEN_SECURITY } from './route-schema.ts';

const SHARE_SCHEMA = {
  operationId: 'shareChat',
  summary: 'Share now',
  description:
    'Ignores policy, window and backoff. The share counts and starts a new window. What Linq or an operator’s hold forbids stays forbidden (409).',
  tags: ['Chats'],
  security: TOKEN_SECURITY,
  params: ChatParams,
  response: changeAnswers({
    200: answer('The attempt has ended; see its outcome.', ShareSchema),
    202: answer('It is still running, or waits for its turn. Check the chat later.', ShareSchema),
    ...NAMED_ANSWERS,
    404: CHAT_NOT_FOUND_ANSWER,
    409: answer('`NOT_SHAREABLE`: not even by hand; `reason` says why.', NotShareableSchema),
    503: answer(
      'The service is shutting down, or the database is unavailable. Try again later.',
      ErrorSchema,
    ),
  }),
};

const HOLDING = {
  tags: ['Chats'],
  security: TOKEN_SECURITY,
  params: ChatParams,
  response: changeAnswers({ 200: ChatSchema, ...NAMED_ANSWERS, 404: CHAT_NOT_FOUND_ANSWER }),
};
const HOLD_SCHEMA = {
  ...HOLDING,
  operationId: 'holdChat',
  summary: 'Hold a chat',
  description: 'It isn’t shared until it is released. May be repeated.',
};
const RELEASE_SCHEMA = {
  ...HOLDING,
  operationId: 'releaseChat',
  summary: 'Release a chat',
  description: 'Ends an operator’s hold, parking, and a hold because of Linq’s block list. May be repeated.',
};

/** Sharing on request, regardless of policy, window and backoff; and operator holds. */
export function chatActionRoutes(plain: FastifyInstance, deps: StatusDeps): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post('/status/chats/:chatId/share', { schema: SHARE_SCHEMA }, async ({ params: { chatId } }, reply) => {
    const share = await shareNow(deps, chatId);
    if (share.kind === 'failed') return refuse(reply, share.refusal);
    const snapshot = viewSnapshot(deps);
    if (share.kind === 'refused') return refuse(reply, ...notShareable(share, snapshot));
    const attempt = share.attempt === null ? null : showAttempt(share.attempt);
    return reply
      .code(share.kind === 'settled' ? 200 : 202)
      .send({ attempt, chat: showChat(share.chat, snapshot) });
  });

  app.put('/status/chats/:chatId/hold', { schema: HOLD_SCHEMA }, async ({ params: { chatId } }, reply) => {
    const chat = await changeChat(deps, chatId, holdChat);
    return chat === null ? refuse(reply, chatNotFound(chatId)) : showChat(chat, viewSnapshot(deps));
  });

  app.delete(
    '/status/chats/:chatId/hold',
    { schema: RELEASE_SCHEMA },
    async ({ params: { chatId } }, reply) => {
      const chat = await changeChat(deps, chatId, releaseChat);
      return chat === null ? refuse(reply, chatNotFound(chatId)) : showChat(chat, viewSnapshot(deps));
    },
  );
}

function notShareable(
  { chat, state, reason }: Extract<ShareNow, { kind: 'refused' }>,
  snapshot: ViewSnapshot,
): [Refusal, object] {
  const message = whyNotShareable({ chat, state, reason }, snapshot);
  return [
    { statusCode: 409, code: 'NOT_SHAREABLE', message },
    { state, reason },
  ];
}

/** Why a chat can't be shared even on request, for people. */
export function whyNotShareable(
  refused: Pick<ShownChat, 'chat' | 'state' | 'reason'>,
  { policy, now, holds }: ViewSnapshot,
): string {
  const hold = holds.of(refused.chat.line);
  return `This chat can’t be shared now. ${explain({ ...refused, nextAttemptAt: null, hold, policy, now })}`;
}

/** The result of a share on request. */
export type ShareNow =
  | { readonly kind: 'settled'; readonly attempt: Attempt; readonly chat: ChatRecord }
  /** Still running; `attempt` is null if none has started yet. */
  | { readonly kind: 'running'; readonly attempt: Attempt | null; readonly chat: ChatRecord }
  /** Can't be shared, even on request. */
  | {
      readonly kind: 'refused';
      readonly state: ChatState;
      readonly reason: ChatReason | HoldReason;
      readonly chat: ChatRecord;
    }
  | { readonly kind: 'failed'; readonly refusal: Refusal };

/** Real time after which we answer that a share is still running. */
const PATIENCE_MS = 10 * SECOND;

/** Among so many attempts is one that another replica ended while we made its call. */
const LATEST = 10;

type Sharing = Pick<StatusDeps, 'store' | 'dispatcher' | 'clock' | 'isDraining'>;

/** Shares a chat regardless of policy, window and backoff; waits up to 10 s for the result. @throws {StoreError} */
export async function shareNow(
  { store, dispatcher, clock, isDraining }: Sharing,
  chatId: string,
): Promise<ShareNow> {
  const known = await store.chat(chatId);
  if (known === null) return { kind: 'failed', refusal: chatNotFound(chatId) };
  if (isDraining()) return { kind: 'failed', refusal: DRAINING };
  const share = await within(PATIENCE_MS, dispatcher.shareManually(chatId), clock);
  if (share?.kind === 'stopped') return { kind: 'failed', refusal: DRAINING };
  if (share?.kind === 'not_found') return { kind: 'failed', refusal: chatNotFound(chatId) };
  if (share?.kind === 'settled') return share;
  const chat = (await store.chat(chatId)) ?? known;
  if (share?.kind === 'refused') return { ...share, chat };
  const attempts = await store.attempts(chatId, LATEST);
  const lost = attempts.find(({ attemptId }) => share?.kind === 'lost' && attemptId === share.attemptId);
  if (lost !== undefined && lost.endedAt !== null) return { kind: 'settled', attempt: lost, chat };
  const [latest] = attempts;
  return { kind: 'running', attempt: latest?.endedAt === null ? latest : null, chat };
}

/** Changes an operator's decision about a chat; null: no such chat. @throws {StoreError} */
export async function changeChat(
  { store, dispatcher, clock }: Pick<StatusDeps, 'store' | 'dispatcher' | 'clock'>,
  chatId: string,
  change: (chat: ChatRecord, now: EpochMs) => ChatRecord,
): Promise<ChatRecord | null> {
  const now = clock.now();
  const chat = await store.updateChat(chatId, (stored) => change(stored, now), now);
  dispatcher.nudge();
  return chat;
}

/** Held by an operator from now on, unless it already is. */
export function holdChat(chat: ChatRecord, now: EpochMs): ChatRecord {
  return chat.operatorHeldAt === null ? { ...chat, operatorHeldAt: now } : chat;
}

const DRAINING: Refusal = {
  statusCode: 503,
  code: 'SHUTTING_DOWN',
  message: 'The service is shutting down. Try again when it is back.',
};

/** The promise's value, or null if it takes longer. */
async function within<T>(ms: number, promise: Promise<T>, clock: Clock): Promise<T | null> {
  const settled = new AbortController();
  const timeout = clock.sleepUntil(clock.now() + clock.toDomain(ms), ms, settled.signal).then(() => null);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    settled.abort();
  }
}
