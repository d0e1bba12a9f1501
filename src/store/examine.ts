import { existsSync, realpathSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { StoreError } from '../errors.ts';
import { damageError } from './faults.ts';
import { hasContent, sizeOf } from './files.ts';
import { type Migration, pendingMigrations } from './migrate.ts';

/** SQLite's smallest page: no file that is shorter is a database. */
const LEAST_BYTES = 512;

/** Files below this are checked in well under a second; larger ones not, since the start must not wait for it. */
const CHECKED_BYTES = 64 * 1024 * 1024;

/**
 * Refuses what SQLite would take for a new database, and overwrite, although it isn't one: a file too short to be a
 * database, or none at all where the log of one still lies. Touches nothing.
 * @throws {StoreError} `corrupt`
 */
export function refuseRemains(name: string): void {
  if (!existsSync(name)) {
    refuseLoneLog(name, 'is missing');
    return;
  }
  const path = realpathSync(name);
  const { size } = statSync(path);
  if (size === 0) refuseLoneLog(path, 'is empty');
  else if (size < LEAST_BYTES && !hasContent(`${path}-journal`)) {
    throw new StoreError(
      'corrupt',
      `the file has ${size} bytes, too few for a database; restore a backup, or choose another DATABASE_URL`,
    );
  }
}

/**
 * Looks at a file that has content before anything is written to it; it stays as it is.
 * @returns the migrations that it lacks
 * @throws {StoreError} when it is damaged, of a newer version, or not ours at all
 */
export function examineFile(path: string, known: readonly Migration[]): readonly Migration[] {
  // what a crash left of a transaction can be undone only by a connection that may write
  const readonly = !hasContent(`${path}-journal`);
  const database = new Database(path, { readonly, timeout: 1_000 });
  try {
    const pending = pendingMigrations(database, path, known);
    if (pending.length === known.length) refuseLoneLog(path, 'has no tables');
    if (sizeOf(path) < CHECKED_BYTES) refuseDamage(database);
    return pending;
  } finally {
    database.close();
  }
}

/** Every page is looked at; that indexes agree with their tables is not. */
function refuseDamage(database: Database.Database): void {
  const finding = String(database.pragma('quick_check(1)', { simple: true }));
  if (finding !== 'ok') throw damageError(finding.replaceAll(/\s+/g, ' '));
}

/**
 * A new database has its tables before it has a log, so a log without tables is what is left of a database that was
 * lost. Beside another database, an older copy of its own included, it would damage that one.
 */
function refuseLoneLog(path: string, what: string): void {
  if (!hasContent(`${path}-wal`)) return;
  throw new StoreError(
    'corrupt',
    `the file ${what}, but ${path}-wal still holds data of it; put back that very file, or move the -wal away and restore a backup or start anew`,
  );
}
