import { constants } from 'node:fs';
import { access, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { cliTokenPath } from '../../cli-token.ts';
import type { SeenDirectory } from '../judge/data-directory.ts';
import type { SeenFile } from '../judge/file-modes.ts';

/** More backups than this aren't looked at; they are made alike. */
const MAX_BACKUPS = 200;

/** What of the service's files is there, secrets and chats; whatever can't be looked at is left out. */
export async function lookAtFiles(
  envFilePath: string | null,
  databasePath: string | null,
  backupDirectory: string | null,
): Promise<readonly SeenFile[]> {
  const directory = databasePath === null ? null : dirname(databasePath);
  const beside = directory === null ? [] : await listBeside(directory, basename(databasePath ?? ''));
  const backups = backupDirectory === null ? [] : await list(backupDirectory);
  const paths = [
    envFilePath,
    databasePath === null ? null : cliTokenPath(databasePath),
    directory,
    ...beside,
    backupDirectory,
    ...backups.slice(0, MAX_BACKUPS),
  ].filter((path) => path !== null);
  const seen = await Promise.all([...new Set(paths)].map(lookAtFile));
  return seen.filter((file) => file !== null);
}

/** The database, what SQLite keeps with it, and copies made before migrations and restores. */
async function listBeside(directory: string, name: string): Promise<string[]> {
  return (await list(directory)).filter((path) => basename(path).startsWith(name));
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
  const path = dirname(databasePath);
  let place = resolve(path);
  while (!(await exists(place)) && dirname(place) !== place) place = dirname(place);
  const writeFault = await access(place, constants.W_OK | constants.X_OK).then(() => null, codeOf);
  const fileSystem = await fileSystemOf(place).catch(() => null);
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

/** Of the mount that holds a directory, as Linux tells it; null where it doesn't. */
async function fileSystemOf(directory: string): Promise<string | null> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  let best = { mountPoint: '', fileSystem: null as string | null };
  for (const line of lines) {
    const [fields = '', rest = ''] = line.split(' - ');
    const mountPoint = (fields.split(' ')[4] ?? '').replaceAll('\\040', ' ');
    const holds = mountPoint === '/' || directory === mountPoint || directory.startsWith(`${mountPoint}/`);
    if (holds && mountPoint.length >= best.mountPoint.length)
      best = { mountPoint, fileSystem: rest.split(' ')[0] ?? null };
  }
  return best.fileSystem;
}
