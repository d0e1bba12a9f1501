import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { StoreError } from '../../errors.ts';
import { realPath } from '../../real-path.ts';
import type { Migration } from '../migrations.ts';
import { finishRestore } from './backup/restore.ts';
import { damageError } from './faults.ts';
import { hasContent, prepareFile, sizeOf, spaceAround } from './files.ts';
import { applyMigrations, copyBeforeMigration, pendingMigrations, readMigrations } from './migrate.ts';
import { openSqlite } from './native.js';
import { acquireLock, watchPlace } from './place.ts';

export interface OpenDatabase {
  readonly path: string;
  readonly sql: Database.Database;
  /** The open file, to sync it with. Closing it releases the locks that SQLite holds, so only `close` does. */
  readonly fd: number;
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
    const checkPlace = watchPlace(sql, path, lock);
    checkPlace(); // from the lock to here no other process had access
    const fd = openSync(path, 'r+');
    const close = () => {
      sql.close();
      closeSync(fd);
      lock.release();
    };
    return { path, sql, fd, schemaVersion: known.length, checkPlace, close };
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
      `the file system can’t hold this database safely (journal mode ${mode} instead of wal); use a local disk`,
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
        `PRAGMA ${name} is ${String(actual)}, but must be ${expected}; not starting`,
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

/** SQLite's smallest page: a shorter file isn't a database. */
const LEAST_BYTES = 512;

/**
 * Files below this are checked in well under a second; larger ones aren't checked, since the start must not
 * wait for it.
 */
const CHECKED_BYTES = 64 * 1024 * 1024;

/**
 * Refuses what SQLite would mistake for a new database, and overwrite: a file too short to be a database, or
 * a missing database whose log still exists. Modifies nothing.
 * @throws {StoreError} `corrupt`
 */
export function refuseRemains(path: string): void {
  const found = existsSync(path) ? statSync(path) : null;
  if (found?.isDirectory()) return; // on some file systems as small as a truncated file; `prepareFile` refuses it
  const size = found?.size ?? null;
  if (size === null) refuseLoneLog(path, 'is missing');
  else if (size === 0) refuseLoneLog(path, 'is empty');
  else if (size < LEAST_BYTES && !hasContent(`${path}-journal`)) {
    throw new StoreError(
      'corrupt',
      `the file has ${size} bytes, too few for a database; restore a backup, or choose another DATABASE_URL`,
    );
  }
}

/**
 * Examines a non-empty file before anything is written to it; it stays as it is.
 * @returns the migrations that it lacks
 * @throws {StoreError} when it is damaged, from a newer version, or not ours at all
 */
function examineFile(path: string, known: readonly Migration[]): readonly Migration[] {
  // only a connection that may write can roll back what a crash left of a transaction
  const readonly = !hasContent(`${path}-journal`);
  const database = openSqlite(path, { readonly, timeout: 1_000 });
  try {
    const pending = pendingMigrations(database, path, known);
    if (pending.length === known.length) refuseLoneLog(path, 'has no tables');
    if (sizeOf(path) < CHECKED_BYTES) refuseDamage(database);
    return pending;
  } finally {
    database.close();
  }
}

/** Checks every page, but not that indexes agree with their tables. */
function refuseDamage(database: Database.Database): void {
  const finding = String(database.pragma('quick_check(1)', { simple: true }));
  if (finding !== 'ok') throw damageError(finding.replaceAll(/\s+/g, ' '));
}

/**
 * A new database has its tables before its log, so a log without tables is left over from a lost database.
 * Beside another database, even an older copy of its own, it would damage that one.
 */
function refuseLoneLog(path: string, what: string): void {
  if (!hasContent(`${path}-wal`)) return;
  throw new StoreError(
    'corrupt',
    `the file ${what}, but ${path}-wal still holds its data; put that same file back, or move the -wal and -shm away and restore a backup or start afresh`,
  );
}

/**
 * Refuses a database whose log was removed after a crash: SQLite would continue without the commits in it.
 * The log's index, which exists beside it until a clean shutdown, still records them. Modifies nothing.
 * @throws {StoreError} `corrupt`
 */
export function refuseMissingLog(path: string): void {
  if (!hasContent(path) || existsSync(`${path}-wal`)) return;
  const missing = pagesOnlyInLog(`${path}-shm`);
  if (missing === 0) return;
  throw new StoreError(
    'corrupt',
    `${path}-wal is missing, and ${missing} pages of data were only there; put it back, or, to continue without them or with a restored backup, delete ${path}-shm`,
  );
}

/** Positions in the index, in 4-byte words: https://sqlite.org/walformat.html */
const INDEX = { version: 0, isInitialized: 12, lastFrame: 4, headerWords: 12, copiedFrames: 24, words: 34 };
const INDEX_VERSION = 3_007_000;

/** Pages committed to the log but not copied to the file, by the log's index; 0 if uncertain. */
function pagesOnlyInLog(index: string): number {
  if (!existsSync(index)) return 0;
  const bytes = Uint8Array.from(readFileSync(index).subarray(0, 4 * INDEX.words));
  if (bytes.length < 4 * INDEX.words || bytes[INDEX.isInitialized] === 0) return 0;
  const words = new Uint32Array(bytes.buffer); // in the machine's byte order, as SQLite writes it
  const [header, copy] = [words.slice(0, INDEX.headerWords), words.slice(INDEX.headerWords)];
  const isWhole = header.every((word, at) => word === copy[at]);
  if (!isWhole || words[INDEX.version] !== INDEX_VERSION) return 0;
  return Math.max(0, (words[INDEX.lastFrame] ?? 0) - (words[INDEX.copiedFrames] ?? 0));
}
