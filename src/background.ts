import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { LinqClient } from './linq/client.ts';
import { type BackupFailure, createBackupSchedule } from './store/backup-schedule.ts';
import type { Store } from './store/store.ts';

export interface BackgroundOptions {
  readonly config: Config;
  readonly store: Store;
  readonly linq: LinqClient;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
  /** The heartbeat of the process before; null: the first start of all. */
  readonly lastHeartbeatAt: number | null;
}

/** What goes on beside deliveries and shares. */
export interface Background {
  /** Returns at once; the work goes on by itself. */
  start(): void;
  /** Ends what is under way, at a point where it can go on after a restart. Never rejects. */
  stop(): Promise<void>;
  /** A correctly signed delivery was stale: others may have been lost. */
  onStale(): void;
  /** Why the latest try of a backup failed; null: it worked, or none was made since the start. */
  backupFailure(): BackupFailure | null;
}

/** Wires the upkeep: catching up, backups, pruning, watching for problems. */
export function createBackground(options: BackgroundOptions): Background {
  const { config, store, clock, log } = options;
  const { databasePath, backup } = config;
  const backups = createBackupSchedule({ ...backup, databasePath, store, clock, log });
  return {
    start() {
      backups.start();
    },
    async stop() {
      await backups.stop();
    },
    onStale() {},
    backupFailure: backups.failure,
  };
}
