import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.ts';
import { MINUTE } from '../../decide/time.ts';
import type { Dispatcher } from '../../dispatch/dispatcher.ts';
import { ERROR_FIELDS, named, refuse } from '../../http/answers.ts';
import type { Store } from '../../store/store.ts';
import { isDiskFull } from '../problems/signs.ts';
import type { StoreProbe } from '../problems/store-probe.ts';
import { text } from '../view/schemas.ts';
import { bytesInWords } from '../view/wording.ts';
import { NO_SECURITY } from './route-schema.ts';

export interface HealthDeps {
  readonly store: Pick<Store, 'schemaVersion' | 'diskSpace'>;
  readonly probeStore: () => Promise<StoreProbe>;
  readonly dispatcher: Pick<Dispatcher, 'lastTurnAt'>;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
}

/** Real time. The dispatcher runs at least once a minute. */
const ALIVE_MS = 2 * MINUTE;

const CHECKS = ['store', 'disk', 'migrated', 'dispatcher', 'accepting'] as const;
type Checks = Record<(typeof CHECKS)[number], string>;

const ChecksSchema = named('Checks', 'What was checked: each is `ok`, or says what is wrong.', {
  store: text('A real write to the database; its result is kept for 5 seconds.'),
  disk: text('There is room to write.'),
  migrated: text('The database has this version’s schema.'),
  dispatcher: text('It ran within the last two minutes.'),
  accepting: text('The service isn’t shutting down.'),
});
const ReadySchema = named('Ready', 'The service can do its work.', {
  status: text('`ready`.'),
  checks: ChecksSchema,
});
const NotReadySchema = named('NotReady', 'The service can’t do its work now.', {
  ...ERROR_FIELDS,
  checks: ChecksSchema,
});

const HEALTH_SCHEMA = {
  operationId: 'getHealth',
  summary: 'Check that the process answers',
  description: 'Doesn’t say whether the service can do its work; `/readyz` does.',
  tags: ['Health'],
  security: NO_SECURITY,
  response: { 200: named('Alive', 'The event loop answers.', { status: text('`ok`.') }) },
};
const READINESS_SCHEMA = {
  operationId: 'getReadiness',
  summary: 'Check that the service can do its work',
  tags: ['Health'],
  security: NO_SECURITY,
  response: { 200: ReadySchema, 503: NotReadySchema },
};

/**
 * `GET /healthz`: the process responds. `GET /readyz`: it can do its work. Both are open and reveal nothing
 * about chats.
 */
export function healthRoutes(app: FastifyInstance, deps: HealthDeps): void {
  app.get('/healthz', { schema: HEALTH_SCHEMA }, async () => ({ status: 'ok' }));
  app.get('/readyz', { schema: READINESS_SCHEMA }, async (_request, reply) => {
    const checks = await runChecks(deps);
    const failing = CHECKS.filter((name) => checks[name] !== 'ok').map((name) => `${name}: ${checks[name]}`);
    if (failing.length === 0) return { status: 'ready', checks };
    const message = `Not ready: ${failing.join('; ')}.`;
    return refuse(reply, { statusCode: 503, code: 'NOT_READY', message }, { checks });
  });
}

const wordOf = (fault: string) =>
  fault === 'reverted'
    ? 'the database went back to an earlier moment: stop all replicas, run `contact-card-reactor restore --mark`, and start them'
    : `the database can’t be written (${fault})`;

/** Each check is `ok` or says what is wrong. */
async function runChecks({ store, probeStore, dispatcher, clock, isDraining }: HealthDeps): Promise<Checks> {
  const probe = await probeStore();
  const disk = await store.diskSpace().catch(() => null); // the store's own check reports a store that is gone
  const idleMs = clock.monotonic() - dispatcher.lastTurnAt();
  return {
    store: probe.isWritable ? 'ok' : wordOf(probe.fault),
    disk: disk !== null && isDiskFull(disk) ? `the disk is full: ${bytesInWords(disk.freeBytes)} left` : 'ok',
    migrated: store.schemaVersion > 0 ? 'ok' : 'the database has no schema yet',
    dispatcher: idleMs < ALIVE_MS ? 'ok' : `has not run for ${Math.floor(idleMs / 1000)} s`,
    accepting: isDraining() ? 'the service is shutting down' : 'ok',
  };
}
