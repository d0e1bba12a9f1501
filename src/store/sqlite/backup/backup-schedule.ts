import { existsSync } from 'node:fs';
import { join, parse } from 'node:path';
import type { Clock } from '../../../clock.ts';
import { doublingMs } from '../../../decide/pacing.ts';
import { type EpochMs, HOUR, MINUTE, SECOND } from '../../../decide/time.ts';
import type { Store } from '../../store.ts';
import { makeBackup } from './backup.ts';
import { backupName, pruneBackups, removeAbandoned } from './backup-files.ts';

/** Real time. A start has other things to do first. */
const AFTER_START_MS = 2 * SECOND;
const RETRY_MS = [MINUTE, HOUR] as const;

export interface BackupScheduleOptions {
  readonly store: Pick<Store, 'lastBackupAt' | 'noteBackup'>;
  readonly databasePath: string;
  readonly everyMs: number;
  readonly keep: number;
  readonly directory: string;
  readonly clock: Clock;
  readonly log: {
    info(fields: object, event: string): void;
    warn(fields: object, event: string): void;
    error(fields: object, event: string): void;
  };
}

/** Why the latest attempt at a backup failed. */
export interface BackupFailure {
  readonly at: EpochMs;
  readonly message: string;
}

export interface BackupSchedule {
  start(): void;
  /** Gives up the backup under way. Never rejects. */
  stop(): Promise<void>;
  /** Null: the latest one worked, or none was tried by this process. */
  failure(): BackupFailure | null;
}

/**
 * Makes a backup every so often, counted from the last that worked, over restarts too. One that fails is tried again
 * after a minute, doubling to an hour.
 */
export function createBackupSchedule(options: BackupScheduleOptions): BackupSchedule {
  const { store, databasePath, everyMs, keep, directory, clock, log } = options;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  let failures = 0;
  let failure: BackupFailure | null = null;
  /** By `clock.monotonic()`, so that a correction of the clock neither hurries nor delays it. */
  let notBefore = Number.NEGATIVE_INFINITY;

  const putOff = (realMs: number) => {
    notBefore = clock.monotonic() + realMs;
  };
  const sleepUntil = (at: EpochMs) => clock.sleepUntil(at, Number.POSITIVE_INFINITY, stopping.signal);

  async function backUp(): Promise<void> {
    const at = clock.now();
    const startedMs = clock.monotonic();
    const file = join(directory, backupName(databasePath, at));
    // always the same, so that whatever a crash left is replaced
    const partial = join(directory, `${parse(databasePath).name}.partial`);
    if (existsSync(directory)) tidy(() => removeAbandoned(directory, databasePath, clock.systemNow()));
    const content = await makeBackup({ databasePath, file, partial, signal: stopping.signal });
    await store.noteBackup(at);
    log.info({ file, ...content, tookMs: Math.ceil(clock.monotonic() - startedMs) }, 'backup.made');
    tidy(() => pruneBackups(directory, databasePath, keep, at));
  }

  /** What can't be tidied up makes no backup worse. */
  function tidy(remove: () => readonly string[]): void {
    try {
      const removed = remove();
      if (removed.length > 0) log.info({ removed }, 'backup.pruned');
    } catch (error) {
      log.warn({ err: error }, 'backup.not_pruned');
    }
  }

  async function turn(): Promise<void> {
    const waitMs = notBefore - clock.monotonic();
    if (waitMs > 0) return sleepUntil(clock.now() + clock.toDomain(waitMs));
    try {
      const dueAt = ((await store.lastBackupAt()) ?? Number.NEGATIVE_INFINITY) + everyMs;
      if (dueAt > clock.now()) return await sleepUntil(dueAt);
      await backUp();
      failures = 0;
      failure = null;
    } catch (error) {
      if (stopping.signal.aborted) return;
      putOff(doublingMs(failures, ...RETRY_MS));
      failures++;
      failure = { at: clock.now(), message: error instanceof Error ? error.message : String(error) };
      log.error({ err: error }, 'backup.failed');
    }
  }

  async function run(): Promise<void> {
    putOff(AFTER_START_MS);
    while (!stopping.signal.aborted) await turn();
  }

  return {
    start() {
      if (everyMs > 0) running = run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
    failure: () => failure,
  };
}
