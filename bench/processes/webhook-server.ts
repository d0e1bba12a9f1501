import type { AddressInfo } from 'node:net';
import type { ReactorEvent } from '../../src/decide/event.ts';
import type { Store } from '../../src/store/store.ts';
import { answerParent } from '../child.ts';
import { loadProgram, type Program } from '../program.ts';
import { API_KEY, CONCURRENCY, POLICY, SECRET, TOLERANCE_MS } from '../settings.ts';

/**
 * `committing`: the service with sharing paused. `per-request`: each delivery is a transaction of its own.
 * `ceiling`: verifies and parses, and stores nothing. The server around them is the same.
 */
export type WebhookServerKind = 'committing' | 'per-request' | 'ceiling';

/** `listen` resolves to the port, `cpu` to the microseconds of processor time used up to now. */
export type WebhookServerQuestion =
  | { readonly ask: 'listen'; readonly kind: WebhookServerKind; readonly databasePath: string }
  | { readonly ask: 'cpu' };

type Record = (event: ReactorEvent) => Promise<'stored' | { readonly unstorable: string }>;

async function listen(kind: WebhookServerKind, databasePath: string): Promise<number> {
  const program = await loadProgram();
  const clock = program.clock.createSystemClock();
  const app = await program.httpServer.createHttpServer({
    trustProxy: false,
    log: { level: 'info', format: 'json' },
    isDraining: () => false,
  });
  const store =
    kind === 'ceiling' ? null : program.sqliteStore.openSqliteStore({ path: databasePath, policy: POLICY });
  const record = await recordOf(kind, program, store, app.log);
  const verifying = { secrets: [SECRET], toleranceMs: TOLERANCE_MS, acceptLegacySignatures: false };
  await app.register(async (scope) =>
    program.route.webhookRoute(scope, {
      verify: program.verify.createVerifier(verifying),
      parse: program.parse.parseDelivery,
      record,
      seal: (raw) => program.quarantine.sealDelivery(raw, SECRET),
      quarantine: () => Promise.reject(new Error('a delivery could not be read')),
      clock,
      onStale: () => {},
      linqDateOffMs: () => null,
      isDraining: () => false,
      rateLimit: 0,
      counters: program.deliveryLog.createWebhookCounters(),
      deliveries: program.deliveryLog.createDeliveryLog(),
    }),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

async function recordOf(
  kind: WebhookServerKind,
  program: Program,
  store: Store | null,
  log: Parameters<Program['dispatcher']['createDispatcher']>[0]['log'],
): Promise<Record> {
  if (store === null) return async () => 'stored';
  const clock = program.clock.createSystemClock();
  if (kind === 'per-request') {
    return async (event) => {
      const [recorded] = await store.record([event], clock.now());
      return recorded?.kind === 'stored' ? 'stored' : { unstorable: String(recorded?.cause) };
    };
  }
  const guard = program.clockGuard.createClockGuard({ clock, lastHeartbeatAt: null, onCorrected: () => {} });
  const linq = program.linqClient.createLinqClient({
    baseUrl: 'http://127.0.0.1:9',
    apiKey: API_KEY,
    connections: 1,
    clock,
    onDate: guard.heard,
  });
  const dispatcher = program.dispatcher.createDispatcher({
    store,
    linq,
    clock,
    guard,
    policy: POLICY,
    concurrency: CONCURRENCY,
    ratePerLine: 0,
    cardTtlMs: 600_000,
    random: Math.random,
    log,
    onFatal: () => process.exit(1),
  });
  await dispatcher.pause();
  await dispatcher.start();
  const recorder = program.recorder.createRecorder({
    commit: (events, now) => store.record(events, now),
    now: () => clock.now(),
    onRecorded: () => dispatcher.nudge(),
  });
  return recorder.record;
}

answerParent<WebhookServerQuestion, number>(async (question) => {
  if (question.ask === 'listen') return listen(question.kind, question.databasePath);
  const { user, system } = process.cpuUsage();
  return user + system;
});
