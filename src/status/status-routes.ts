import type { FastifyInstance } from 'fastify';
import { isPlain } from '../decide/text.ts';
import { guardRoutes } from '../http/access.ts';
import { answerFaults, badParameter } from '../http/answers.ts';
import { chatActionRoutes } from './api/chat-actions.ts';
import { chatRoutes } from './api/chat-routes.ts';
import type { StatusDeps } from './api/deps.ts';
import { healthRoutes } from './api/health-routes.ts';
import { createOverview } from './api/overview.ts';
import { quarantineRoutes } from './api/quarantine-routes.ts';
import { lookAnswers, TOKEN_SECURITY } from './api/route-schema.ts';
import { steeringRoutes } from './api/steering-routes.ts';
import { assetRoutes, refuseReadably } from './page/layout.ts';
import { pageRoutes } from './page/page-routes.ts';
import { OverviewSchema } from './view/schemas.ts';

const UNPLAIN = 'The id in the path has a space or an invisible character; no chat or line has one.';
/** PostgreSQL takes no text that has one. */
const HAS_NUL = 'A parameter has a NUL character; nothing that is stored has one.';

/** None of these routes needs a body; one that is sent anyway is ignored. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * Where people and machines read and control the service: `/healthz` and `/readyz` for everyone, `/status…`
 * with a token, and the pages. Register it in its own scope.
 */
export async function statusRoutes(app: FastifyInstance, deps: StatusDeps): Promise<void> {
  answerFaults(app, refuseReadably);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, _raw, done) =>
    done(null, undefined),
  );
  healthRoutes(app, deps);
  assetRoutes(app);
  await app.register(async (guarded) => {
    await guardRoutes(guarded, deps, refuseReadably);
    guarded.addHook('preValidation', async ({ params, query }, reply) => {
      const names = Object.values(Object(params));
      if (names.some((name) => typeof name === 'string' && !isPlain(name)))
        return refuseReadably(reply, badParameter(UNPLAIN));
      const values = Object.values(Object(query)).flat();
      if (values.some((value) => typeof value === 'string' && value.includes('\0')))
        return refuseReadably(reply, badParameter(HAS_NUL));
      return undefined;
    });
    guarded.get(
      '/status',
      {
        schema: {
          operationId: 'getStatus',
          summary: 'See the status',
          description: 'Problems first, each with what to do. As cheap with a million chats as with one.',
          tags: ['Status'],
          security: TOKEN_SECURITY,
          response: lookAnswers({ 200: OverviewSchema }),
        },
      },
      createOverview(deps),
    );
    chatRoutes(guarded, deps);
    chatActionRoutes(guarded, deps);
    quarantineRoutes(guarded, deps);
    steeringRoutes(guarded, deps);
    pageRoutes(guarded, deps);
  });
}
