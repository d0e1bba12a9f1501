import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { realPath } from '../../real-path.ts';
import { type Mount, readMounts } from '../../store/sqlite/place.ts';
import type { SeenDirectory, SeenFile } from '../judge/machine.ts';

/** More backups than this aren't looked at; they are made alike. */
const MAX_BACKUPS = 200;

/** What of the service's files is there, secrets and chats; whatever can't be looked at is left out. */
export async function lookAtFiles(
  envFilePath: string | null,
  databasePath: string | null,
  backupDirectory: string | null,
): Promise<readonly SeenFile[]> {
  const database = databasePath === null ? null : followed(databasePath);
  const directory = database === null ? null : dirname(database);
  const beside = database === null ? [] : await listBeside(database);
  const backups = backupDirectory === null ? [] : await list(backupDirectory);
  const paths = [envFilePath, directory, ...beside, backupDirectory, ...backups.slice(0, MAX_BACKUPS)].filter(
    (path) => path !== null,
  );
  const seen = await Promise.all([...new Set(paths)].map(lookAtFile));
  return seen.filter((file) => file !== null);
}

/** The database, what SQLite and we keep with it, and copies made before migrations and restores. */
async function listBeside(database: string): Promise<string[]> {
  return (await list(dirname(database))).filter((path) => basename(path).startsWith(basename(database)));
}

/** Where the database really is: the path as it was given, unless that is a link. */
function followed(databasePath: string): string {
  const path = realPath(databasePath);
  return path === resolve(databasePath) ? databasePath : path;
}

async function list(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}

async function lookAtFile(path: string): Promise<SeenFile | null> {
  try {
    const { mode } = await stat(path);
    const isDirectory = (mode & constants.S_IFMT) === constants.S_IFDIR;
    return { path, mode: mode & 0o7777, isDirectory };
  } catch {
    return null;
  }
}

/** The directory of the database; while it isn't there, the nearest one above it that is. */
export async function lookAtDirectory(databasePath: string): Promise<SeenDirectory> {
  const path = dirname(followed(databasePath));
  let place = resolve(path);
  while (!(await exists(place)) && dirname(place) !== place) place = dirname(place);
  const writeFault = await access(place, constants.W_OK | constants.X_OK).then(() => null, codeOf);
  const fileSystem = fileSystemOf(place);
  const space = await statfs(place).then(
    ({ bavail, blocks, bsize }) => ({ freeBytes: bavail * bsize, totalBytes: blocks * bsize }),
    () => null,
  );
  return { path, exists: place === resolve(path), writeFault, fileSystem, space };
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown';

/** Of the mount that holds a directory; null where that isn't known. */
function fileSystemOf(directory: string): string | null {
  const holding = readMounts().filter(
    ({ mountPoint }) =>
      mountPoint === '/' || directory === mountPoint || directory.startsWith(`${mountPoint}/`),
  );
  // of several at one place the last covers the others
  const best = holding.reduce<Mount | null>(
    (longest, mount) => (mount.mountPoint.length >= (longest?.mountPoint.length ?? 0) ? mount : longest),
    null,
  );
  return best?.fileSystem ?? null;
}
