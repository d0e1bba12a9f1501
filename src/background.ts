import type { FastifyBaseLogger } from 'fastify';
import { createPoster } from './alerts/poster.ts';
import { createTeller } from './alerts/teller.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { LinqClient } from './linq/client.ts';
import { createProblemWatch, type ProblemWatch } from './status/problem-watch.ts';
import type { SituationDeps } from './status/situation.ts';
import { createStoreProbe, type StoreProbe } from './status/store-probe.ts';
import { createBackupSchedule } from './store/backup-schedule.ts';
import type { Store } from './store/store.ts';
import type { WebhookCounters } from './webhook/delivery-log.ts';

export interface BackgroundOptions {
  readonly config: Config;
  readonly store: Store;
  readonly linq: LinqClient;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
  /** The heartbeat of the process before; null: the first start of all. */
  readonly lastHeartbeatAt: number | null;
  readonly counters: WebhookCounters;
  readonly version: string;
}

/** What goes on beside deliveries and shares. */
export interface Background {
  /** Returns at once; the work goes on by itself. */
  start(): void;
  /** Ends what is under way, at a point where it can go on after a restart. Never rejects. */
  stop(): Promise<void>;
  /** A correctly signed delivery was stale: others may have been lost. */
  onStale(): void;
  readonly watch: Pick<ProblemWatch, 'look'>;
  readonly probeStore: () => Promise<StoreProbe>;
}

/** Wires the upkeep: catching up, backups, pruning, watching for problems. */
export function createBackground(options: BackgroundOptions): Background {
  const { config, store, clock, log } = options;
  const { databasePath, backup } = config;
  const backups = createBackupSchedule({ ...backup, databasePath, store, clock, log });
  const { watch, teller, probeStore } = createWatch(options, {
    isBackupFailing: () => backups.failure() !== null,
    subscription: () => 'unknown',
  });
  return {
    start() {
      backups.start();
      teller?.start();
      watch.start();
    },
    async stop() {
      await Promise.all([backups.stop(), watch.stop(), teller?.stop()]);
    },
    onStale() {},
    watch,
    probeStore,
  };
}

/** Watches for problems, and tells of them whoever wants to be told. */
function createWatch(
  { config, store, dispatcher, clock, log, counters, version }: BackgroundOptions,
  others: Pick<SituationDeps, 'isBackupFailing' | 'subscription'>,
) {
  const { policy, showNumbers, alertUrl } = config;
  const probeStore = createStoreProbe(store, clock);
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
    isTelling: alertUrl !== null,
    onChange: () => teller?.nudge(),
    log,
  });
  const poster = alertUrl === null ? null : createPoster(alertUrl, clock);
  const teller = poster === null ? null : createTeller({ watch, poster, clock, log, version, showNumbers });
  return { watch, teller, probeStore };
}
