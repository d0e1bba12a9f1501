import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { ReactorEvent } from '../../src/decide/event.ts';
import type { Store } from '../../src/store/store.ts';
import { answerParent } from '../child.ts';
import { type Database, openStore } from '../open-store.ts';
import { loadProgram, type Program } from '../program.ts';
import { API_KEY, CONCURRENCY, POLICY, SECRET, TOLERANCE_MS } from '../settings.ts';

/**
 * `committing`: the service with sharing paused. `per-request`: the same, but each delivery is a transaction of its
 * own. `verify-only`: a bare fastify route that checks the signature, parses the JSON, and has nothing of ours.
 */
export type WebhookServerKind = 'committing' | 'per-request' | 'verify-only';

/** `listen` resolves to the port, `cpu` to the microseconds of processor time used up to now. */
export type WebhookServerQuestion =
  | { readonly ask: 'listen'; readonly kind: WebhookServerKind; readonly database: Database }
  | { readonly ask: 'cpu' };

type Record = (event: ReactorEvent) => Promise<'stored' | { readonly unstorable: string }>;

async function listenBare(): Promise<number> {
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post<{ Body: Buffer }>('/webhooks/linq', async ({ headers, body }, reply) => {
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.`;
    const expected = createHmac('sha256', key).update(signed).update(body).digest();
    const given = Buffer.from(String(headers['webhook-signature']).slice('v1,'.length), 'base64');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return reply.code(401).send();
    JSON.parse(body.toString());
    return reply.code(204).send();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

async function listen(kind: Exclude<WebhookServerKind, 'verify-only'>, database: Database): Promise<number> {
  const program = await loadProgram();
  const clock = program.clock.createSystemClock();
  const app = await program.httpServer.createHttpServer({
    trustProxy: false,
    log: { level: 'info', format: 'json' },
    isDraining: () => false,
  });
  const store = await openStore(program, database);
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
  kind: 'committing' | 'per-request',
  program: Program,
  store: Store,
  log: Parameters<Program['dispatcher']['createDispatcher']>[0]['log'],
): Promise<Record> {
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
  if (question.ask === 'listen') {
    const { kind, database } = question;
    return kind === 'verify-only' ? listenBare() : listen(kind, database);
  }
  const { user, system } = process.cpuUsage();
  return user + system;
});
