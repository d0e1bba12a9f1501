import type { FastifyInstance } from 'fastify';
import { releaseLine } from '../api/steering-routes.ts';
import type { StatusDeps } from '../view/deps.ts';
import { leadTo, type Notice } from './layout.ts';
import { refuseReadably } from './refusal.ts';

/** What an operator asked for, by the word that leads back to the page. */
const OVERVIEW_NOTICES: ReadonlyMap<string, string> = new Map([
  ['pause', 'Sharing is paused: nothing is shared until you resume.'],
  ['resume', 'Sharing goes on.'],
  ['catch-up', 'A catch-up is asked for; its progress shows under Service.'],
  ['release', 'The line’s hold is ended.'],
]);

/** What to say on top of the page; null: nothing that we know. */
export function noticeOf(word: unknown): Notice | null {
  const text = typeof word === 'string' ? OVERVIEW_NOTICES.get(word) : undefined;
  return text === undefined ? null : { kind: 'done', text };
}

/** The forms of the first page. Each does what its counterpart under `/status` does, and leads back. */
export function actionRoutes(app: FastifyInstance, deps: StatusDeps): void {
  const { dispatcher, catchUp } = deps;

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

  app.post<{ Params: { line: string } }>('/lines/:line/release', async ({ params }, reply) => {
    const released = await releaseLine(deps, params.line);
    return 'refusal' in released ? refuseReadably(reply, released.refusal) : leadTo(reply, '/?done=release');
  });
}
