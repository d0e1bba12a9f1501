import type { Outcome } from '../decide/chat.ts';
import { DAY, type EpochMs, MINUTE } from '../decide/duration.ts';
import type { StoreContext } from './context.ts';
import type { ShareTotals } from './store.ts';

export interface Totals {
  /** Counts an attempt that ended; written at the commit. A pretended one doesn't count. */
  add(outcome: Outcome, endedAt: EpochMs): void;
  read(now: EpochMs): ShareTotals;
  /** The clock went back: no success is later than now. */
  cutTo(now: EpochMs): void;
}

/** Two days: a clock that is set back by up to a day still finds the figures of its last 24 h. */
const KEPT_MINUTES = (2 * DAY) / MINUTE;

/** Figures of attempts, kept as they end, so that nobody counts attempts, which are pruned. */
export function createTotals({ sql, transactions }: StoreContext): Totals {
  const minutes = new Map<number, { succeeded: number; failed: number }>();
  let succeededNow = 0;
  let lastSucceededAt: EpochMs = 0;
  const addMinute = sql.prepare<[number, number, number]>(
    `INSERT INTO outcome_minutes (minute, succeeded, failed) VALUES (?, ?, ?)
      ON CONFLICT (minute) DO UPDATE SET succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed`,
  );
  const prune = sql.prepare<[number]>('DELETE FROM outcome_minutes WHERE minute < ?');
  const addTotal = sql.prepare<[number, EpochMs]>(
    `INSERT INTO share_totals (id, succeeded, last_succeeded_at) VALUES (1, ?, ?)
      ON CONFLICT (id) DO UPDATE SET succeeded = succeeded + excluded.succeeded,
        last_succeeded_at = max(last_succeeded_at, excluded.last_succeeded_at)`,
  );
  const selectTotal = sql.prepare<[], Pick<ShareTotals, 'succeeded' | 'lastSucceededAt'>>(
    'SELECT succeeded, last_succeeded_at AS lastSucceededAt FROM share_totals',
  );
  const selectSince = sql.prepare<[number], ShareTotals['last24h']>(
    `SELECT coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(failed), 0) AS failed
      FROM outcome_minutes WHERE minute > ?`,
  );
  const cut = sql.prepare<[EpochMs]>('UPDATE share_totals SET last_succeeded_at = min(last_succeeded_at, ?)');

  function forget(): void {
    minutes.clear();
    succeededNow = 0;
    lastSucceededAt = 0;
  }

  transactions.join({
    flush() {
      for (const [minute, { succeeded, failed }] of minutes) {
        addMinute.run(minute, succeeded, failed);
        prune.run(minute - KEPT_MINUTES);
      }
      if (succeededNow > 0) addTotal.run(succeededNow, lastSucceededAt);
      forget();
    },
    forget,
  });
  return {
    add(outcome, endedAt) {
      if (outcome === 'dry_run') return;
      const minute = Math.floor(endedAt / MINUTE);
      const counted = minutes.get(minute) ?? { succeeded: 0, failed: 0 };
      if (outcome === 'shared') {
        counted.succeeded++;
        succeededNow++;
        lastSucceededAt = Math.max(lastSucceededAt, endedAt);
      } else {
        counted.failed++;
      }
      minutes.set(minute, counted);
    },
    read(now) {
      const { succeeded, lastSucceededAt } = selectTotal.get() ?? { succeeded: 0, lastSucceededAt: null };
      const last24h = selectSince.get(Math.floor((now - DAY) / MINUTE)) ?? { succeeded: 0, failed: 0 };
      return { succeeded, lastSucceededAt, last24h };
    },
    cutTo: (now) => cut.run(now),
  };
}
