import { existsSync, readFileSync, statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { StoreError } from '../../errors.ts';
import { damageError } from './faults.ts';
import { hasContent, sizeOf } from './files.ts';
import { type Migration, pendingMigrations } from './migrate.ts';
import { openSqlite } from './native.js';

/** SQLite's smallest page: a shorter file is no database. */
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
  const size = existsSync(path) ? statSync(path).size : null;
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
 * @throws {StoreError} when it is damaged, of a newer version, or not ours at all
 */
export function examineFile(path: string, known: readonly Migration[]): readonly Migration[] {
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
    `the file ${what}, but ${path}-wal still holds data of it; put back that very file, or move the -wal away, the -shm too, and restore a backup or start anew`,
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
    `${path}-wal is missing, and ${missing} pages of data were in it alone; put it back, or, to go on without them or with a backup that you restored, delete ${path}-shm`,
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
