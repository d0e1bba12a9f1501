import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { EpochMs } from '../../../decide/time.ts';
import { StoreError } from '../../../errors.ts';
import { realPath } from '../../../real-path.ts';
import type { Migration } from '../../migrations.ts';
import { toStoreError } from '../faults.ts';
import { hasContent, prepareFile, syncPath } from '../files.ts';
import { applyMigrations, pendingMigrations, readMigrations } from '../migrate.ts';
import { openSqlite } from '../native.js';
import { acquireLock } from '../place.ts';
import { copyDatabase, removeCopy } from './backup.ts';

export interface RestoreOptions {
  readonly databasePath: string;
  /** The backup; it is never modified. */
  readonly file: string;
  /** Every chat in it waits one window from now, since shares made after the backup are unknown. */
  readonly isWaiting: boolean;
  readonly now: EpochMs;
  /** Called repeatedly with the number of chats marked as waiting so far. */
  readonly onMarked?: (count: number) => void;
}

export interface Restored {
  readonly databasePath: string;
  /** Where the previous database is now; null: there was none. */
  readonly keptAs: string | null;
  readonly chats: number;
  readonly schemaVersion: number;
  /** From this instant each chat waits one window; null: none waits. */
  readonly restoredAt: EpochMs | null;
}

/** Chats marked in one transaction: few enough to keep its journal small. */
const MARKED_AT_ONCE = 20_000;

/**
 * Replaces the database with a backup, and keeps the old one. Killed at any moment, it leaves one of the two
 * complete (the next start finishes a restore that had been decided), and can be run again.
 * @throws {StoreError} `locked` while a service uses the database; else the message says what is wrong with
 * which file
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file } = options;
  const path = realPath(options.databasePath); // so that a symbolic link remains one
  const known = readMigrations();
  const pending = examineBackup(file, path, known);
  const lock = acquireLock(path);
  const partial = `${path}.restoring.partial`;
  try {
    finishRestore(path);
    await removeCopy(partial);
    prepareFile(partial);
    const { chats } = await copyDatabase(file, partial, new AbortController().signal);
    const restoredAt = await prepareCopy(partial, pending, options);
    lock.check();
    const keptAs = swapIn(partial, path);
    return { databasePath: path, keptAs, chats, schemaVersion: known.length, restoredAt };
  } catch (error) {
    await removeCopy(partial).catch(() => {}); // the first error is the one that explains
    throw toStoreError(error);
  } finally {
    lock.release();
  }
}

/** The migrations that a backup lacks. @throws {StoreError} when this version can't use it as our backup */
function examineBackup(file: string, path: string, known: readonly Migration[]): readonly Migration[] {
  const found = lookAt(file);
  if (found === undefined || !found.isFile()) {
    throw new StoreError('broken', `${file} isn’t a file; give the path of a backup`);
  }
  const database = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (database?.ino === found.ino && database.dev === found.dev) {
    throw new StoreError('broken', `${file} is the database itself; give the path of a backup`);
  }
  const pending = pendingOf(file, known);
  if (pending.length === known.length)
    throw new StoreError('broken', `${file} is empty; give the path of a backup`);
  return pending;
}

function lookAt(file: string) {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const message = `${file} can’t be read (${code}): check its path, owner and mode; nothing was changed`;
    throw new StoreError('broken', message, { cause: error });
  }
}

function pendingOf(file: string, known: readonly Migration[]): readonly Migration[] {
  let sql: Database.Database | null = null;
  try {
    sql = openSqlite(file, { readonly: true, fileMustExist: true, timeout: 1_000 });
    return pendingMigrations(sql, file, known);
  } catch (error) {
    const { fault, message } = toStoreError(error);
    const what: Partial<Record<typeof fault, string>> = {
      newer: 'was written by a newer version of contact-card-reactor; restore it with that version',
      broken: 'is the database of another program',
      corrupt: 'is damaged, or isn’t a database',
    };
    const problem = what[fault] ?? `can’t be read (${message})`;
    throw new StoreError(fault, `${file} ${problem}; nothing was changed`, { cause: error });
  } finally {
    sql?.close();
  }
}

/**
 * Prepares a copy for the service to start on. Attempts that were open when the backup was made stay open:
 * the start settles them as after a crash, and the wait keeps them from being repeated.
 * @returns from when the chats wait
 */
