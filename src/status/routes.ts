import type { FastifyInstance } from 'fastify';
import { guardRoutes } from './access.ts';
import { answerFaults } from './answers.ts';
import { catchUpRoute } from './catch-up-route.ts';
import { chatRoutes } from './chat-routes.ts';
import type { StatusDeps } from './deps.ts';
import { healthRoutes } from './health-routes.ts';
import { showOverview } from './overview.ts';
import { quarantineRoutes } from './quarantine-routes.ts';
import { ErrorSchema, type Overview, OverviewSchema } from './schemas.ts';
import { shareRoute } from './share-route.ts';
import { steeringRoutes } from './steering-routes.ts';

/** None of these routes takes a body; one that comes along all the same is left alone. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * What people and machines see of the service, and steer it by: `/healthz` and `/readyz` for everyone, `/status…` with
 * a token. Register it in a scope of its own.
 */
export async function statusRoutes(app: FastifyInstance, deps: StatusDeps): Promise<void> {
  answerFaults(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, _raw, done) =>
    done(null, undefined),
  );
  healthRoutes(app, deps);
  await app.register(async (guarded) => {
    await guardRoutes(guarded, deps);
    guarded.get(
      '/status',
      { schema: { response: { 200: OverviewSchema, '4xx': ErrorSchema } } },
      createOverview(deps),
    );
    chatRoutes(guarded, deps);
    shareRoute(guarded, deps);
    catchUpRoute(guarded, deps);
    quarantineRoutes(guarded, deps);
    steeringRoutes(guarded, deps);
  });
}

/** Draws the whole picture. Nothing in it takes longer with more chats. */
function createOverview(deps: StatusDeps): () => Promise<Overview> {
  const { store, policy, showNumbers, version, startedAt, webhookCounters } = deps;
  return async () => {
    const { problems, situation } = await deps.watch.look();
    const { now, gates, counts, heads, lastBackupAt } = situation;
    const { kind, schemaVersion } = store;
    return showOverview({
      version,
      startedAt,
      now,
      problems,
      webhooks: webhookCounters(),
      counts,
      totals: await store.shareTotals(now),
      heads,
      gates,
      store: { kind, schemaVersion, sizeBytes: await store.sizeBytes() },
      lastBackupAt,
      catchUp: deps.catchUp.view(),
      policy,
      showNumbers,
    });
  };
}
