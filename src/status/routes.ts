import type { FastifyInstance } from 'fastify';
import type { EpochMs } from '../decide/duration.ts';
import type { Store } from '../store/store.ts';
import { guardRoutes } from './access.ts';
import { answerFaults } from './answers.ts';
import { chatRoutes } from './chat-routes.ts';
import { closuresOf } from './closures.ts';
import type { StatusDeps } from './deps.ts';
import { healthRoutes } from './health-routes.ts';
import { showOverview } from './overview.ts';
import { createProblemList } from './problems.ts';
import { ErrorSchema, type Overview, OverviewSchema } from './schemas.ts';
import { shareRoute } from './share-route.ts';
import { showCounts } from './shown-counts.ts';
import { steeringRoutes } from './steering-routes.ts';
import { createStoreProbe, type StoreProbe } from './store-probe.ts';

/** None of these routes takes a body; one that comes along all the same is left alone. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * What people and machines see of the service, and steer it by: `/healthz` and `/readyz` for everyone, `/status…` with
 * a token. Register it in a scope of its own.
 */
export async function statusRoutes(app: FastifyInstance, deps: StatusDeps): Promise<void> {
  const probeStore = createStoreProbe(deps.store, deps.clock);
  answerFaults(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, _raw, done) =>
    done(null, undefined),
  );
  healthRoutes(app, { ...deps, probeStore });
  await app.register(async (guarded) => {
    await guardRoutes(guarded, deps);
    const look = createLook(deps, probeStore);
    guarded.get('/status', { schema: { response: { 200: OverviewSchema, '4xx': ErrorSchema } } }, look);
    chatRoutes(guarded, deps);
    shareRoute(guarded, deps);
    steeringRoutes(guarded, deps);
  });
}

/** Draws the whole picture. Nothing in it takes longer with more chats. */
function createLook(deps: StatusDeps, probeStore: () => Promise<StoreProbe>): () => Promise<Overview> {
  const { store, dispatcher, clock, policy, showNumbers, version, startedAt, webhookCounters } = deps;
  const listProblems = createProblemList();
  return async () => {
    const probe = await probeStore();
    const now = clock.now();
    const gates = dispatcher.view();
    const counts = showCounts(await store.counts(), closuresOf(gates));
    const problems = listProblems({
      now,
      gates,
      probe,
      quarantined: await store.quarantinedCount(now),
      parked: { count: counts.parked, oldestAt: counts.parked === 0 ? null : await oldestParkedAt(store) },
      policy,
      showNumbers,
    });
    return showOverview({
      version,
      startedAt,
      now,
      problems,
      webhooks: webhookCounters(),
      counts,
      totals: await store.shareTotals(now),
      heads: await store.nextAttempts(),
      gates,
      store: { kind: store.kind, schemaVersion: store.schemaVersion, sizeBytes: await store.sizeBytes() },
      lastBackupAt: await store.lastBackupAt(),
      policy,
      showNumbers,
    });
  };
}

const PARKED_READ = 200;

/** Of the first chats that are parked: seldom are there more. */
async function oldestParkedAt(store: Pick<Store, 'chats'>): Promise<EpochMs | null> {
  const filter = { states: null, reasons: ['parked'] as const, lines: null, notLines: null };
  const { chats } = await store.chats([filter], PARKED_READ, null);
  const instants = chats.map(({ parkedAt }) => parkedAt).filter((at) => at !== null);
  return instants.length === 0 ? null : Math.min(...instants);
}