async function prepareCopy(
  copy: string,
  pending: readonly Migration[],
  { isWaiting, now, onMarked }: RestoreOptions,
): Promise<EpochMs | null> {
  const sql = openSqlite(copy, { fileMustExist: true });
  try {
    sql.pragma('journal_mode = MEMORY'); // a crash makes the copy worthless anyway
    sql.pragma('synchronous = OFF');
    applyMigrations(sql, pending);
    const heartbeat = sql.prepare<[], string>(`SELECT value FROM meta WHERE key = 'heartbeat_at'`).pluck();
    const backupAt = Number(heartbeat.get() ?? 0);
    // a clock that reads earlier than the backup is slow, and a wait from there would end too soon
    const restoredAt = isWaiting ? Math.max(now, backupAt) : null;
    await markChats(sql, restoredAt, onMarked ?? (() => {}));
    // a clock correction in progress belongs to the distant past: the wait keeps everything from being early
    // anyway
    sql.exec(`DELETE FROM shifted_chats; DELETE FROM meta WHERE key IN
      ('restored_at', 'restored_last_row', 'restored_backup_at', 'clock_shift', 'decided_fingerprint', 'redecide_fingerprint', 'redecide_after_id')`);
    if (restoredAt !== null) {
      sql
        .prepare(`INSERT INTO meta (key, value) VALUES ('restored_at', ?), ('restored_backup_at', ?)`)
        .run(String(restoredAt), String(backupAt));
      sql.exec(`INSERT INTO meta (key, value) SELECT 'restored_last_row', coalesce(max(id), 0) FROM chats`);
    }
    sql.exec(`INSERT OR REPLACE INTO meta (key, value) VALUES ('restored_unread', '1')`);
    return restoredAt;
  } finally {
    sql.close();
  }
}

async function markChats(
  sql: Database.Database,
  restoredAt: EpochMs | null,
  onMarked: (count: number) => void,
): Promise<void> {
  const last = sql.prepare<[], number | null>('SELECT max(id) FROM chats').pluck().get() ?? 0;
  const mark = sql.prepare<[EpochMs | null, number, number]>(
    'UPDATE chats SET restored_at = ? WHERE id > ? AND id <= ?',
  );
  let marked = 0;
  for (let from = 0; from < last; from += MARKED_AT_ONCE) {
    marked += mark.run(restoredAt, from, from + MARKED_AT_ONCE).changes;
    onMarked(marked);
    await eventLoopTurn();
  }
}

/** A restored database under this name is complete, and only has to be moved into place. */
const readyName = (databasePath: string) => `${databasePath}.restoring`;

/** The log goes first: beside a database that it doesn't belong to, it would damage that one. */
const LOGS = ['-wal', '-journal'] as const;

/**
 * Replaces a database with a complete one. From its first step the restore is decided: however this process
 * ends, `finishRestore` resumes it at the next start or the next restore.
 * @returns where the previous database is kept; null: there was none
 */
function swapIn(complete: string, databasePath: string): string | null {
  syncPath(complete);
  renameSync(complete, readyName(databasePath));
  syncPath(dirname(databasePath));
  return finishRestore(databasePath);
}

/**
 * Completes an interrupted restore, if there is one. Call it under the lock, before the database is opened.
 * It moves the existing database aside together with its log, so that the two still belong together.
 */
export function finishRestore(databasePath: string): string | null {
  const ready = readyName(databasePath);
  const found = statSync(ready, { throwIfNoEntry: false });
  if (found === undefined) return null;
  const kept = keptName(databasePath, found.mtimeMs); // the same name again after a crash
  for (const log of LOGS) if (hasContent(databasePath + log)) renameSync(databasePath + log, kept + log);
  for (const suffix of [...LOGS, '-shm']) rmSync(databasePath + suffix, { force: true });
  if (hasContent(databasePath)) moveAside(databasePath, kept);
  syncPath(dirname(databasePath));
  renameSync(ready, databasePath);
  syncPath(dirname(databasePath));
  return existsSync(kept) ? kept : null;
}

function moveAside(databasePath: string, kept: string): void {
  if (existsSync(kept)) {
    throw new StoreError(
      'broken',
      `${kept} already exists, so ${databasePath} can’t be moved there; move one of them away`,
    );
  }
  renameSync(databasePath, kept);
}

/** With milliseconds: two restores never share a name. */
function keptName(databasePath: string, at: number): string {
  return `${databasePath}.before-restore-${new Date(at).toISOString().replaceAll(':', '-')}`;
}
