import { existsSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StoreError } from '../errors.ts';
import { type CopyContent, copyDatabase } from './backup-copy.ts';
import { toStoreError } from './faults.ts';
import { prepareFile } from './files.ts';

export interface BackupOptions {
  readonly databasePath: string;
  /** The backup; one that is there is replaced once the new one is complete. */
  readonly file: string;
  /** Where it is written until then, in the same directory. */
  readonly partial: string;
  /** Ends it at once; nothing is left then. */
  readonly signal: AbortSignal;
}

/**
 * Makes a backup of a database, in use or not: a whole and checked file for our user alone, or none.
 * @throws {StoreError} that says what to do
 */
export async function makeBackup({
  databasePath,
  file,
  partial,
  signal,
}: BackupOptions): Promise<CopyContent> {
  if (!existsSync(databasePath)) {
    throw new StoreError('broken', `there is no database at ${databasePath}; check DATABASE_URL`);
  }
  try {
    startAnew(partial);
    refuseSameFile(databasePath, file);
    const content = await copyDatabase(databasePath, partial, signal);
    await rename(partial, file);
    await syncDirectory(dirname(resolve(file)));
    return content;
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {}); // the first error is the one that explains
    throw explain(error, file);
  }
}

/** Not in the file that a crash left: whoever wrote it may not have ended yet. */
function startAnew(partial: string): void {
  const remedy = 'choose another place for backups';
  prepareFile(partial, remedy);
  rmSync(partial);
  prepareFile(partial, remedy);
}

function refuseSameFile(databasePath: string, file: string): void {
  const [database, target] = [databasePath, file].map((path) =>
    statSync(path, { bigint: true, throwIfNoEntry: false }),
  );
  if (database !== undefined && database.ino === target?.ino && database.dev === target.dev) {
    throw new StoreError('broken', `${file} is the database itself; name another file`);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** What the system says of the place, as a sentence. */
function explain(error: unknown, file: string): unknown {
  if (error instanceof StoreError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!/^E[A-Z]+$/.test(code)) return error; // among them: it was told to end
  const { fault } = toStoreError(error);
  const what = fault === 'full' ? 'no space is left' : "it can't be written; check its owner, mode and kind";
  return new StoreError(fault, `${file}: ${what} (${code})`, { cause: error });
}
