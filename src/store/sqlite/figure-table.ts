import type { EpochMs } from '../../decide/time.ts';
import type { StoreContext } from './context.ts';

export interface Outcomes {
  readonly succeeded: number;
  readonly failed: number;
}

/** Attempts that ended, summed up by the minute or by the hour. */
export interface FigureTable {
  /** Written at the commit. */
  add(isSuccess: boolean, endedAt: EpochMs): void;
  /** From the span that the instant is in; spans without an attempt are left out. Oldest first. */
  since(at: EpochMs): readonly (Outcomes & { readonly startAt: EpochMs })[];
  sumSince(at: EpochMs): Outcomes;
  /** What ended later than now counts as ended now. */
  cutTo(now: EpochMs): void;
}

/**
 * @param key its column, the number of the span since 1970
 * @param spanMs how long a span is
 * @param keptMs spans that began earlier than so long before the newest are deleted
 */
export function createFigureTable(
  { sql, transactions }: StoreContext,
  table: 'outcome_minutes' | 'outcome_hours',
  key: 'minute' | 'hour',
  spanMs: number,
  keptMs: number,
): FigureTable {
  const added = new Map<number, { succeeded: number; failed: number }>();
  const keptSpans = keptMs / spanMs;
  const addTo = `ON CONFLICT (${key}) DO UPDATE SET
    succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed`;
  const write = sql.prepare<[number, number, number]>(
    `INSERT INTO ${table} (${key}, succeeded, failed) VALUES (?, ?, ?) ${addTo}`,
  );
  const prune = sql.prepare<[number]>(`DELETE FROM ${table} WHERE ${key} < ?`);
  const select = sql.prepare<[number], Outcomes & { span: number }>(
    `SELECT ${key} AS span, succeeded, failed FROM ${table} WHERE ${key} >= ? ORDER BY ${key}`,
  );
  const sum = sql.prepare<[number], Outcomes>(
    `SELECT coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(failed), 0) AS failed
      FROM ${table} WHERE ${key} >= ?`,
  );
  const moveLater = sql.prepare<[number, number]>(
    `INSERT INTO ${table} (${key}, succeeded, failed)
      SELECT ?, sum(succeeded), sum(failed) FROM ${table} WHERE ${key} > ? HAVING count(*) > 0 ${addTo}`,
  );
  const removeLater = sql.prepare<[number]>(`DELETE FROM ${table} WHERE ${key} > ?`);
  const spanOf = (at: EpochMs) => Math.floor(at / spanMs);

  transactions.join({
    flush() {
      for (const [span, { succeeded, failed }] of added) {
        write.run(span, succeeded, failed);
        prune.run(span - keptSpans);
      }
      added.clear();
    },
    forget: () => added.clear(),
  });
  return {
    add(isSuccess, endedAt) {
      const span = spanOf(endedAt);
      const counted = added.get(span) ?? { succeeded: 0, failed: 0 };
      if (isSuccess) counted.succeeded++;
      else counted.failed++;
      added.set(span, counted);
    },
    since: (at) =>
      select.all(spanOf(at)).map(({ span, ...outcomes }) => ({ startAt: span * spanMs, ...outcomes })),
    sumSince: (at) => sum.get(spanOf(at)) ?? { succeeded: 0, failed: 0 },
    cutTo(now) {
      const span = spanOf(now);
      moveLater.run(span, span);
      removeLater.run(span);
    },
  };
}
