import { readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { StoreError } from '../../errors.ts';
import { toStoreError } from './faults.ts';
import { prepareFile, syncPath } from './files.ts';
import { openSqlite } from './native.js';

interface Lock {
  /** @throws {StoreError} `io` when its file was removed: another process may hold a lock of the same name */
  check(): void;
  release(): void;
}

/**
 * Makes this the only process on a database until it ends, however it ends: an exclusive transaction on a
 * file beside the database, which the system releases even after `kill -9`.
 * @param databasePath with every link resolved, so that there is one lock whatever name led here
 * @throws {StoreError} `locked` when another process has it; `broken` when the database has names that no
 * lock covers
 */
export function acquireLock(databasePath: string): Lock {
  refuseSecondName(databasePath);
  const path = `${databasePath}.lock`;
  prepareFile(path);
  const place = rememberFile(path);
  const holder = openSqlite(path, { timeout: 0 });
  try {
    holder.pragma('journal_mode = MEMORY'); // nothing is ever written, so it needs no journal file
    holder.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    holder.close();
    const failure = toStoreError(error);
    if (failure.fault !== 'busy') throw failure;
    throw new StoreError(
      'locked',
      `another process is using ${databasePath}; stop it first, or give this one another DATABASE_URL`,
      { cause: error },
    );
  }
  return {
    check() {
      const found = place();
      if (found === 'kept') return;
      throw new StoreError(
        'io',
        `${path} ${found} while it was in use, so another process may have got in; never delete it: make sure that only one process uses this database, then start again`,
      );
    },
    release: () => holder.close(),
  };
}

type Place = 'kept' | 'was deleted or moved away' | 'was replaced by another one';

/**
 * Remembers which files an open database consists of. The returned function checks them and the lock, and
 * throws if a path leads to no file or to a different one: what we write to our open files would be lost when
 * this process ends.
 * @throws {StoreError} `io`
 */
export function watchPlace(sql: Database.Database, path: string, lock: Lock): () => void {
  const log = `${path}-wal`;
  sql.pragma('schema_version'); // the first read creates the log
  syncPath(dirname(path)); // SQLite syncs its name too, but ignores a failure
  const placeOfFile = rememberFile(path);
  const placeOfLog = rememberFile(log);
  return () => {
    const file = placeOfFile();
    // beside another database it would describe our log
    if (file !== 'kept') rmSync(`${path}-shm`, { force: true });
    if (file === 'was deleted or moved away') {
      throw lost(file, `put it back, or move ${log} away and restore a backup, then start again`);
    }
    if (file !== 'kept') {
      // the next start would read our log as the replacement's, and damage it
      if (placeOfLog() === 'kept') renameSync(log, `${log}.replaced`);
      throw lost(file, 'if that was to restore a backup, just start again, else put back the one before');
    }
    const found = placeOfLog();
    if (found === 'kept') return lock.check();
    const isBusy = sql.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) !== 0;
    if (isBusy)
      throw new StoreError('busy', `${log} ${found}, and another program keeps us from saving what it held`);
    throw new StoreError(
      'io',
      `${log} ${found} while it was in use; what it held was saved in the database, so just start again`,
    );
  };
}

function lost(what: Place, remedy: string): StoreError {
  return new StoreError(
    'io',
    `the file ${what} while it was in use, so nothing more could be kept; ${remedy}`,
  );
}

/**
 * Refuses a database that can be reached under a second name, through a hard link or a mount of the file
 * itself. SQLite names the log after the file, and we name the lock after it, so two programs could write to
 * it, each with its own log and lock.
 * @throws {StoreError} `broken`
 */
export function refuseSecondName(path: string): void {
  const names = statSync(path, { throwIfNoEntry: false })?.nlink ?? 1;
  if (names > 1) {
    throw new StoreError(
      'broken',
      `${path} has ${names} hard links, and another program could write to it through any of them; find them with \`find / -xdev -samefile ${path}\` and delete all but one (snapshots are made with "backup")`,
    );
  }
  if (readMounts().some(({ mountPoint }) => mountPoint === path)) {
    throw new StoreError(
      'broken',
      `${path} is mounted as a single file, so its log and lock are left out, and replacing it goes unnoticed; mount its directory instead`,
    );
  }
}

export interface Mount {
  readonly mountPoint: string;
  /** The kind of file system, such as `ext4`. */
  readonly fileSystem: string;
}

/** The mounts that Linux reports; empty on other systems. */
export function readMounts(): readonly Mount[] {
  try {
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
    return lines.map((line) => {
      const [fields = '', rest = ''] = line.split(' - ');
      return { mountPoint: inPlain(fields.split(' ')[4] ?? ''), fileSystem: rest.split(' ')[0] ?? '' };
    });
  } catch {
    return [];
  }
}

/** Spaces and the like are escaped there as `\040`. */
const inPlain = (text: string) =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/**
 * Remembers which file has this name. The returned function reports what became of it.
 * @throws as `fs.statSync`
 */
function rememberFile(path: string): () => Place {
  const { dev, ino } = statSync(path, { bigint: true });
  return () => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return 'was deleted or moved away';
    return found.dev === dev && found.ino === ino ? 'kept' : 'was replaced by another one';
  };
}
