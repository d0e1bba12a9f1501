import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { isLoopbackUrl, localUrl, proxyFor } from '../config/network-kinds.ts';
import type { Config } from '../config/settings.ts';
import { policyFingerprint } from '../decide/policy.ts';
import { SECOND } from '../decide/time.ts';
import { createClockGuard } from '../dispatch/clock-guard.ts';
import { createDispatcher, type Dispatcher } from '../dispatch/dispatcher.ts';
import type { StoreError } from '../errors.ts';
import { createCliToken } from '../http/cli-token.ts';
import { createHttpServer, LISTEN_BACKLOG } from '../http/server.ts';
import { createLinqClient, measureCalls } from '../linq/client.ts';
import type { LogSettings } from '../log.ts';
import { createRecorder } from '../recorder.ts';
import { type SharedClock, startSharedClock } from '../shared-clock.ts';
import { createMetrics, type Metrics } from '../status/metrics/metrics.ts';
import { refuseReadably } from '../status/page/layout.ts';
import { createStoreWatch, type StoreWatch } from '../store/around.ts';
import type { Recordable, Store } from '../store/store.ts';
import { parseDelivery } from '../webhook/parse.ts';
import { createQuarantine } from '../webhook/quarantine.ts';
import { createWebhookCounters } from '../webhook/report.ts';
import { createBackground } from './background.ts';
import { createLeadership } from './leadership.ts';
import { isPassing, openStore } from './open-store.ts';
import { registerRoutes } from './routes.ts';

export interface AppOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly version: string;
  /** Oddities in the settings, one sentence each, to be logged. */
  readonly warnings?: readonly string[];
  /** The store failed in a way that this process can't repair, so the process must exit. */
  readonly onFatal: (error: StoreError) => void;
  /** Called before `service.started` is logged: a reader of that line may stop the service at once. */
  readonly onStarted?: (app: App) => void;
  /** Where log lines go; standard output by default. */
  readonly logStream?: Writable;
}

export interface App {
  /** Where the service listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Refuses new requests, finishes those in progress, and closes the database. */
  stop(): Promise<void>;
}

/** Real time that requests in progress still get for their answers before shutdown. */
const LAST_ANSWERS_MS = 500;

/**
 * The composition root: opens the store, wires the parts, and listens. If it throws, nothing is left open.
 * @throws {StoreError} when the database can't be used; what `listen` throws
 */
export async function startApp(options: AppOptions): Promise<App> {
  for (;;) {
    try {
      return await startOnce(options);
    } catch (error) {
      // a server that failed after it was opened is waited for as well
      if (options.config.database.kind === 'sqlite' || !isPassing(error)) throw error;
      await options.clock.sleepUntil(Number.POSITIVE_INFINITY, SECOND, new AbortController().signal);
    }
  }
}

async function startOnce(options: AppOptions): Promise<App> {
  const { config, clock, logStream } = options;
  const metrics = createMetrics();
  const watch = createStoreWatch(clock.monotonic, metrics);
  const log = { ...config.log, ...(logStream === undefined ? {} : { stream: logStream }) };
  const store = await openStore({ config, clock, observer: watch, log });
  let shared: SharedClock | null = null;
  try {
    shared = await startSharedClock(clock, store.serverNow);
    return await wire(options, { store, clock: shared, watch, metrics, log });
  } catch (error) {
    shared?.stop();
    await store.close();
    throw error;
  }
}

interface Opened {
  readonly store: Store;
  /** The database's, if replicas share one; else this machine's. */
  readonly clock: SharedClock;
  readonly watch: StoreWatch;
  readonly metrics: Metrics;
  readonly log: LogSettings;
}

