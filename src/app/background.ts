import type { FastifyBaseLogger } from 'fastify';
import { type CatchUp, createCatchUp } from '../catch-up/catch-up.ts';
import type { Clock } from '../clock.ts';
import { proxyFor } from '../config/network-kinds.ts';
import type { Config } from '../config/settings.ts';
import { cardStateOf, holdOnReads } from '../decide/holds.ts';
import { MINUTE, SECOND } from '../decide/time.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { LinqClient } from '../linq/client.ts';
import { createAlertSender } from '../status/alerts/alert-sender.ts';
import { createPoster } from '../status/alerts/poster.ts';
import type { StatusDeps } from '../status/api/deps.ts';
import type { MetricsDeps } from '../status/metrics/metrics-route.ts';
import { createProblemWatch } from '../status/problems/problem-watch.ts';
import type { SnapshotDeps } from '../status/problems/snapshot.ts';
import { createStoreProbe } from '../status/problems/store-probe.ts';
import { createShowLine, linesOf } from '../status/view/chat-view.ts';
import type { StoreWatch } from '../store/around.ts';
import { createBackupSchedule } from '../store/sqlite/backup/backup-schedule.ts';
import type { ReplicaReport, Store } from '../store/store.ts';
import type { WebhookCounters } from '../webhook/report.ts';
import type { Leadership } from './leadership.ts';

export interface BackgroundOptions {
  readonly config: Config;
  readonly store: Store;
  /** The store's latest failure. */
  readonly latestFailure: StoreWatch['latestFailure'];
  readonly linq: LinqClient;
  readonly dispatcher: Dispatcher;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
  readonly counters: WebhookCounters;
  readonly version: string;
}

/** Everything that runs besides deliveries and shares. */
export interface Background {
  /** Returns at once; the work runs in the background. */
  start(): void;
  /** Stops the work in progress at a point from which a restart can resume it. Never rejects. */
  stop(): Promise<void>;
  /** A correctly signed delivery was stale: others may have been lost. */
  onStale(): void;
  /** This replica leads from now on, or no longer. */
  onLeaderChange(): void;
  /** What the other replicas are to know. */
  report(): ReplicaReport;
  /** How often in a row work failed that only the leader does. */
  failures(): { readonly catchUp: number; readonly alerts: number };
  /** The parts that the status pages show and control. */
  readonly shown: Pick<StatusDeps, 'catchUp' | 'probeStore' | 'accountLines'> & Pick<MetricsDeps, 'watch'>;
}

/** Wires the background work: catching up, backups, watching for problems. */
export function createBackground(options: BackgroundOptions): Background {
  const { config, store, leadership, clock, log } = options;
  const { database, backup } = config;
  const backups =
    database.kind === 'sqlite'
      ? createBackupSchedule({ ...backup, databasePath: database.path, store, clock, log })
      : null; // its server's tools do that
  const catchUp = wireCatchUp(options);
  const { watch, sender, probeStore } = createWatch(options, {
    isBackupFailing: () => (backups?.failure() ?? null) !== null,
    subscription: catchUp.subscription,
  });
  return {
    start() {
      backups?.start();
      catchUp.start();
      sender?.start();
      watch.start();
    },
    async stop() {
      await Promise.all([backups?.stop(), catchUp.stop(), watch.stop(), sender?.stop()]);
    },
    onStale: catchUp.onStale,
    onLeaderChange: () => sender?.nudge(),
    report() {
      const { activity, cause } = catchUp.view();
      return { problems: watch.own(), catchUp: leadership.isLeader() ? { activity, cause } : null };
    },
    failures: () => ({ catchUp: catchUp.failures(), alerts: sender?.failures() ?? 0 }),
    shown: { catchUp, watch, probeStore, accountLines: createAccountLines(options) },
  };
}

