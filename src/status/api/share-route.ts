import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { answer, type Refusal, refuse } from '../../http/answers.ts';
import { type Moment, showAttempt, showChat } from '../view/chat-view.ts';
import { momentOf, type StatusDeps } from '../view/deps.ts';
import { explain, type Told } from '../view/explanation.ts';
import { type ShareNow, shareNow } from './chat-actions.ts';
import { ChatParams } from './chat-routes.ts';
import { CHAT_NOT_FOUND_ANSWER, changeAnswers, NAMED_ANSWERS, TOKEN_SECURITY } from './route-schema.ts';
import { ErrorSchema, NotShareableSchema, ShareSchema } from './schemas.ts';

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
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();

  app.post('/status/chats/:chatId/share', { schema: SHARE_SCHEMA }, async ({ params: { chatId } }, reply) => {
    const share = await shareNow(deps, chatId);
    if (share.kind === 'failed') return refuse(reply, share.refusal);
    const moment = momentOf(deps);
    if (share.kind === 'refused') return refuse(reply, ...notShareable(share, moment));
    const attempt = share.attempt === null ? null : showAttempt(share.attempt);
    return reply
      .code(share.kind === 'settled' ? 200 : 202)
      .send({ attempt, chat: showChat(share.chat, moment) });
  });
}

function notShareable(
  { chat, state, reason }: Extract<ShareNow, { kind: 'refused' }>,
  moment: Moment,
): [Refusal, object] {
  const message = whyNotShareable({ chat, state, reason }, moment);
  return [
    { statusCode: 409, code: 'NOT_SHAREABLE', message },
    { state, reason },
  ];
}

/** Why a chat can't be shared even by hand, for people. */
export function whyNotShareable(
  refused: Pick<Told, 'chat' | 'state' | 'reason'>,
  { policy, now, closures }: Moment,
): string {
  const closure = closures.of(refused.chat.line);
  return `This chat can't be shared now. ${explain({ ...refused, nextAttemptAt: null, closure, policy, now })}`;
}