async function wire(options: AppOptions, { store, clock, watch, metrics, ...opened }: Opened): Promise<App> {
  const { config, version, warnings = [], onFatal } = options;
  let isDraining = false;
  watch.onBroken(endSoon);
  const server = await createHttpServer({
    trustProxy: config.server.trustProxy,
    log: opened.log,
    isDraining: () => isDraining,
    refuseAs: refuseReadably,
  });
  server.addHook('onResponse', (request, reply, done) => {
    metrics.answered(request.method, request.routeOptions.url, reply.statusCode, reply.elapsedTime);
    done();
  });
  const { log } = server;
  for (const warning of warnings) log.warn({ warning }, 'config.warning');
  const toleratedMs = config.catchUp.everyMs === 0 ? undefined : clock.toDomain(config.webhook.toleranceMs);
  const lastHeartbeatAt = await store.heartbeat(clock.now(), toleratedMs);
  const guard = createClockGuard({
    clock,
    lastHeartbeatAt,
    followed: store.followedCorrections,
    onCorrected: (byMs) => log.warn({ byMs }, 'clock.corrected'),
  });
  /** An unreadable optional field does no harm, but shows that Linq has changed something. */
  const onUnreadable = (field: string) => {
    metrics.unreadable(field);
    log.debug({ field }, 'field.unreadable');
  };
  const client = createLinqClient({
    ...config.linq,
    proxy: proxyFor(config.linq.baseUrl, config.proxies),
    connections: config.dispatch.concurrency + 4, // card checks don't wait behind shares
    clock,
    onDate: guard.heard,
    onUnreadable,
  });
  const linq = measureCalls(client, clock.monotonic, metrics.called);
  const fingerprint = policyFingerprint(config.policy);
  const leadership = createLeadership({
    ...{ store, clock, log },
    replica: { id: randomUUID(), version, fingerprint, startedAt: clock.now() },
    report: () => background.report(),
    failures: () => ({ probes: dispatcher.failedProbes(), ...background.failures() }),
    onChange() {
      dispatcher.nudge();
      background.onLeaderChange();
    },
  });
  const dispatcher: Dispatcher = createDispatcher({
    store,
    linq,
    clock,
    guard,
    policy: config.policy,
    replica: { isLeader: leadership.isLeader, mayRedecide: leadership.areSettingsAgreed },
    ...config.dispatch,
    attemptRetentionMs: config.attemptRetentionMs,
    ...(toleratedMs === undefined ? {} : { awayAfterMs: toleratedMs }),
    random: Math.random,
    log,
    onSettled: metrics.settled,
    onFatal: endSoon,
  });
  const counters = createWebhookCounters();
  const wired = { config, store, linq, dispatcher, leadership, clock, log };
  const background = createBackground({ ...wired, latestFailure: watch.latestFailure, counters, version });
  const recorder = createRecorder({
    async commit(entries, now) {
      const results = await store.record(entries, now);
      if (bringsNewsOfLines(entries)) dispatcher.linesChanged();
      for (const entry of entries)
        if ('kind' in entry && entry.kind === 'card') dispatcher.cardChanged(entry.line);
      return results;
    },
    now: () => clock.now(),
    onRecorded: () => dispatcher.nudge(),
  });
  const bringsNewsOfLines = createLineNews();
  const { secrets } = config.webhook;
  const { record } = recorder;
  const quarantine = createQuarantine({ store, secrets, parse: parseDelivery, record, now: clock.now, log });
  const { database, server: listening } = config;
  // it is a file beside the database, and the command line sends it over loopback alone
  const cliToken =
    database.kind === 'sqlite' && isLoopbackUrl(localUrl(listening.host, listening.port))
      ? createCliToken(database.path)
      : null;
  await registerRoutes(server, {
    ...wired,
    parse: (raw) => parseDelivery(raw, onUnreadable),
    recorder,
    quarantine,
    counters,
    background,
    metrics,
    guard,
    cliToken: cliToken?.token ?? null,
    version,
    isDraining: () => isDraining,
  });

  /** Stops writing to a damaged or failing file: logs it, answers 503 to requests in progress, and exits. */
  function endSoon(error: StoreError): void {
    if (isDraining) return;
    isDraining = true;
    log.error({ err: error, fault: error.fault }, 'store.broken');
    void pause(LAST_ANSWERS_MS).then(() => onFatal(error));
  }

  /** Real time. */
  function pause(ms: number): Promise<void> {
    return clock.sleepUntil(clock.now() + clock.toDomain(ms), ms, new AbortController().signal);
  }

  /** Everything but the store. */
  async function close(): Promise<void> {
    isDraining = true;
    await recorder.drain();
    await Promise.all([dispatcher.stop(), background.stop()]);
    await leadership.stop();
    const closed = server.close();
    await Promise.race([closed, pause(LAST_ANSWERS_MS)]);
    server.server.closeAllConnections(); // requests that never finished
    await closed;
    await recorder.drain();
    await linq.close();
    cliToken?.remove();
  }

  let url: string;
  try {
    cliToken?.write();
    await leadership.start();
    await dispatcher.start();
    background.start();
    const { host, port } = config.server;
    url = await server.listen({ host, port, backlog: LISTEN_BACKLOG });
  } catch (error) {
    await close().catch(() => {}); // the first error explains the failure
    throw error;
  }
  const app: App = {
    url,
    async stop() {
      log.info({}, 'service.stopping');
      await close();
      clock.stop();
      await store.close();
      log.info({}, 'service.stopped');
    },
  };
  options.onStarted?.(app);
  log.info({ url, version, dryRun: config.policy.dryRun }, 'service.started');
  return app;
}

/**
 * The returned function is true if an event is about a line, or is the first from its line since start: then
 * the dispatcher must reload its lines.
 */
export function createLineNews(): (entries: readonly Recordable[]) => boolean {
  const known = new Set<string>();
  return (entries) => {
    let hasNews = false;
    for (const event of entries) {
      if ('sealed' in event || event.kind === 'card') continue;
      const line = event.kind === 'line' ? event.line : (event.outbound?.line ?? null);
      if (line === null || (event.kind === 'chat' && known.has(line))) continue;
      known.add(line);
      hasNews = true;
    }
    return hasNews;
  };
}
