import type { FastifyInstance } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/settings.ts';
import type { ClockGuard } from '../dispatch/clock-guard.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Recorder } from '../recorder.ts';
import { describeRoutes } from '../status/api/openapi.ts';
import type { Metrics } from '../status/metrics/metrics.ts';
import { metricsRoutes } from '../status/metrics/metrics-route.ts';
import { statusRoutes } from '../status/status-routes.ts';
import type { Store } from '../store/store.ts';
import type { Quarantine } from '../webhook/quarantine.ts';
import { createDeliveryLog, type WebhookCounters } from '../webhook/report.ts';
import { type WebhookDeps, webhookRoute } from '../webhook/route.ts';
import { createVerifier } from '../webhook/verify.ts';
import type { Background } from './background.ts';
import type { Leadership } from './leadership.ts';

/** The parts of the running service that requests reach. */
export interface Served {
  readonly config: Config;
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly guard: ClockGuard;
  readonly parse: WebhookDeps['parse'];
  readonly recorder: Pick<Recorder, 'record' | 'quarantine'>;
  readonly quarantine: Quarantine;
  readonly counters: WebhookCounters;
  readonly background: Background;
  readonly metrics: Metrics;
  readonly cliToken: string | null;
  readonly version: string;
  readonly isDraining: () => boolean;
}

/** Registers every route: the webhook, and what operators and their tools read and control. */
export async function registerRoutes(server: FastifyInstance, served: Served): Promise<void> {
  const { config, store, dispatcher, clock, quarantine, counters, background, isDraining } = served;
  const deliveries = createDeliveryLog();
  await describeRoutes(server, served.version);
  await server.register(async (scope) =>
    webhookRoute(scope, {
      verify: createVerifier(config.webhook),
      parse: served.parse,
      record: served.recorder.record,
      seal: quarantine.seal,
      quarantine: served.recorder.quarantine,
      clock,
      onStale: background.onStale,
      linqDateOffMs: served.guard.linqDateOffMs,
      isDraining,
      rateLimit: config.webhook.rateLimitPerMinute,
      counters,
      deliveries,
    }),
  );
  const shown = {
    store,
    dispatcher,
    clock,
    policy: config.policy,
    statusToken: config.statusToken,
    cliToken: served.cliToken,
    showNumbers: config.showNumbers,
    quarantine,
    ...background.shown,
    webhookCounters: () => counters,
    deliveries: deliveries.newest,
    version: served.version,
    startedAt: clock.now(),
    replicas: served.leadership.replicas,
    isDraining,
  };
  await server.register(async (scope) => statusRoutes(scope, shown));
  const { metrics, guard } = served;
  const monitored = {
    ...shown,
    metrics,
    metricsToken: config.metricsToken,
    linqDateOffMs: guard.linqDateOffMs,
    isLeader: served.leadership.isLeader,
  };
  await server.register(async (scope) => metricsRoutes(scope, monitored));
}
