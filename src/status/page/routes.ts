import type { FastifyInstance } from 'fastify';
import type { StatusDeps } from '../view/deps.ts';
import { actionRoutes, noticeOf } from './actions.ts';
import { chatPages } from './chat-pages.ts';
import { sendPage } from './layout.ts';
import { renderOverview } from './overview-page.ts';
import { createOverviewPage } from './overview-view.ts';

/** The pages for people. Register them where only requests with a token come. */
export function pageRoutes(app: FastifyInstance, deps: StatusDeps): void {
  const look = createOverviewPage(deps);
  app.get<{ Querystring: { done?: unknown } }>('/', async ({ query }, reply) =>
    sendPage(reply, renderOverview(await look(), noticeOf(query.done))),
  );
  actionRoutes(app, deps);
  chatPages(app, deps);
}
