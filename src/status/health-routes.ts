import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { MINUTE } from '../decide/duration.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Store } from '../store/store.ts';
import { refuse } from './answers.ts';
import { isDiskFull, spaceInWords } from './disk.ts';
import type { StoreProbe } from './store-probe.ts';

export interface HealthDeps {
  readonly store: Pick<Store, 'schemaVersion' | 'diskSpace'>;
  readonly probeStore: () => Promise<StoreProbe>;
  readonly dispatcher: Pick<Dispatcher, 'lastTurnAt'>;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
}

/** Real time. The dispatcher takes a turn at least once a minute. */
const ALIVE_MS = 2 * MINUTE;

const CHECKS = ['store', 'disk', 'migrated', 'dispatcher', 'accepting'] as const;
type Checks = Record<(typeof CHECKS)[number], string>;

const ChecksSchema = Type.Object({
  store: Type.String(),
  disk: Type.String(),
  migrated: Type.String(),
  dispatcher: Type.String(),
  accepting: Type.String(),
});
const NotReadySchema = Type.Object({
  statusCode: Type.Integer(),
  code: Type.String(),
  error: Type.String(),
  message: Type.String(),
  checks: ChecksSchema,
});

/** `GET /healthz`: the process answers. `GET /readyz`: it can do its work. Both are open and tell nothing of chats. */
export function healthRoutes(app: FastifyInstance, deps: HealthDeps): void {
  app.get(
    '/healthz',
    { schema: { response: { 200: Type.Object({ status: Type.String() }) } } },
    async () => ({ status: 'ok' }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        response: { 200: Type.Object({ status: Type.String(), checks: ChecksSchema }), 503: NotReadySchema },
      },
    },
    async (_request, reply) => {
      const checks = await runChecks(deps);
      const failing = CHECKS.filter((name) => checks[name] !== 'ok').map(
        (name) => `${name}: ${checks[name]}`,
      );
      if (failing.length === 0) return { status: 'ready', checks };
      const message = `Not ready: ${failing.join('; ')}.`;
      return refuse(reply, { statusCode: 503, code: 'NOT_READY', message }, { checks });
    },
  );
}

/** Each check is `ok` or says what is wrong. */
async function runChecks({ store, probeStore, dispatcher, clock, isDraining }: HealthDeps): Promise<Checks> {
  const probe = await probeStore();
  const disk = await store.diskSpace().catch(() => null); // a store that is gone shows as such
  const idleMs = clock.monotonic() - dispatcher.lastTurnAt();
  return {
    store: probe.isWritable ? 'ok' : `the database can't be written (${probe.fault})`,
    disk: disk !== null && isDiskFull(disk) ? `the disk is full: ${spaceInWords(disk)} left` : 'ok',
    migrated: store.schemaVersion > 0 ? 'ok' : 'the database has no schema yet',
    dispatcher: idleMs < ALIVE_MS ? 'ok' : `took no turn for ${Math.floor(idleMs / 1000)} s`,
    accepting: isDraining() ? 'the service is draining: it shuts down' : 'ok',
  };
}
