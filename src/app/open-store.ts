import type { Clock } from '../clock.ts';
import { showDatabase } from '../config/database-kind.ts';
import type { Config } from '../config/settings.ts';
import { doublingMs } from '../decide/pacing.ts';
import { SECOND } from '../decide/time.ts';
import { StoreError, type StoreFault } from '../errors.ts';
import { createHttpServer, LISTEN_BACKLOG } from '../http/server.ts';
import type { LogSettings } from '../log.ts';
import type { StoreObserver } from '../store/around.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';

interface OpenOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly observer: StoreObserver;
  readonly log: LogSettings;
}

/** Real time between two tries to reach a database server. */
const RETRY_MS = [SECOND, 4 * SECOND] as const;

/**
 * What a database server recovers from without us: a restart, a failover, a full disk, a migration or a correction of the
 * clock by others.
 */
const PASSING: ReadonlySet<StoreFault> = new Set(['unavailable', 'readonly', 'full', 'busy', 'outdated']);

export const isPassing = (error: unknown): error is StoreError =>
  error instanceof StoreError && PASSING.has(error.fault);

/**
 * Opens the store that the settings name. A database server that can't work yet is waited for; meanwhile every request
 * is answered 503, so that Linq repeats its deliveries.
 * @throws {StoreError} when waiting doesn't help
 */
export async function openStore({ config, clock, observer, log }: OpenOptions): Promise<Store> {
  const { database, databaseSchema: schema, policy } = config;
  if (database.kind === 'sqlite') return openSqliteStore({ path: database.path, policy, observer });
  const { openPostgresStore } = await import('../store/postgres/postgres-store.ts'); // SQLite's users don't load it
  const { url } = database;
  let waiting: Awaited<ReturnType<typeof listenWaiting>> | null = null;
  try {
    for (let failures = 0; ; failures++) {
      try {
        return await openPostgresStore({ url, schema, policy, observer, clock });
      } catch (error) {
        if (!isPassing(error)) throw error;
        waiting ??= await listenWaiting(config, log);
        const { fault, message } = error;
        waiting.tell(fault);
        waiting.log.warn({ database: showDatabase(database), fault, why: message }, 'store.waiting');
        const ms = doublingMs(failures, ...RETRY_MS);
        await clock.sleepUntil(Number.POSITIVE_INFINITY, ms, new AbortController().signal);
      }
    }
  } finally {
    await waiting?.close();
  }
}

/** Serves nothing but that there is nothing to serve yet, and why. */
async function listenWaiting({ server: { trustProxy, host, port } }: Config, log: LogSettings) {
  const server = await createHttpServer({ trustProxy, log, isDraining: () => true });
  let fault: StoreFault = 'unavailable';
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.all('/*', (request, reply) =>
    reply.code(503).send({
      statusCode: 503,
      code: 'NOT_READY',
      error: 'Service Unavailable',
      message: `The database can’t be used yet (${fault}); the service log says why. Try again in a few seconds.`,
      ...(request.url === '/readyz'
        ? { checks: { store: `the database can’t be used yet (${fault})` } }
        : {}),
    }),
  );
  await server.listen({ host, port, backlog: LISTEN_BACKLOG });
  return {
    log: server.log,
    tell(latest: StoreFault) {
      fault = latest;
    },
    async close() {
      server.server.closeAllConnections();
      await server.close();
    },
  };
}
