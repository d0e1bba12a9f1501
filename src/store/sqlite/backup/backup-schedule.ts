import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { Clock } from '../../../clock.ts';
import { doublingMs } from '../../../decide/pacing.ts';
import { type EpochMs, HOUR, MINUTE, SECOND } from '../../../decide/time.ts';
import type { Store } from '../../store.ts';
import { freeGradually } from '../files.ts';
import { makeBackup } from './backup.ts';

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
  /** Aborts the running backup. Never rejects. */
  stop(): Promise<void>;
  /** Null: the latest backup succeeded, or this process hasn't tried one. */
  failure(): BackupFailure | null;
}

/**
 * Makes backups at a fixed interval, counted from the last successful one, across restarts too. A failed
 * backup is retried after a minute, doubling to an hour.
 */
export function createBackupSchedule(options: BackupScheduleOptions): BackupSchedule {
  const { store, databasePath, everyMs, keep, directory, clock, log } = options;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  let failures = 0;
  let failure: BackupFailure | null = null;
  /** On `clock.monotonic()`, so that a clock correction neither hastens nor delays it. */
  let notBefore = Number.NEGATIVE_INFINITY;

  const putOff = (realMs: number) => {
    notBefore = clock.monotonic() + realMs;
  };
  const sleepUntil = (at: EpochMs) => clock.sleepUntil(at, Number.POSITIVE_INFINITY, stopping.signal);

  async function backUp(): Promise<void> {
    const at = clock.now();
    const startedMs = clock.monotonic();
    const file = join(directory, backupName(databasePath, at));
    // always the same name, so that leftovers of a crash are replaced
    const partial = join(directory, `${parse(databasePath).name}.partial`);
    if (existsSync(directory)) await tidy(() => removeAbandoned(directory, databasePath, clock.systemNow()));
    const content = await makeBackup({ databasePath, file, partial, signal: stopping.signal });
    await store.noteBackup(at);
    log.info({ file, ...content, tookMs: Math.ceil(clock.monotonic() - startedMs) }, 'backup.made');
    await tidy(() => pruneBackups(directory, databasePath, keep, at));
  }

  /** A failure to tidy up doesn't invalidate a backup. */
  async function tidy(remove: () => Promise<readonly string[]>): Promise<void> {
    try {
      const removed = await remove();
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

const TIME = String.raw`(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\dZ)`;

/** A partial copy not written to for this long was left by a crash. */
const ABANDONED_MS = HOUR;

/** For file names: sorts by time, whole seconds, UTC, without characters that a file system rejects. */
function timeInName(at: EpochMs): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}

/** `reactor-2026-11-22T20-00-00Z.db` for a database `reactor.db`. */
export function backupName(databasePath: string, at: EpochMs): string {
  return `${parse(databasePath).name}-${timeInName(at)}.db`;
}

/** When the backup with this file name was made; null: not a backup of this database. */
function timeOfName(name: string, databasePath: string, suffix = ''): EpochMs | null {
  const prefix = `${parse(databasePath).name}-`;
  if (!name.startsWith(prefix)) return null;
  const match = new RegExp(`^${TIME}\\.db${suffix}$`).exec(name.slice(prefix.length));
  return match === null ? null : Date.parse(`${match[1]}:${match[2]}:${match[3]}`);
}

/**
 * Deletes all but the newest `keep` backups of this database in a directory; files with other names stay. A
 * backup that a wrong clock dated in the future goes first: it would displace every later one.
 * @returns the deleted names
 */
export async function pruneBackups(
  directory: string,
  databasePath: string,
  keep: number,
  now: EpochMs,
): Promise<string[]> {
  const age = (at: EpochMs) => (at > now ? Number.POSITIVE_INFINITY : now - at);
  const surplus = plainFiles(directory)
    .map((name) => ({ name, at: timeOfName(name, databasePath) }))
    .flatMap(({ name, at }) => (at === null ? [] : [{ name, age: age(at) }]))
    .sort((a, b) => (a.age === b.age ? 0 : a.age - b.age))
    .slice(keep)
    .map(({ name }) => name);
  await remove(directory, surplus);
  return surplus;
}

/**
 * Deletes partial copies that crashes left.
 * @param systemNow the wall clock, by which files are dated
 * @returns the deleted names
 */
export async function removeAbandoned(
  directory: string,
  databasePath: string,
  systemNow: EpochMs,
): Promise<string[]> {
  const changedAt = (name: string) =>
    statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? systemNow;
  const abandoned = plainFiles(directory)
    .filter((name) => timeOfName(name, databasePath, String.raw`\.partial`) !== null)
    .filter((name) => systemNow - changedAt(name) > ABANDONED_MS);
  await remove(directory, abandoned);
  return abandoned;
}

async function remove(directory: string, names: readonly string[]): Promise<void> {
  for (const path of names.map((name) => join(directory, name)))
    await freeGradually(path, () => rm(path, { force: true }));
}

/**
 * Anything but a plain file isn't ours, even under a backup's name. Failing to delete it would keep all that
 * follow.
 */
function plainFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}
