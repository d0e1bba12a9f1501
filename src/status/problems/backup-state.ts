import { type EpochMs, MINUTE } from '../../decide/time.ts';

/** `unknown`: the service has only just started, and may make the one that is missing. */
export type BackupState = 'fine' | 'stale' | 'unknown';

/** What a start has to make the backup that became due while the service was down. */
const GRACE_MS = 10 * MINUTE;

/**
 * Tells whether backups are made as often as they should be: none is wanted (`everyMs` 0), or the latest try worked and
 * isn't older than two of them should be.
 * @param startedAt on a clock that never steps
 */
export function createBackupWatch(everyMs: number, startedAt: number) {
  return (lastBackupAt: EpochMs | null, isFailing: boolean, now: EpochMs, elapsedAt: number): BackupState => {
    if (everyMs === 0) return 'fine';
    if (isFailing) return 'stale';
    const upMs = elapsedAt - startedAt;
    const ageMs = lastBackupAt === null ? upMs : now - lastBackupAt;
    if (ageMs > 2 * everyMs) return upMs > Math.min(GRACE_MS, everyMs) ? 'stale' : 'unknown';
    return lastBackupAt === null ? 'unknown' : 'fine';
  };
}
