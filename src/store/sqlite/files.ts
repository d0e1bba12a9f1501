import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type Database from 'better-sqlite3';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { toStoreError } from './faults.ts';

/** Only we may read the database: it names chats, lines and times. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Files that SQLite keeps beside a database, with the database's own mode. */
const COMPANIONS = ['-wal', '-shm'] as const;

/**
 * Creates the empty file and its directory unless they exist, accessible to our user only. An existing file
 * isn't opened: closing it again would release the locks that SQLite holds on it in this process.
 * @param remedy what to do if the path can't be a file's
 * @throws {StoreError} in that case; the system's error if it or its directory isn't writable
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

/** A created directory survives a power failure: its parent is synced too. */
function makeDirectory(path: string, remedy: string): void {
  try {
    const firstMade = mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
    if (firstMade === undefined) return;
    for (let made = path; made.length >= firstMade.length; made = dirname(made)) syncPath(dirname(made));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    throw code === 'EEXIST' || code === 'ENOTDIR' ? wrongPath(path, 'isn’t a directory', remedy) : error;
  }
}

/** A mistake in the settings, where SQLite and the system would blame the disk. */
function wrongPath(path: string, what: string, remedy: string): StoreError {
  return new StoreError('broken', `${path} ${what}; ${remedy}`);
}

/** Syncs a file, or the names in a directory, to disk. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Bytes of the database and its companion files. */
export function sizeOf(path: string): number {
  return [path, ...COMPANIONS.map((suffix) => path + suffix)]
    .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

/** Space on the path's file system: what we may still use, and the total. */
export function spaceAround(path: string): { freeBytes: number; totalBytes: number } {
  const { bavail, blocks, bsize } = statfsSync(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** 16 MiB. */
const FREED_AT_ONCE = 2 ** 24;

/**
 * Removes or replaces a file and frees its space step by step. Freed at once, 340 MB held up every commit on the same
 * ext4 for 100 ms. A program that still reads the file finds it shortened.
 * @param unlink takes the name from the file; the system frees the space if another name leads to it
 * @param signal when aborted, the rest is freed at once
 */
export async function freeGradually(
  path: string,
  unlink: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const file = await openReplaceable(path);
  try {
    await unlink();
    if (file !== null) await shorten(file, signal).catch(() => {}); // closing it frees the rest
  } finally {
    await file?.close();
  }
}

async function shorten(file: FileHandle, signal: AbortSignal | undefined): Promise<void> {
  const { nlink, size } = await file.stat();
  if (nlink > 0) return;
  for (let rest = size - FREED_AT_ONCE; rest > 0 && signal?.aborted !== true; rest -= FREED_AT_ONCE) {
    await file.truncate(rest);
    await file.datasync(); // the next step waits until the disk has done this one
  }
}

/** Null: there is nothing to free, or another name leads to it, which may be the database in use. */
async function openReplaceable(path: string): Promise<FileHandle | null> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || found.nlink > 1 || found.size <= FREED_AT_ONCE) return null;
  return open(path, 'r+').catch(() => null); // not ours to write: freed at once
}

/** True for a file that has any content. */
export function hasContent(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0; // a file where a directory should be has none in it
}

/**
 * Copying the log takes long if it fails at the end, so a flood of failing writes tries it at most this
 * often.
 */
const TRY_EVERY_MS = SECOND;

/**
 * For a write that found the disk full: copies the log to the file and truncates it. The log holds many pages
 * several times, so this may free what the next write needs. This write still fails.
 */
export function createMakeRoom(sql: Database.Database): (now: EpochMs) => void {
  const truncate = sql.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  let triedAt: EpochMs = Number.NEGATIVE_INFINITY;
  return (now) => {
    // a clock that was set back doesn't block this for long
    if (Math.abs(now - triedAt) < TRY_EVERY_MS) return;
    triedAt = now;
    try {
      truncate.all();
    } catch (error) {
      if (toStoreError(error).fault !== 'full') throw error;
    }
  };
}
