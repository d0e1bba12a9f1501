import type Database from 'better-sqlite3';
import { type EpochMs, SECOND } from '../../decide/time.ts';
import { toStoreError } from './faults.ts';

/** Copying the log takes long when it fails at its end, so a flood of failing writes tries it this seldom. */
const TRY_EVERY_MS = SECOND;

/**
 * Runs a write. When the disk is full for it, the log is copied to the file and cut: it holds many pages several times,
 * so that may free what the next write needs. This write still fails.
 */
export type WithRoom = <T>(now: EpochMs, write: () => T) => T;

export function createWithRoom(sql: Database.Database): WithRoom {
  const truncate = sql.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  let triedAt: EpochMs = Number.NEGATIVE_INFINITY;

  function makeRoom(now: EpochMs): void {
    if (Math.abs(now - triedAt) < TRY_EVERY_MS) return; // a clock that was set back doesn't stop us for long
    triedAt = now;
    try {
      truncate.all();
    } catch (error) {
      if (toStoreError(error).fault !== 'full') throw error;
    }
  }

  return (now, write) => {
    try {
      return write();
    } catch (error) {
      if (toStoreError(error).fault === 'full') makeRoom(now);
      throw error;
    }
  };
}
