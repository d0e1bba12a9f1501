import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { realPath } from '../real-path.ts';

const PRIVATE = 0o600;

/**
 * Replaces a file atomically with one that only its owner can read: it is never half written or open to
 * others, even after a crash. A symbolic link stays, and its target is replaced; the owner stays the same.
 * @throws as `fs`; then the file is unchanged
 */
export function writePrivateFile(path: string, text: string): void {
  const target = realPath(path);
  const old = statOf(target);
  if (old !== null && !old.isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' });
  const temporary = join(dirname(target), `.${randomBytes(8).toString('hex')}.setup.tmp`);
  try {
    const file = openSync(temporary, 'wx', PRIVATE);
    try {
      if (old !== null) keepOwner(file, old);
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(target));
}

/** A file's permission bits, following links; null: no such file. @throws as `fs.statSync` */
export function modeOf(path: string): number | null {
  const stats = statOf(path);
  return stats === null ? null : stats.mode & 0o777;
}

/** Restricts the file to its owner. @throws as `fs.chmodSync` */
export function makePrivate(path: string): void {
  chmodSync(path, PRIVATE);
}

/** As in `ls -l`: 0600. */
export const modeInDigits = (mode: number): string => mode.toString(8).padStart(4, '0');

/** The user that runs the service must still be able to read it. @throws when only another user could */
function keepOwner(file: number, old: Stats): void {
  const own = fstatSync(file);
  if (old.uid !== own.uid) fchownSync(file, old.uid, old.gid);
  else if (old.gid !== own.gid) {
    try {
      fchownSync(file, old.uid, old.gid);
    } catch {
      // its mode grants the group nothing
    }
  }
}

function statOf(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

/** A rename is durable once its directory is synced; some file systems can't, which doesn't fail the write. */
function syncDirectory(path: string): void {
  try {
    const directory = openSync(path, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  } catch {
    // the file is written anyway
  }
}
