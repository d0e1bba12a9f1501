import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import type { ReactorEvent } from '../../../src/decide/event.ts';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { type EpochMs, HOUR } from '../../../src/decide/time.ts';
import { createClockGuard } from '../../../src/dispatch/clock-guard.ts';
import { createDispatcher } from '../../../src/dispatch/dispatcher.ts';
import type { LinqCalls } from '../../../src/dispatch/ports.ts';
import { createHttpServer } from '../../../src/http/server.ts';
import type { StatusDeps } from '../../../src/status/api/deps.ts';
import { refuseReadably } from '../../../src/status/page/layout.ts';
import type { ProblemWatchDeps } from '../../../src/status/problems/problem-watch.ts';
import { createProblemWatch } from '../../../src/status/problems/problem-watch.ts';
import { createStoreProbe } from '../../../src/status/problems/store-probe.ts';
import { statusRoutes } from '../../../src/status/status-routes.ts';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { parseDelivery } from '../../../src/webhook/parse.ts';
import { createQuarantine, type ReplayDeps } from '../../../src/webhook/quarantine.ts';
import { createWebhookCounters } from '../../../src/webhook/report.ts';
import { answerOf, LINE, OTHER_LINE, policyOf, T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';
import { SECRET } from '../../helpers/deliver.ts';

export const TOKEN = 'status-token-of-the-tests';
export const CLI_TOKEN = 'cli-token-of-the-tests';

export interface Given {
  readonly policy?: Partial<Policy>;
  readonly deps?: Partial<StatusDeps>;
  /** How this version reads a delivery. */
  readonly parse?: ReplayDeps['parse'];
  readonly snapshot?: Partial<Omit<ProblemWatchDeps, 'store' | 'clock'>>;
  /** Told to the store before the dispatcher starts. */
  readonly events?: readonly ReactorEvent[];
  /** Lines with an active card. */
  readonly cards?: readonly string[];
  /** Those of them whose card isn't active. */
  readonly inactive?: readonly string[];
  /** When the process before was last seen alive. */
  readonly lastHeartbeatAt?: EpochMs;
  readonly share?: LinqCalls['shareContactCard'];
}

/** The status routes over a real store in a file and a real dispatcher; Linq is played, the clock stands still. */
export async function startStatus(given: Given = {}) {
  const { events = [], cards = [LINE, OTHER_LINE], inactive = [], share = async () => answerOf(204) } = given;
  const directory = mkdtempSync(join(tmpdir(), 'status-'));
  const clock = createFakeClock(T);
  const policy = policyOf(given.policy);
  const store = openSqliteStore({ path: join(directory, 'reactor.db'), policy });
  const shared: string[] = [];
  const linq: LinqCalls = {
    shareContactCard: (chatId, signal): Promise<LinqAnswer> => {
      shared.push(chatId);
      return share(chatId, signal);
    },
    contactCards: async () => ({
      kind: 'cards',
      cards: cards.map((line) => ({ line, isActive: !inactive.includes(line) })),
    }),
    chat: async () => ({ kind: 'failed', answer: answerOf(500) }),
  };
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const { lastHeartbeatAt = null } = given;
  const guard = createClockGuard({ clock, lastHeartbeatAt, onCorrected: () => {} });
  const dispatcher = createDispatcher({
    store,
    linq,
    clock,
    guard,
    policy,
    concurrency: 4,
    ratePerLine: 0,
    cardTtlMs: 600_000,
    random: () => 0.5,
    log: silent,
    onFatal: () => {},
  });
  const counters = createWebhookCounters();
  const probeStore = createStoreProbe(store, clock, () => null);
  const watch = createProblemWatch({
    store,
    probeStore,
    dispatcher,
    clock,
    policy,
    ratePerLine: 0,
    silentAfterMs: 24 * HOUR,
    counters,
    backupEveryMs: 0,
    isBackupFailing: () => false,
    subscription: () => 'unknown',
    alerts: () => 'fine',
    isLeader: () => true,
    term: () => 1,
    replicas: () => [],
    others: () => [],
    replicaId: null,
    showNumbers: false,
    sendsAlerts: false,
    onChange: () => {},
    log: silent,
    ...given.snapshot,
  });
  const quarantine = createQuarantine({
    store,
    secrets: [SECRET],
    parse: given.parse ?? parseDelivery,
    async record(event) {
      const [result] = await store.record([event], clock.now());
      return result?.kind === 'unstorable' ? { unstorable: result.cause } : 'stored';
    },
    now: clock.now,
    log: silent,
  });
  const deps: StatusDeps = {
    quarantine,
    catchUp: {
      request: async () => {},
      view: () => ({ activity: 'idle', cause: null, run: null, completedAt: null }),
    },
    accountLines: async () =>
      cards.map((line) => ({ line, card: inactive.includes(line) ? 'inactive' : 'active' })),
    watch,
    probeStore,
    store,
    dispatcher,
    clock,
    policy,
    statusToken: TOKEN,
    cliToken: CLI_TOKEN,
    showNumbers: false,
    webhookCounters: () => counters,
    deliveries: () => [],
    version: '1.2.3',
    startedAt: T,
    replicas: () => [
      {
        id: 'replica-1',
        version: '1.2.3',
        fingerprint: '',
        startedAt: T,
        seenAt: clock.now(),
        report: { problems: [], catchUp: null },
        isLeader: true,
      },
    ],
    isDraining: () => false,
    ...given.deps,
  };
  const app = await createHttpServer({
    trustProxy: ['loopback'],
    log: { level: 'fatal', format: 'json' },
    isDraining: deps.isDraining,
    refuseAs: refuseReadably,
  });
  await app.register(async (scope) => statusRoutes(scope, deps));
  await store.record(events, clock.now());
  await dispatcher.start();
  onTestFinished(async () => {
    await app.close();
    await dispatcher.stop();
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const inject = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    options: InjectOptions = {},
  ) => {
    const headers = { authorization: `Bearer ${TOKEN}`, ...options.headers };
    const answer = await app.inject({ ...options, method, url, headers });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  };
  return {
    app,
    deps: { ...deps, watch },
    clock,
    store,
    dispatcher,
    guard,
    counters,
    shared,
    get: (url: string, options?: InjectOptions) => inject('GET', url, options),
    post: (url: string, options?: InjectOptions) => inject('POST', url, options),
    put: (url: string, options?: InjectOptions) => inject('PUT', url, options),
    del: (url: string, options?: InjectOptions) => inject('DELETE', url, options),
    /** Resolves when nobody stirs any more: every call is settled, and the dispatcher sleeps. */
    async idle() {
      let before = -1;
      for (let calm = 0; calm < 3; calm++) {
        if (clock.stirs() !== before) calm = 0;
        before = clock.stirs();
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
