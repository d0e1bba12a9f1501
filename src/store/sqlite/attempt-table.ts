import type { Trigger } from '../../decide/chat.ts';
import { countedAs, type Outcome } from '../../decide/outcome.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { AttemptWrite, OpenAttempt, StoredChat } from '../plan/chat-row.ts';
import { type FigureSpan, HOURS, historyFrom, lastDayFrom, MINUTES, shareHistory } from '../plan/figures.ts';
import { type AttemptsBehind, attemptsBehind, planPruning } from '../plan/housekeeping.ts';
import type { Figures, RecentAttempt, ShareHistory, ShareTotals } from '../store.ts';
import type { Attempt, AttemptOutcome } from '../turn.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { Meta } from './meta.ts';

export interface AttemptTable {
  write(write: AttemptWrite<StoredChat>): void;
  /** The chat's open attempt; null: none. */
  openOf(chatRow: number): OpenAttempt | null;
  /** An attempt of the chat; null: it isn't on record. */
  find(chatRow: number, attemptId: string): Attempt | null;
  /** When the chat's latest attempt ended; null: no attempt, or it is open. */
  lastEndedAt(chatRow: number): EpochMs | null;
  /** The chats that have an open attempt. */
  open(): readonly (OpenAttempt & { readonly chatRow: number })[];
  /** Newest first. */
  ofChat(chatId: string, limit: number): readonly Attempt[];
  /** @see Store.recentEnds */
  recentEnds(limit: number): readonly AttemptOutcome[];
  /** Of all chats, newest first. */
  recent(limit: number): readonly RecentAttempt[];
}

interface OpenRow {
  readonly startedAt: EpochMs;
  readonly mayHaveCalled: number;
}

const openAttemptOf = ({ startedAt, mayHaveCalled }: OpenRow): OpenAttempt => ({
  startedAt,
  mayHaveCalled: mayHaveCalled === 1,
});

const ATTEMPT = `attempt_id AS attemptId, chat_id AS chatId, trigger, started_at AS startedAt, ended_at AS endedAt,
  outcome, http_status AS httpStatus, linq_code AS linqCode, trace_id AS traceId`;

