import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../clock.ts';
import type { ChatRecord } from '../decide/chat.ts';
import { SECOND } from '../decide/duration.ts';
import type { ManualShare } from '../dispatch/manual.ts';
import { answer } from '../http-schemas.ts';
import { chatNotFound, type Refusal, refuse } from './answers.ts';
import { ChatParams } from './chat-routes.ts';
import { type Moment, showAttempt, showChat } from './chat-view.ts';
import { momentOf, type StatusDeps } from './deps.ts';
import { explain } from './explanation.ts';
import { CHAT_NOT_FOUND_ANSWER, changeAnswers, NAMED_ANSWERS, TOKEN_SECURITY } from './route-schema.ts';
import { ErrorSchema, NotShareableSchema, ShareSchema } from './schemas.ts';

/** Real time after which the client is told that the share is still under way. */
const PATIENCE_MS = 10 * SECOND;

const SHARE_SCHEMA = {
  operationId: 'shareChat',
  summary: 'Share now',
  description:
    'Whatever policy, window and backoff say. It counts, and the window begins anew. What only Linq or an operator’s hold forbids stays forbidden (409).',
  tags: ['Chats'],
  security: TOKEN_SECURITY,
  params: ChatParams,
  response: changeAnswers({
    200: answer('The attempt has ended; its outcome tells how.', ShareSchema),
    202: answer('It goes on by itself, or waits for its turn: look at the chat later.', ShareSchema),
    ...NAMED_ANSWERS,
    404: CHAT_NOT_FOUND_ANSWER,
    409: answer('`NOT_SHAREABLE`: not even by hand; `reason` says why.', NotShareableSchema),
    503: answer(
      'The service is shutting down, or the database can’t do it now. Try again later.',
      ErrorSchema,
    ),
  }),
};

/** `POST /status/chats/{chatId}/share`: shares at an operator's word, whatever policy, window and backoff say. */
export function shareRoute(plain: FastifyInstance, deps: StatusDeps): void {
  const { store, dispatcher, clock, isDraining } = deps;
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post('/status/chats/:chatId/share', { schema: SHARE_SCHEMA }, async ({ params: { chatId } }, reply) => {
    const known = await store.chat(chatId);
    if (known === null) return refuse(reply, chatNotFound(chatId));
    if (isDraining()) return refuse(reply, DRAINING);
    const share = await within(PATIENCE_MS, dispatcher.shareManually(chatId), clock);
    if (share?.kind === 'stopped') return refuse(reply, DRAINING);
    if (share?.kind === 'not_found') return refuse(reply, chatNotFound(chatId));
    if (share?.kind === 'settled') {
      return { attempt: showAttempt(share.attempt), chat: showChat(share.chat, momentOf(deps)) };
    }
    const chat = (await store.chat(chatId)) ?? known;
    if (share?.kind === 'refused') return refuse(reply, ...notShareable(chat, share, momentOf(deps)));
    const [latest] = await store.attempts(chatId, 1);
    const open = latest?.endedAt === null ? showAttempt(latest) : null;
    return reply.code(202).send({ attempt: open, chat: showChat(chat, momentOf(deps)) });
  });
}

function notShareable(
  chat: ChatRecord,
  { state, reason }: Extract<ManualShare, { kind: 'refused' }>,
  { policy, now, closures }: Moment,
): [Refusal, object] {
  const closure = closures.of(chat.line);
  const why = explain({ chat, state, reason, nextAttemptAt: null, closure, policy, now });
  const message = `This chat can't be shared now. ${why}`;
  return [
    { statusCode: 409, code: 'NOT_SHAREABLE', message },
    { state, reason },
  ];
}

const DRAINING: Refusal = {
  statusCode: 503,
  code: 'SHUTTING_DOWN',
  message: 'The service is shutting down; try again once it is back.',
};

/** The promise's value, or null if it isn't there in time. */
async function within<T>(ms: number, promise: Promise<T>, clock: Clock): Promise<T | null> {
  const settled = new AbortController();
  const timeout = clock.sleepUntil(clock.now() + clock.toDomain(ms), ms, settled.signal).then(() => null);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    settled.abort();
  }
}
