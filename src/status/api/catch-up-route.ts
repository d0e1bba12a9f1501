import type { FastifyInstance } from 'fastify';
import type { CatchUpView as Progress } from '../../catch-up/catch-up.ts';
import { answer } from '../../http/answers.ts';
import type { StatusDeps } from '../view/deps.ts';
import { isoTime } from '../view/wording.ts';
import { changeAnswers, TOKEN_SECURITY } from './route-schema.ts';
import { CatchUpSchema, type CatchUpView } from './schemas.ts';

/**
 * `POST /status/catch-up`: reads from the API what happened up to now. 202 with how far it is; the state tells the
 * rest. Asked again while it waits to begin, it is the same one.
 */
export function catchUpRoute(app: FastifyInstance, { catchUp }: StatusDeps): void {
  const schema = {
    operationId: 'startCatchUp',
    summary: 'Read what webhooks missed',
    description:
      'Asked again while one waits to begin, it is the same one. `GET /status` shows how far it is.',
    tags: ['Steering'],
    security: TOKEN_SECURITY,
    response: changeAnswers({ 202: answer('It begins, or waits to; this is how far it is.', CatchUpSchema) }),
  };
  app.post('/status/catch-up', { schema }, async (_request, reply) => {
    await catchUp.request();
    return reply.code(202).send(showCatchUp(catchUp.view()));
  });
}

export function showCatchUp({ activity, cause, run, completedAt }: Progress): CatchUpView {
  return {
    state: activity,
    cause,
    lastCompletedAt: isoTime(completedAt),
    startedAt: isoTime(run?.startedAt ?? null),
    chatsSeen: run?.chatsSeen ?? 0,
    chatsTotal: run?.chatsTotal ?? null,
    chatsRead: run?.chatsRead ?? 0,
    chatsChanged: run?.chatsChanged ?? 0,
    chatsUnread: run?.chatsUnread ?? 0,
  };
}
