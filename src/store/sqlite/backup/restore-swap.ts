import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../../../errors.ts';
import { hasContent, syncPath } from '../files.ts';

/** A restored database under this name is complete, and only has to take its place. */
const readyName = (databasePath: string) => `${databasePath}.restoring`;

/** The log first: beside a database that it isn't of, it would damage that one. */
const LOGS = ['-wal', '-journal'] as const;

/**
 * Puts a complete database in the place of another. From the first step on the restore is decided: whatever ends this
 * process, `finishRestore` goes on where it was, at the next start or the next restore.
 * @returns where the database that was there is kept; null: there was none
 */
export function swapIn(complete: string, databasePath: string): string | null {
  syncPath(complete);
  renameSync(complete, readyName(databasePath));
  syncPath(dirname(databasePath));
  return finishRestore(databasePath);
}

/**
 * Completes a restore that was cut off, if there is one; to be called under the lock, before the database is opened.
 * The one that is there is moved aside with its log, so that the two still belong together.
 */
export function finishRestore(databasePath: string): string | null {
  const ready = readyName(databasePath);
  const found = statSync(ready, { throwIfNoEntry: false });
  if (found === undefined) return null;
  const kept = keptName(databasePath, found.mtimeMs); // the same one again after a crash
  for (const log of LOGS) if (hasContent(databasePath + log)) renameSync(databasePath + log, kept + log);
  for (const suffix of [...LOGS, '-shm']) rmSync(databasePath + suffix, { force: true });
  if (hasContent(databasePath)) moveAside(databasePath, kept);
  syncPath(dirname(databasePath));
  renameSync(ready, databasePath);
  syncPath(dirname(databasePath));
  return existsSync(kept) ? kept : null;
}

function moveAside(databasePath: string, kept: string): void {
  if (existsSync(kept)) {
    throw new StoreError(
      'broken',
      `${kept} is there already, so ${databasePath} can't be moved to it; move one away`,
    );
  }
  renameSync(databasePath, kept);
}

/** Milliseconds too: two restores never have one name. */
function keptName(databasePath: string, at: number): string {
  return `${databasePath}.before-restore-${new Date(at).toISOString().replaceAll(':', '-')}`;
}
