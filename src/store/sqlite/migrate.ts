import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { StoreError } from '../../errors.ts';
import { packageFile } from '../../package-files.ts';
import { realPath } from '../../real-path.ts';
import { type Migration, readMigrationsIn } from '../migrations.ts';
import { toStoreError } from './faults.ts';
import { prepareFile, syncPath } from './files.ts';
import { openSqlite } from './native.js';
import { refuseSecondName } from './place.ts';

/** The generated migrations; the package has them beside both `src/` and `dist/`. */
const FOLDER = packageFile('migrations/');

/** The migrations that this program knows, oldest first. */
export const readMigrations = (folder: URL = FOLDER): readonly Migration[] => readMigrationsIn(folder);

/**
 * The migrations that a database lacks. It is left unchanged, so that a newer version still finds it intact.
 * @throws {StoreError} `newer` when it has one that this program doesn't know; `broken` when it isn't ours at
 * all
 */
export function pendingMigrations(
  database: Database.Database,
  path: string,
  known: readonly Migration[],
): readonly Migration[] {
  const applied = appliedTags(database, path);
  const unknown = applied.find((tag, index) => known[index]?.tag !== tag);
  if (unknown !== undefined) {
    throw new StoreError(
      'newer',
      `${path} was migrated to "${unknown}", which this version doesn’t know; run the newer version, or restore an older backup`,
    );
  }
  return known.slice(applied.length);
}

function appliedTags(database: Database.Database, path: string): readonly string[] {
  const tables = new Set(
    database.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all(),
  );
  if (tables.size === 0) return [];
  if (!tables.has('migrations')) {
    throw new StoreError('broken', `${path} is a database of another program; choose another DATABASE_URL`);
  }
  return database.prepare<[], string>('SELECT tag FROM migrations ORDER BY number').pluck().all();
}

/**
 * Copies a database before it is migrated, into a file that is either complete or absent; replaces the copy
 * of an earlier try.
 */
export function copyBeforeMigration(database: Database.Database, path: string, first: Migration): void {
  const copy = `${path}.before-migration-${first.number}`;
  const partial = `${copy}.partial`;
  rmSync(partial, { force: true });
  prepareFile(partial);
  database.prepare('VACUUM INTO ?').run(partial);
  syncPath(partial);
  renameSync(partial, copy);
  syncPath(dirname(copy));
}

/**
 * Applies migrations, all or none. Foreign keys are off meanwhile, since rebuilding a table drops it in
 * between; they are checked before the commit.
 */
export function applyMigrations(database: Database.Database, pending: readonly Migration[]): void {
  if (pending.length === 0) return;
  database.pragma('foreign_keys = OFF');
  const apply = database.transaction(() => {
    database.exec(
      'CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY NOT NULL, tag text NOT NULL) STRICT',
    );
    const note = database.prepare('INSERT INTO migrations (number, tag) VALUES (?, ?)');
    for (const { number, tag, sql } of pending) {
      database.exec(sql);
      note.run(number, tag);
    }
    const violations = database.prepare('PRAGMA foreign_key_check').all();
    if (violations.length > 0) {
      throw new StoreError(
        'broken',
        `the migration would leave ${violations.length} rows without the row they refer to`,
      );
    }
  });
  try {
    apply.immediate();
  } finally {
    database.pragma('foreign_keys = ON');
  }
}

/** The schema of a database, compared with this version of the program. */
export interface MigrationState {
  readonly state: 'current' | 'pending' | 'newer';
  /** Number of the newest migration applied; null: unknown to this version. */
  readonly schemaVersion: number | null;
  /** The newest migration of this version. */
  readonly latest: number;
  /** Names of the missing migrations, in order. */
  readonly pending: readonly string[];
}

/**
 * Examines a database, in use or not, and changes nothing.
 * @throws {StoreError} when there is none, or it can't be read
 */
export function readMigrationState(name: string): MigrationState {
  const databasePath = realPath(name);
  if (!existsSync(databasePath)) {
    throw new StoreError('broken', 'it doesn’t exist yet; the first start creates it');
  }
  refuseSecondName(databasePath);
  const known = readMigrations();
  const latest = known.length;
  let sql: Database.Database | null = null;
  try {
    sql = openSqlite(databasePath, { readonly: true, fileMustExist: true, timeout: 1_000 });
    const pending = pendingMigrations(sql, databasePath, known).map(({ tag }) => tag);
    const state = pending.length === 0 ? 'current' : 'pending';
    return { state, schemaVersion: latest - pending.length, latest, pending };
  } catch (error) {
    const failure = toStoreError(error);
    if (failure.fault !== 'newer') throw failure;
    return { state: 'newer', schemaVersion: null, latest, pending: [] };
  } finally {
    sql?.close();
  }
}
