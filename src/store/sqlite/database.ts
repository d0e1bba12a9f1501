import type Database from 'better-sqlite3';
import { StoreError } from '../../errors.ts';
import { realPath } from '../../real-path.ts';
import { finishRestore } from './backup/restore.ts';
import { examineFile, refuseMissingLog, refuseRemains } from './examine.ts';
import { hasContent, prepareFile, spaceAround } from './files.ts';
import { applyMigrations, copyBeforeMigration, type Migration, readMigrations } from './migrate.ts';
import { openSqlite } from './native.js';
import { acquireLock, watchPlace } from './place.ts';

export interface OpenDatabase {
  readonly path: string;
  readonly sql: Database.Database;
  readonly schemaVersion: number;
  /**
   * @throws {StoreError} `io` when the file, its log or our lock is no longer in place: its contents won't
   * outlive this process
   */
  checkPlace(): void;
  close(): void;
}

/**
 * A wait for another program's write blocks the whole process, so it is short; the caller answers 503, and
 * the sender retries.
 */
const BUSY_TIMEOUT_MS = 500;
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;
/**
 * 16 MiB of pages between two checkpoints: a page that is written repeatedly goes to the file once. Twice as
 * many pages were up to 3 % faster, half as many up to 10 % slower.
 */
const CHECKPOINT_PAGES = 4_000;
const LEAST_CHECKPOINT_PAGES = 250;
const PAGE_BYTES = 4_096;
const CACHE_KIB = 32 * 1024;

/**
 * Opens the database exclusively for this process; creates and migrates it as needed.
 * @throws {StoreError} `locked`, `newer` or `corrupt` (the file is left unchanged), or the storage's own
 * fault
 */
export function openDatabase(name: string, known: readonly Migration[] = readMigrations()): OpenDatabase {
  const path = realPath(name); // companion files are beside the file, not beside a link to it
  refuseRemains(path);
  prepareFile(path);
  const lock = acquireLock(path);
  try {
    finishRestore(path);
    refuseMissingLog(path);
    const pending = hasContent(path) ? examineFile(path, known) : known;
    const sql = openSqlite(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      migrate(sql, path, pending);
      setJournal(sql);
      setPragmas(sql, spaceAround(path).freeBytes);
    } catch (error) {
      sql.close();
      throw error;
    }
    const close = () => {
      sql.close();
      lock.release();
    };
    const checkFiles = watchPlace(sql, path);
    const checkPlace = () => {
      checkFiles();
      lock.check();
    };
    checkPlace(); // from the lock to here no other process had access
    return { path, sql, schemaVersion: known.length, checkPlace, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A new database gets its tables before its log: the file is never without them while the log holds anything. */
function migrate(sql: Database.Database, path: string, pending: readonly Migration[]): void {
  sql.pragma('synchronous = FULL');
  const first = pending[0];
  if (first === undefined) return;
  if (first.number === 1) sql.pragma('journal_mode = DELETE');
  else copyBeforeMigration(sql, path, first);
  applyMigrations(sql, pending);
}

function setJournal(sql: Database.Database): void {
  // reads all rows: if asked for the first alone, better-sqlite3 doesn't notice that the commit after it
  // failed
  const [row] = sql.pragma('journal_mode = WAL') as [{ readonly journal_mode: string }];
  const mode = row.journal_mode;
  if (mode !== 'wal') {
    throw new StoreError(
      'broken',
      `the file system can't hold this database safely (journal mode ${mode} instead of wal); use a local disk`,
    );
  }
}

/**
 * better-sqlite3's build of SQLite falls back to `synchronous = NORMAL` in WAL mode, which loses commits when
 * power fails: so FULL is set after everything else and read back.
 */
function setPragmas(sql: Database.Database, free: number): void {
  sql.pragma('foreign_keys = ON');
  sql.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  sql.pragma(`wal_autocheckpoint = ${checkpointPages(free)}`);
  sql.pragma(`cache_size = -${CACHE_KIB}`);
  sql.pragma('synchronous = FULL');
  const answers = [
    ['synchronous', 2],
    ['foreign_keys', 1],
  ] as const;
  for (const [name, expected] of answers) {
    const actual = sql.pragma(name, { simple: true });
    if (actual !== expected) {
      throw new StoreError(
        'broken',
        `PRAGMA ${name} is ${String(actual)}, and ${expected} is needed; not starting`,
      );
    }
  }
}

/**
 * Pages that the log may hold before they are copied to the file: fewer on a small disk, since the file can't
 * grow once the log has taken the remaining space.
 */
export function checkpointPages(free: number): number {
  const affordable = Math.floor(free / 16 / PAGE_BYTES);
  return Math.min(CHECKPOINT_PAGES, Math.max(LEAST_CHECKPOINT_PAGES, affordable));
}
