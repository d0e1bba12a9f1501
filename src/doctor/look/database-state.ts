import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SECOND } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { programFile } from '../../package-files.ts';
import { realPath } from '../../real-path.ts';
import { refuseMissingLog, refuseRemains } from '../../store/sqlite/database.ts';
import { toStoreError } from '../../store/sqlite/faults.ts';
import { hasContent } from '../../store/sqlite/files.ts';
import { readMigrationState } from '../../store/sqlite/migrate.ts';
import { openSqlite } from '../../store/sqlite/native.js';
import type { SeenDatabase } from '../judge/machine.ts';

const SCRIPT = fileURLToPath(programFile('doctor/look/quick-check-process.js'));
const QUICK_CHECK_MS = 8 * SECOND;

/**
 * Checks the database, in use or not. Never writes to it, and rejects up front what SQLite would take for a
 * new one.
 */
export async function lookAtDatabase(databasePath: string): Promise<SeenDatabase> {
  try {
    const path = realPath(databasePath);
    refuseRemains(path);
    if (!hasContent(path)) return { kind: 'none' };
    refuseMissingLog(path);
    const isAtRest = !existsSync(`${path}-wal`);
    const seen = await read(path);
    if (isAtRest) tidy(path);
    return seen;
  } catch (error) {
    const { fault, message } = toStoreError(error);
    return { kind: 'failed', fault, message };
  }
}

async function read(path: string): Promise<SeenDatabase> {
  const state = readMigrationState(path);
  if (state.state === 'newer') return { kind: 'newer' };
  const { schemaVersion, latest, pending } = state;
  return {
    kind: 'read',
    schemaVersion: schemaVersion ?? 0,
    latest,
    pending,
    quickCheck: await quickCheck(path),
  };
}

/**
 * Reading leaves an empty log where there was none. A writable connection removes it on closing, if it is the
 * last one. SQLite itself ensures that, so a service that starts in the meantime loses nothing.
 */
function tidy(path: string): void {
  try {
    const database = openSqlite(path, { fileMustExist: true, timeout: 0 });
    try {
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
    } finally {
      database.close();
    }
  } catch {
    // then the log stays, which is harmless
  }
}

function quickCheck(path: string): Promise<string | null> {
  const options = { timeout: QUICK_CHECK_MS, killSignal: 'SIGKILL', encoding: 'utf8' } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, path], options, (error, stdout, stderr) =>
      resolve(readQuickCheck(error, stdout, stderr)),
    );
  });
}

/**
 * SQLite's result; null when it took too long or couldn't be run. A process that ends just as its time is up has no error
 * and no output, because Node.js drops the output first.
 */
export function readQuickCheck(error: Error | null, stdout: string, stderr: string): string | null {
  if (error === null) return stdout.replaceAll(/\s+/g, ' ') || null;
  return /SQLITE_(CORRUPT|NOTADB)/.test(stderr) ? 'SQLite can’t read it' : null;
}

/** Whether a process uses the database, judging by the lock beside it. */
export function isDatabaseInUse(databasePath: string): boolean {
  try {
    const path = `${realPath(databasePath)}.lock`;
    if (!existsSync(path)) return false;
    const lock = openSqlite(path, { readonly: true, fileMustExist: true, timeout: 0 });
    try {
      lock.prepare('SELECT count(*) FROM sqlite_schema').get();
    } finally {
      lock.close();
    }
    return false;
  } catch (error) {
    return toStoreError(error) instanceof StoreError && toStoreError(error).fault === 'busy';
  }
}
