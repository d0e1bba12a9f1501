import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { realPath } from '../../real-path.ts';
import { type Mount, readMounts } from '../../store/sqlite/place.ts';
import type { SeenDirectory, SeenFile } from '../judge/machine.ts';

/** Further backups aren't checked; all are made the same way. */
const MAX_BACKUPS = 200;

/** The service's existing files with secrets and chats; whatever can't be read is omitted. */
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

/** The database, the files that SQLite and we keep with it, and copies made before migrations and restores. */
async function listBeside(database: string): Promise<string[]> {
  return (await list(dirname(database))).filter((path) => basename(path).startsWith(basename(database)));
}

/** The database's real location: the given path, unless it is a link. */
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

/** The database's directory or, if missing, its nearest existing parent. */
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

/** The type of the mount that holds a directory; null: unknown. */
function fileSystemOf(directory: string): string | null {
  const holding = readMounts().filter(
    ({ mountPoint }) =>
      mountPoint === '/' || directory === mountPoint || directory.startsWith(`${mountPoint}/`),
  );
  // if several share a mount point, the last one hides the others
  const best = holding.reduce<Mount | null>(
    (longest, mount) => (mount.mountPoint.length >= (longest?.mountPoint.length ?? 0) ? mount : longest),
    null,
  );
  return best?.fileSystem ?? null;
}