function wireCatchUp({
  config,
  store,
  linq,
  dispatcher,
  leadership,
  clock,
  log,
}: BackgroundOptions): CatchUp {
  return createCatchUp({
    store,
    linq,
    account: {
      hold: () => heldReads(dispatcher, clock),
      heard: dispatcher.noteExternalAnswer,
      isLeader: leadership.isLeader,
      term: leadership.term,
    },
    clock,
    random: Math.random,
    log,
    everyMs: config.catchUp.everyMs,
    toleratedMs: config.webhook.toleranceMs,
    idleAfterMs: config.policy.idleAfterMs,
    publicUrl: config.publicUrl,
    isShared: store.kind !== 'sqlite',
    leadersView: () => leadership.others().find(({ isLeader }) => isLeader)?.report.catchUp ?? null,
    onNews: dispatcher.linesChanged, // the chat may be the first of its line
  });
}

/** Real time. */
const LINES_FOR_MS = MINUTE;
const LINES_WITHIN_MS = 2 * SECOND;

/**
 * The account's lines for the page of a first start, when no event has named one yet. Read at most once a minute, and
 * only while somebody looks.
 */
function createAccountLines({ linq, dispatcher, clock }: BackgroundOptions): StatusDeps['accountLines'] {
  let known: { readonly lines: Awaited<ReturnType<typeof read>>; readonly until: number } | null = null;
  let reading: Promise<void> | null = null;

  async function read() {
    if (heldReads(dispatcher, clock) !== null) return null;
    const signal = AbortSignal.timeout(LINES_WITHIN_MS);
    const [numbers, found] = await Promise.all([linq.lines(signal), linq.contactCards(null, signal)]);
    if (numbers.kind !== 'lines' || found.kind !== 'cards') return null;
    return numbers.lines.map((line) => ({ line, card: cardStateOf(line, found.cards) }));
  }

  return async () => {
    if (known === null || clock.monotonic() >= known.until) {
      reading ??= read()
        .then((lines) => {
          known = { lines, until: clock.monotonic() + LINES_FOR_MS };
        })
        .finally(() => {
          reading = null;
        });
      await reading;
    }
    return known?.lines ?? null;
  };
}

/** Reads continue while only shares are held, but not while the clock may be wrong, since it dates facts. */
function heldReads(dispatcher: Dispatcher, clock: Clock) {
  const { holds, clockDistrustedSince } = dispatcher.snapshot();
  if (clockDistrustedSince !== null) return { cause: 'clock_skew', until: null };
  const hold = holdOnReads(holds, clock.now());
  return hold && { cause: hold.reason, until: hold.until };
}

/** Watches for problems, and sends alerts if an address for them is set. */
function createWatch(
  options: BackgroundOptions,
  others: Pick<SnapshotDeps, 'isBackupFailing' | 'subscription'>,
) {
  const { config, store, latestFailure, dispatcher, leadership, clock, log, counters, version } = options;
  const { policy, showNumbers, alertUrl } = config;
  const probeStore = createStoreProbe(store, clock, latestFailure);
  const watch = createProblemWatch({
    ...others,
    store,
    probeStore,
    dispatcher,
    clock,
    policy,
    ratePerLine: config.dispatch.ratePerLine,
    silentAfterMs: config.webhooksSilentAfterMs,
    counters,
    backupEveryMs: config.backup.everyMs,
    showNumbers,
    sendsAlerts: alertUrl !== null,
    // only the leader knows
    alerts: () => (leadership.isLeader() ? (sender?.state() ?? 'fine') : 'unknown'),
    isLeader: leadership.isLeader,
    term: leadership.term,
    replicas: leadership.replicas,
    others: leadership.others,
    replicaId: store.kind === 'sqlite' ? null : leadership.id,
    onChange: () => sender?.nudge(),
    log,
  });
  const poster = alertUrl === null ? null : createPoster(alertUrl, clock, proxyFor(alertUrl, config.proxies));
  const showLine = (line: string) => createShowLine(showNumbers, linesOf(dispatcher))(line);
  const sender = poster === null ? null : createAlertSender({ watch, poster, clock, log, version, showLine });
  return { watch, sender, probeStore };
}
