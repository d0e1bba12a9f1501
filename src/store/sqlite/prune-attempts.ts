import type { EpochMs } from '../../decide/time.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { Meta } from './meta.ts';

export interface AttemptPruning {
  /** @see Store.pruneAttempts; in the transaction under way */
  prune(retentionMs: number, limit: number, now: EpochMs): number;
  /** The clock was set forward by `byMs` and reads `now`: what is stored ended later than it seems. */
  clockWentForward(byMs: number, now: EpochMs): void;
}

/**
 * Attempts are looked at in the order of their start, the oldest `limit` of them, so that nothing is read but what goes
 * soon. One that a wrong clock dated too late stays for so long, and at worst holds up the others as long.
 */
export function createAttemptPruning({ sql }: StoreContext, meta: Meta): AttemptPruning {
  const prune = sql.prepare<[number, EpochMs]>(
    `DELETE FROM attempts WHERE id IN (
        SELECT id FROM attempts WHERE id > 0 ORDER BY id ${BOUND_LIMIT}
      ) AND ended_at < ?`,
  );

  /** How much later than it seems an attempt may have ended; forgotten once whatever it concerns is too old anyway. */
  function behindMs(retentionMs: number, now: EpochMs): number {
    const since = meta.number('attempts_behind_since');
    if (since === null) return 0;
    if (now - since <= retentionMs) return meta.number('attempts_behind_ms') ?? 0;
    meta.remove('attempts_behind_since', 'attempts_behind_ms');
    return 0;
  }

  return {
    prune: (retentionMs, limit, now) =>
      prune.run(limit, now - retentionMs - behindMs(retentionMs, now)).changes,
    clockWentForward(byMs, now) {
      meta.put('attempts_behind_ms', (meta.number('attempts_behind_ms') ?? 0) + byMs);
      meta.put('attempts_behind_since', now);
    },
  };
}
