import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Only we may read the database: it names chats, lines and times. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** What SQLite keeps beside a database; it gives them the database's own mode. */
const COMPANIONS = ['-wal', '-shm'] as const;

/**
 * Creates the file, empty, and its directory unless they are there, for our user alone. A file that is there isn't
 * opened: closing it again would release the locks that SQLite holds on it in this process.
 */
export function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  if (!existsSync(path)) closeSync(openSync(path, 'wx', FILE_MODE));
  for (const file of [path, ...COMPANIONS.map((suffix) => path + suffix)]) {
    if (existsSync(file) && (statSync(file).mode & 0o777) !== FILE_MODE) chmodSync(file, FILE_MODE);
  }
}

/** Bytes of the database and what stands beside it. */
export function sizeOf(path: string): number {
  return [path, ...COMPANIONS.map((suffix) => path + suffix)]
    .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

/** True for a file that has any content. */
export function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
