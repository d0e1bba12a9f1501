import { StoreError } from '../errors.ts';
import { toStoreError } from './faults.ts';
import { prepareFile } from './files.ts';
import { openSqlite } from './sqlite.js';

export interface Lock {
  release(): void;
}

/**
 * Makes this the only process on a database, until it ends in whatever way: an exclusive transaction on a file beside
 * it, which the system frees even after `kill -9`.
 * @throws {StoreError} `locked` when another process has it
 */
export function acquireLock(databasePath: string): Lock {
  const path = `${databasePath}.lock`;
  prepareFile(path);
  const holder = openSqlite(path, { timeout: 0 });
  try {
    holder.pragma('journal_mode = MEMORY'); // nothing is ever written, so no journal has to lie beside it
    holder.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    holder.close();
    const failure = toStoreError(error);
    if (failure.fault !== 'busy') throw failure;
    throw new StoreError(
      'locked',
      `another process works on ${databasePath}; stop it first, or give this one another DATABASE_URL`,
      { cause: error },
    );
  }
  return { release: () => holder.close() };
}
