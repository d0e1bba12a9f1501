import { StoreError } from '../../errors.ts';
import { toStoreError } from './faults.ts';
import { prepareFile } from './files.ts';
import { openSqlite } from './native.js';
import { refuseSecondName, rememberFile } from './place.ts';

export interface Lock {
  /** @throws {StoreError} `io` when its file was taken away: another process may have got a lock of the same name */
  check(): void;
  release(): void;
}

/**
 * Makes this the only process on a database, until it ends in whatever way: an exclusive transaction on a file beside
 * it, which the system frees even after `kill -9`.
 * @param databasePath every link in it followed, so that there is one lock whatever name led here
 * @throws {StoreError} `locked` when another process has it; `broken` when the database has names that no lock covers
 */
export function acquireLock(databasePath: string): Lock {
  refuseSecondName(databasePath);
  const path = `${databasePath}.lock`;
  prepareFile(path);
  const place = rememberFile(path);
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
  return {
    check() {
      const found = place();
      if (found === 'kept') return;
      throw new StoreError(
        'io',
        `${path} ${found} while it was in use, so another process may have been let in; never delete it: see that only one works on this database, then start again`,
      );
    },
    release: () => holder.close(),
  };
}
