import { countedAs, type Outcome } from '../../decide/outcome.ts';
import type { EpochMs } from '../../decide/time.ts';
import { type FigureSpan, HOURS, historyFrom, lastDayFrom, MINUTES, shareHistory } from '../plan/figures.ts';
import type { Figures, ShareHistory, ShareTotals } from '../store.ts';
import type { StoreContext } from './context.ts';

export interface Totals {
  /** Counts an attempt that ended; written at the commit. Dry runs don't count. */
  add(outcome: Outcome, endedAt: EpochMs): void;
  read(now: EpochMs): ShareTotals;
  /** @see PageStore.shareHistory */
  history(now: EpochMs): ShareHistory;
  /** The clock went back: what ended later than now counts as ended now. */
  cutTo(now: EpochMs): void;
}

/** Figures of attempts, updated as they end, so that nothing has to count attempts, which are pruned. */
export function createTotals(context: StoreContext): Totals {
  const { sql, transactions } = context;
  const minutes = createFigureTable(context, 'outcome_minutes', 'minute', MINUTES);
  const hours = createFigureTable(context, 'outcome_hours', 'hour', HOURS);
  let succeededNow = 0;
  let lastSucceededAt: EpochMs = 0;
  const addTotal = sql.prepare<[number, EpochMs]>(
    `INSERT INTO share_totals (id, succeeded, last_succeeded_at) VALUES (1, ?, ?)
      ON CONFLICT (id) DO UPDATE SET succeeded = succeeded + excluded.succeeded,
        last_succeeded_at = max(last_succeeded_at, excluded.last_succeeded_at)`,
  );
  const selectTotal = sql.prepare<[], Pick<ShareTotals, 'succeeded' | 'lastSucceededAt'>>(
    'SELECT succeeded, last_succeeded_at AS lastSucceededAt FROM share_totals',
  );
  const cut = sql.prepare<[EpochMs]>('UPDATE share_totals SET last_succeeded_at = min(last_succeeded_at, ?)');

  function forget(): void {
    succeededNow = 0;
    lastSucceededAt = 0;
  }

  transactions.join({
    flush() {
      if (succeededNow > 0) addTotal.run(succeededNow, lastSucceededAt);
      forget();
    },
    forget,
  });
  return {
    add(outcome, endedAt) {
      const counted = countedAs(outcome);
      if (counted === null) return;
      minutes.add(counted, endedAt);
      hours.add(counted, endedAt);
      if (counted === 'failed') return;
      succeededNow++;
      lastSucceededAt = Math.max(lastSucceededAt, endedAt);
    },
    read(now) {
      const { succeeded, lastSucceededAt } = selectTotal.get() ?? { succeeded: 0, lastSucceededAt: null };
      return { succeeded, lastSucceededAt, last24h: minutes.sumSince(lastDayFrom(now)) };
    },
    history: (now) => shareHistory(hours.since(historyFrom(now)), now),
    cutTo(now) {
      cut.run(now);
      minutes.cutTo(now);
      hours.cutTo(now);
    },
  };
}

type Outcomes = Omit<Figures, 'startAt'>;

/** Ended attempts, summed by minute or hour. */
interface FigureTable {
  /** Written at the commit. */
  add(counted: keyof Outcomes, endedAt: EpochMs): void;
  /** From the instant's span onwards, oldest first; spans without attempts are omitted. */
  since(at: EpochMs): readonly Figures[];
  sumSince(at: EpochMs): Outcomes;
  /** What ended later than now counts as ended now. */
  cutTo(now: EpochMs): void;
}

/** @param key its key column: spans since 1970 */
function createFigureTable(
  { sql, transactions }: StoreContext,
  table: 'outcome_minutes' | 'outcome_hours',
  key: 'minute' | 'hour',
  { spanMs, keptMs }: FigureSpan,
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
    add(counted, endedAt) {
      const span = spanOf(endedAt);
      const outcomes = added.get(span) ?? { succeeded: 0, failed: 0 };
      outcomes[counted]++;
      added.set(span, outcomes);
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
