import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreError } from '../../errors.ts';

/** Only we may read the database: it names chats, lines and times. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** What SQLite keeps beside a database; it gives them the database's own mode. */
const COMPANIONS = ['-wal', '-shm'] as const;

/**
 * Creates the file, empty, and its directory unless they are there, for our user alone. A file that is there isn't
 * opened: closing it again would release the locks that SQLite holds on it in this process.
 * @param remedy what to do when the path can't be that of a file
 * @throws {StoreError} then; the system's error when it or its directory may not be written to
 */
export function prepareFile(path: string, remedy = 'give DATABASE_URL the path of a file'): void {
  makeDirectory(resolve(dirname(path)), remedy);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw wrongPath(path, 'is a directory', remedy);
  if (!existsSync(path)) closeSync(openSync(path, 'wx', FILE_MODE));
  // SQLite would blame the disk for it
  for (const needed of [resolve(dirname(path)), path]) accessSync(needed, constants.W_OK);
  for (const file of [path, ...COMPANIONS.map((suffix) => path + suffix)]) {
    if (existsSync(file) && (statSync(file).mode & 0o777) !== FILE_MODE) chmodSync(file, FILE_MODE);
  }
}

/** A directory that is made outlives a power failure: the one that names it is synced too. */
function makeDirectory(path: string, remedy: string): void {
  try {
    const firstMade = mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
    if (firstMade === undefined) return;
    for (let made = path; made.length >= firstMade.length; made = dirname(made)) syncPath(dirname(made));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    throw code === 'EEXIST' || code === 'ENOTDIR' ? wrongPath(path, 'is no directory', remedy) : error;
  }
}

/** A mistake in the settings, where SQLite and the system would blame the disk. */
function wrongPath(path: string, what: string, remedy: string): StoreError {
  return new StoreError('broken', `${path} ${what}; ${remedy}`);
}

/** Forces a file, or the names in a directory, to the disk. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Bytes of the database and what stands beside it. */
export function sizeOf(path: string): number {
  return [path, ...COMPANIONS.map((suffix) => path + suffix)]
    .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

/** Of the file system that a path is on: what we may still take of it, and all of it. */
export function spaceAround(path: string): { freeBytes: number; totalBytes: number } {
  const { bavail, blocks, bsize } = statfsSync(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** True for a file that has any content. */
export function hasContent(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0; // a file where a directory should be has none in it
}
