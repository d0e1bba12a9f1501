import type { Outcome } from '../../decide/outcome.ts';
import { DAY, type EpochMs, HOUR, MINUTE } from '../../decide/time.ts';
import type { ShareHistory, ShareTotals } from '../store.ts';
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

/** Two days: a clock that is set back by up to a day still finds the figures of its last 24 h. */
const KEPT_MINUTES_MS = 2 * DAY;
/** Three times what is shown: a clock that was weeks ahead has pruned none of that. */
const KEPT_HOURS_MS = 90 * DAY;
const SHOWN_HOURS = 48;
const SHOWN_DAYS = 30;

/** Figures of attempts, updated as they end, so that nothing has to count attempts, which are pruned. */
export function createTotals(context: StoreContext): Totals {
  const { sql, transactions } = context;
  const minutes = createFigureTable(context, 'outcome_minutes', 'minute', MINUTE, KEPT_MINUTES_MS);
  const hours = createFigureTable(context, 'outcome_hours', 'hour', HOUR, KEPT_HOURS_MS);
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
      if (outcome === 'dry_run') return;
      const isSuccess = outcome === 'shared';
      minutes.add(isSuccess, endedAt);
      hours.add(isSuccess, endedAt);
      if (!isSuccess) return;
      succeededNow++;
      lastSucceededAt = Math.max(lastSucceededAt, endedAt);
    },
    read(now) {
      const { succeeded, lastSucceededAt } = selectTotal.get() ?? { succeeded: 0, lastSucceededAt: null };
      return { succeeded, lastSucceededAt, last24h: minutes.sumSince(now - DAY + MINUTE) };
    },
    history(now) {
      const oldestAt = startOf(now, DAY) - (SHOWN_DAYS - 1) * DAY;
      const known = hours.since(oldestAt);
      const last = (count: number, spanMs: number) =>
        Array.from({ length: count }, (_, index) => {
          const startAt = startOf(now, spanMs) - (count - 1 - index) * spanMs;
          const within = known.filter(({ startAt: at }) => at >= startAt && at < startAt + spanMs);
          return { startAt, ...sumOf(within) };
        });
      return { hours: last(SHOWN_HOURS, HOUR), days: last(SHOWN_DAYS, DAY) };
    },
    cutTo(now) {
      cut.run(now);
      minutes.cutTo(now);
      hours.cutTo(now);
    },
  };
}

/** The start of an instant's hour or UTC day. */
const startOf = (at: EpochMs, spanMs: number): EpochMs => Math.floor(at / spanMs) * spanMs;

function sumOf(figures: readonly Outcomes[]): Outcomes {
  let [succeeded, failed] = [0, 0];
  for (const each of figures) {
    succeeded += each.succeeded;
    failed += each.failed;
  }
  return { succeeded, failed };
}

interface Outcomes {
  readonly succeeded: number;
  readonly failed: number;
}

/** Ended attempts, summed by minute or hour. */
interface FigureTable {
  /** Written at the commit. */
  add(isSuccess: boolean, endedAt: EpochMs): void;
  /** From the instant's span onwards, oldest first; spans without attempts are omitted. */
  since(at: EpochMs): readonly (Outcomes & { readonly startAt: EpochMs })[];
  sumSince(at: EpochMs): Outcomes;
  /** What ended later than now counts as ended now. */
  cutTo(now: EpochMs): void;
}

/**
 * @param key its key column: spans since 1970
 * @param spanMs the length of a span
 * @param keptMs spans that began more than this before the newest are deleted
 */
function createFigureTable(
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
