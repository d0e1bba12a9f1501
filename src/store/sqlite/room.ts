import type Database from 'better-sqlite3';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { toStoreError } from './faults.ts';

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
