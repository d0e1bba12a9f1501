import type { FastifyInstance } from 'fastify';
import { isPlain } from '../../decide/text.ts';
import { guardRoutes } from '../../http/access.ts';
import { answerFaults, badParameter } from '../../http/answers.ts';
import { assetRoutes } from '../page/assets.ts';
import { refuseReadably } from '../page/refusal.ts';
import { pageRoutes } from '../page/routes.ts';
import type { StatusDeps } from '../view/deps.ts';
import { createOverview } from '../view/whole-picture.ts';
import { catchUpRoute } from './catch-up-route.ts';
import { chatRoutes } from './chat-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { quarantineRoutes } from './quarantine-routes.ts';
import { lookAnswers, TOKEN_SECURITY } from './route-schema.ts';
import { OverviewSchema } from './schemas.ts';
import { shareRoute } from './share-route.ts';
import { steeringRoutes } from './steering-routes.ts';

const UNPLAIN =
  'The id in the path has a space in it, or a character that doesn’t show; no chat and no line has.';

/** None of these routes takes a body; one that comes along all the same is left alone. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * What people and machines see of the service, and steer it by: `/healthz` and `/readyz` for everyone, `/status…` with
 * a token, and the pages. Register it in a scope of its own.
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
    guarded.addHook('preValidation', async ({ params }, reply) => {
      const names = Object.values(Object(params));
      if (names.some((name) => typeof name === 'string' && !isPlain(name)))
        return refuseReadably(reply, badParameter(UNPLAIN));
      return undefined;
    });
    guarded.get(
      '/status',
      {
        schema: {
          operationId: 'getStatus',
          summary: 'See the whole picture',
          description: 'Problems first, each with what to do. As cheap with a million chats as with one.',
          tags: ['Status'],
          security: TOKEN_SECURITY,
          response: lookAnswers({ 200: OverviewSchema }),
        },
      },
      createOverview(deps),
    );
    chatRoutes(guarded, deps);
    shareRoute(guarded, deps);
    catchUpRoute(guarded, deps);
    quarantineRoutes(guarded, deps);
    steeringRoutes(guarded, deps);
    pageRoutes(guarded, deps);
  });
}
