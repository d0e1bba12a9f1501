import { readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { StoreError } from '../../errors.ts';
import { syncPath } from './files.ts';

type Place = 'kept' | 'was deleted or moved away' | 'was replaced by another one';

/**
 * Remembers which files an open database consists of. The function given back asks again, and throws when its path
 * leads to none or to another: what is written to the files that we have open would be gone with this process.
 * @throws {StoreError} `io`
 */
export function watchPlace(sql: Database.Database, path: string): () => void {
  const log = `${path}-wal`;
  sql.pragma('schema_version'); // the first read makes the log
  syncPath(dirname(path)); // SQLite syncs its name, too, and ignores it when that fails
  const placeOfFile = rememberFile(path);
  const placeOfLog = rememberFile(log);
  return () => {
    const file = placeOfFile();
    if (file !== 'kept') rmSync(`${path}-shm`, { force: true }); // beside another database it would speak of our log
    if (file === 'was deleted or moved away') {
      throw lost(file, `put it back, or move ${log} away and restore a backup, then start again`);
    }
    if (file !== 'kept') {
      // our log would be read as that of the replacement at the next start, and damage it
      if (placeOfLog() === 'kept') renameSync(log, `${log}.replaced`);
      throw lost(file, 'if that was to restore a backup, just start again, else put back the one before');
    }
    const found = placeOfLog();
    if (found === 'kept') return;
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
 * Refuses a database that can be reached under a second name, as a hard link or mounted by itself: SQLite names the log
 * after the file, and we the lock, so that two programs would write to it, each with a log and a lock of its own.
 * @throws {StoreError} `broken`
 */
export function refuseSecondName(path: string): void {
  const names = statSync(path, { throwIfNoEntry: false })?.nlink ?? 1;
  if (names > 1) {
    throw new StoreError(
      'broken',
      `${path} has ${names} names (hard links), and under each another program could write to it; find them with \`find / -xdev -samefile ${path}\` and delete all but one (snapshots are made with "backup")`,
    );
  }
  if (readMounts().some(({ mountPoint }) => mountPoint === path)) {
    throw new StoreError(
      'broken',
      `${path} is mounted by itself, so its log and lock are left out, and a replacement of it isn't seen; mount its directory instead`,
    );
  }
}

export interface Mount {
  readonly mountPoint: string;
  /** The kind of file system, such as `ext4`. */
  readonly fileSystem: string;
}

/** What is mounted where, as Linux tells it; nothing on other systems. */
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

/** Spaces and the like stand there as `\040`. */
const inPlain = (text: string) =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Remembers which file has this name, and tells what became of it. @throws as `fs.statSync` */
export function rememberFile(path: string): () => Place {
  const { dev, ino } = statSync(path, { bigint: true });
  return () => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return 'was deleted or moved away';
    return found.dev === dev && found.ino === ino ? 'kept' : 'was replaced by another one';
  };
}
