import type { Clock } from '../clock.ts';
import { showDatabase } from '../config/database-kind.ts';
import type { Config } from '../config/settings.ts';
import { doublingMs } from '../decide/pacing.ts';
import { SECOND } from '../decide/time.ts';
import { StoreError } from '../errors.ts';
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
 * Opens the store that the settings name. A database server that can't be reached is waited for; meanwhile every request
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
        if (!(error instanceof StoreError) || error.fault !== 'unavailable') throw error;
        waiting ??= await listenWaiting(config, log);
        waiting.log.warn({ database: showDatabase(database), err: error }, 'store.waiting');
        const ms = doublingMs(failures, ...RETRY_MS);
        await clock.sleepUntil(Number.POSITIVE_INFINITY, ms, new AbortController().signal);
      }
    }
  } finally {
    waiting?.server.closeAllConnections();
    await waiting?.close();
  }
}

/** Serves nothing but that there is nothing to serve yet. */
async function listenWaiting({ server: { trustProxy, host, port } }: Config, log: LogSettings) {
  const server = await createHttpServer({ trustProxy, log, isDraining: () => true });
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.setNotFoundHandler((_request, reply) =>
    reply.code(503).send({
      statusCode: 503,
      code: 'NOT_READY',
      error: 'Service Unavailable',
      message: "The database can't be reached yet. Try again in a few seconds.",
    }),
  );
  await server.listen({ host, port, backlog: LISTEN_BACKLOG });
  return server;
}
