import { gt, lt, sql, sum } from 'drizzle-orm';
import type { Outcome } from '../decide/chat.ts';
import { DAY, type EpochMs, MINUTE } from '../decide/duration.ts';
import type { StoreContext } from './context.ts';
import type { Meta } from './meta.ts';
import { outcomeMinutes } from './schema.ts';
import type { ShareTotals } from './store.ts';

export interface Totals {
  /** Counts an attempt that ended; written once a transaction. A pretended one doesn't count. */
  add(outcome: Outcome, endedAt: EpochMs): void;
  read(now: EpochMs): ShareTotals;
}

/** Figures of attempts, kept as they end, so that nobody counts attempts, which are pruned. */
export function createTotals({ orm, transactions }: StoreContext, meta: Meta): Totals {
  const minutes = new Map<number, { succeeded: number; failed: number }>();
  let lastSucceededAt: EpochMs | null = null;

  function flush(): void {
    let allSucceeded = 0;
    for (const [minute, { succeeded, failed }] of minutes) {
      allSucceeded += succeeded;
      orm
        .insert(outcomeMinutes)
        .values({ minute, succeeded, failed })
        .onConflictDoUpdate({
          target: outcomeMinutes.minute,
          set: {
            succeeded: sql`${outcomeMinutes.succeeded} + ${succeeded}`,
            failed: sql`${outcomeMinutes.failed} + ${failed}`,
          },
        })
        .run();
      orm
        .delete(outcomeMinutes)
        .where(lt(outcomeMinutes.minute, minute - KEPT_MINUTES))
        .run();
    }
    if (allSucceeded > 0) meta.put('shares_succeeded', (meta.number('shares_succeeded') ?? 0) + allSucceeded);
    if (lastSucceededAt !== null) meta.put('last_succeeded_at', lastSucceededAt);
    forget();
  }

  function forget(): void {
    minutes.clear();
    lastSucceededAt = null;
  }

  transactions.join({ flush, forget });
  return {
    add(outcome, endedAt) {
      if (outcome === 'dry_run') return;
      const minute = Math.floor(endedAt / MINUTE);
      const counted = minutes.get(minute) ?? { succeeded: 0, failed: 0 };
      if (outcome === 'shared') {
        counted.succeeded++;
        lastSucceededAt = Math.max(lastSucceededAt ?? 0, endedAt);
      } else {
        counted.failed++;
      }
      minutes.set(minute, counted);
    },
    read(now) {
      const { succeeded, failed } = outcomeMinutes;
      const last24h = orm
        .select({ succeeded: sum(succeeded).mapWith(Number), failed: sum(failed).mapWith(Number) })
        .from(outcomeMinutes)
        .where(gt(outcomeMinutes.minute, Math.floor((now - DAY) / MINUTE)))
        .get();
      return {
        succeeded: meta.number('shares_succeeded') ?? 0,
        lastSucceededAt: meta.number('last_succeeded_at'),
        last24h: { succeeded: last24h?.succeeded ?? 0, failed: last24h?.failed ?? 0 },
      };
    },
  };
}

/** Two days: a clock that is set back by up to a day still finds the figures of its last 24 h. */
const KEPT_MINUTES = (2 * DAY) / MINUTE;