/** One row per attempt, keyed by the row of its chat. `totals` counts attempts that end. */
export function createAttemptTable({ sql }: StoreContext, totals: Pick<Totals, 'add'>): AttemptTable {
  const begin = sql.prepare<[string, number, Trigger, EpochMs, number]>(
    'INSERT INTO attempts (attempt_id, chat_row, trigger, started_at, may_have_called) VALUES (?, ?, ?, ?, ?)',
  );
  const mayCall = sql.prepare<[number]>(
    'UPDATE attempts SET may_have_called = 1 WHERE chat_row = ? AND ended_at IS NULL',
  );
  const end = sql.prepare<[EpochMs, Outcome, number | null, number | null, string | null, number]>(
    `UPDATE attempts SET ended_at = ?, outcome = ?, http_status = ?, linq_code = ?, trace_id = ?
      WHERE chat_row = ? AND ended_at IS NULL`,
  );
  const withdraw = sql.prepare<[number]>('DELETE FROM attempts WHERE chat_row = ? AND ended_at IS NULL');
  const openOf = sql.prepare<[number], OpenRow>(
    `SELECT started_at AS startedAt, may_have_called AS mayHaveCalled FROM attempts
      WHERE chat_row = ? AND ended_at IS NULL`,
  );
  const find = sql.prepare<[number, string], Attempt>(
    `SELECT ${ATTEMPT} FROM attempts JOIN chats ON chats.id = attempts.chat_row
      WHERE attempts.chat_row = ? AND attempt_id = ?`,
  );
  const lastEndedAt = sql
    .prepare<[number], EpochMs | null>(
      'SELECT ended_at FROM attempts WHERE chat_row = ? ORDER BY id DESC LIMIT 1',
    )
    .pluck();
  const open = sql.prepare<[], OpenRow & { chatRow: number }>(
    `SELECT chat_row AS chatRow, may_have_called AS mayHaveCalled, started_at AS startedAt FROM attempts WHERE ended_at IS NULL`,
  );
  const ofChat = sql.prepare<[string, number], Attempt>(
    `SELECT ${ATTEMPT} FROM attempts JOIN chats ON chats.id = attempts.chat_row
      WHERE chats.chat_id = ? ORDER BY attempts.id DESC ${BOUND_LIMIT}`,
  );
  // an outer join, so that SQLite doesn't start with the chats
  const recent = sql.prepare<[number], RecentAttempt>(
    `SELECT ${ATTEMPT}, line FROM attempts LEFT JOIN chats ON chats.id = attempts.chat_row
      LEFT JOIN lines ON lines.id = chats.line_id ORDER BY attempts.id DESC ${BOUND_LIMIT}`,
  );
  const recentEnds = sql.prepare<[number], AttemptOutcome>(
    `SELECT * FROM (
      SELECT chat_id AS chatId, outcome, http_status AS httpStatus, linq_code AS linqCode, failures, ended_at
        FROM attempts LEFT JOIN chats ON chats.id = attempts.chat_row ORDER BY attempts.id DESC ${BOUND_LIMIT}
      ) WHERE ended_at IS NOT NULL AND outcome <> 'interrupted' ORDER BY ended_at`,
  );
  return {
    write(change) {
      const { id } = change.stored;
      if (id === null) throw new StoreError('broken', 'an attempt needs a chat that is on record');
      switch (change.kind) {
        case 'starts': {
          const { attemptId, trigger, startedAt, mayHaveCalled } = change.start;
          begin.run(attemptId, id, trigger, startedAt, mayHaveCalled ? 1 : 0);
          return;
        }
        case 'may_call':
          mayCall.run(id);
          return;
        case 'ends': {
          const { endedAt, outcome, httpStatus, linqCode, traceId } = change.end;
          end.run(endedAt, outcome, httpStatus, linqCode, traceId, id);
          totals.add(outcome, endedAt);
          return;
        }
        case 'withdrawn':
          withdraw.run(id);
      }
    },
    openOf(chatRow) {
      const row = openOf.get(chatRow);
      return row === undefined ? null : openAttemptOf(row);
    },
    find: (chatRow, attemptId) => find.get(chatRow, attemptId) ?? null,
    lastEndedAt: (chatRow) => lastEndedAt.get(chatRow) ?? null,
    open: () => open.all().map(({ chatRow, ...row }) => ({ chatRow, ...openAttemptOf(row) })),
    ofChat: (chatId, limit) => ofChat.all(chatId, limit),
    recentEnds: (limit) => recentEnds.all(limit),
    recent: (limit) => recent.all(limit),
  };
}

export interface AttemptPruning {
  /** @see Store.pruneAttempts; in the current transaction */
  prune(retentionMs: number, limit: number, now: EpochMs): number;
  /** The clock was set forward by `byMs` and reads `now`: stored attempts ended later than they seem. */
  clockWentForward(byMs: number, now: EpochMs): void;
}

/**
 * Considers the oldest `limit` attempts, in order of start, so that it only reads rows about to be deleted.
 * An attempt that a wrong clock dated too late stays until then, and at worst delays the others equally.
 */
export function createAttemptPruning({ sql }: StoreContext, meta: Meta): AttemptPruning {
  const prune = sql.prepare<[number, EpochMs]>(
    `DELETE FROM attempts WHERE id IN (
        SELECT id FROM attempts WHERE id > 0 ORDER BY id ${BOUND_LIMIT}
      ) AND ended_at < ?`,
  );

  function behind(): AttemptsBehind | null {
    const since = meta.number('attempts_behind_since');
    return since === null ? null : { since, byMs: meta.number('attempts_behind_ms') ?? 0 };
  }

  return {
    prune(retentionMs, limit, now) {
      const known = behind();
      const plan = planPruning(known, retentionMs, now);
      if (known !== null && plan.behind === null) meta.remove('attempts_behind_since', 'attempts_behind_ms');
      return prune.run(limit, plan.endedBefore).changes;
    },
    clockWentForward(by, now) {
      const { byMs, since } = attemptsBehind(behind(), by, now);
      meta.put('attempts_behind_ms', byMs);
      meta.put('attempts_behind_since', since);
    },
  };
}

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
