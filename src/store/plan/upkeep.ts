import { wasAway } from '../../decide/catch-up.ts';
import { DAY, type EpochMs } from '../../decide/time.ts';

/**
 * What a heartbeat writes.
 * @param isRestored a backup was restored, and no heartbeat has requested a catch-up since. It is requested
 * however recent the backup: what was answered since the backup is lost, and won't be delivered again.
 * @see Store.heartbeat
 */
export function planHeartbeat(
  { heartbeatAt, isRestored }: { readonly heartbeatAt: EpochMs | null; readonly isRestored: boolean },
  now: EpochMs,
  toleratedMs: number | undefined,
): { readonly heartbeatAt: EpochMs; readonly requestsCatchUp: boolean } {
  const wasGone = toleratedMs !== undefined && (isRestored || wasAway(heartbeatAt, now, toleratedMs));
  return { heartbeatAt: Math.max(heartbeatAt ?? now, now), requestsCatchUp: wasGone };
}

/**
 * Attempts may have ended this much later than is stored, since the clock was set forward; null: as stored.
 */
export interface AttemptsBehind {
  readonly byMs: number;
  /** Attempts that ended later than this ended as stored. */
  readonly since: EpochMs;
}

/** The clock was set forward by `byMs` and reads `now`. */
export function attemptsBehind(known: AttemptsBehind | null, byMs: number, now: EpochMs): AttemptsBehind {
  return { byMs: (known?.byMs ?? 0) + byMs, since: now };
}

/**
 * Which attempts are pruned: those that ended before `endedBefore`.
 * @returns `behind` is null once every attempt it concerns is too old anyway
 * @see Store.pruneAttempts
 */
export function planPruning(
  behind: AttemptsBehind | null,
  retentionMs: number,
  now: EpochMs,
): { readonly endedBefore: EpochMs; readonly behind: AttemptsBehind | null } {
  const isOver = behind === null || now - behind.since > retentionMs;
  const byMs = isOver ? 0 : behind.byMs;
  return { endedBefore: now - retentionMs - byMs, behind: isOver ? null : behind };
}

/** The newest so many deliveries stay in quarantine. */
export const QUARANTINE_ROWS = 1_000;
/** Bodies are up to 1 MiB each: deleting all at once could delay webhooks. */
export const EXPIRED_AT_ONCE = 50;

/** Deliveries received up to here have left the quarantine: it keeps them for 7 days. */
export function quarantineExpiredUpTo(now: EpochMs): EpochMs {
  return now - 7 * DAY;
}
