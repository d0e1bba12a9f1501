import { existsSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { StoreError } from '../../errors.ts';
import { realPath } from '../../real-path.ts';
import { toStoreError } from './faults.ts';
import { pendingMigrations, readMigrations } from './migrate.ts';
import { openSqlite } from './native.js';
import { refuseSecondName } from './place.ts';

/** How a database stands to this version of the program. */
export interface MigrationState {
  readonly state: 'current' | 'pending' | 'newer';
  /** Number of the newest migration applied; null: unknown to this version. */
  readonly schemaVersion: number | null;
  /** Of this version of the program. */
  readonly latest: number;
  /** Names of the migrations that are missing, in their order. */
  readonly pending: readonly string[];
}

/**
 * Looks at a database, in use or not, and changes nothing.
 * @throws {StoreError} when there is none, or it can't be read
 */
export function readMigrationState(name: string): MigrationState {
  const databasePath = realPath(name);
  if (!existsSync(databasePath)) {
    throw new StoreError('broken', 'there is none yet; the first start makes it');
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
