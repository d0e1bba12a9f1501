import type { Lease } from '../../decide/chat.ts';
import { countedAs, type Outcome } from '../../decide/outcome.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { EndedAttempt, StoredChat } from '../plan/chat-row.ts';
import {
  type FigureSpan,
  HOURS,
  historyFrom,
  lastDayFrom,
  MINUTES,
  shareHistory,
  triesAfter,
} from '../plan/figures.ts';
import { type AttemptsBehind, attemptsBehind, planPruning } from '../plan/housekeeping.ts';
import type { Figures, RecentAttempt, ShareHistory, ShareTotals } from '../store.ts';
import type { Attempt, AttemptOutcome } from '../turn.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { LeaseTable } from './lease-table.ts';
import type { Meta } from './meta.ts';

export interface AttemptTable {
  add(attempt: EndedAttempt<StoredChat>): void;
  /** An ended attempt of the chat; null: none is stored under this id. */
  find(chatRow: number, attemptId: string): Attempt | null;
  /** When the chat's latest attempt ended; null: no attempt, or one is in progress. */
  lastEndedAt(chatRow: number): EpochMs | null;
  /** Newest first; an attempt in progress is the newest. */
  ofChat(chatId: string, limit: number): readonly Attempt[];
  /** @see Store.recentEnds */
  recentEnds(limit: number): readonly AttemptOutcome[];
  /** Of all chats, newest first. */
  recent(limit: number): readonly RecentAttempt[];
}

const ATTEMPT = `attempt_id AS attemptId, chat_id AS chatId, trigger, started_at AS startedAt, ended_at AS endedAt,
  outcome, http_status AS httpStatus, linq_code AS linqCode, trace_id AS traceId`;

/** One row per ended attempt, keyed by the row of its chat. `totals` counts them. */
export function createAttemptTable(
  { sql }: StoreContext,
  leases: Pick<LeaseTable, 'all' | 'of'>,
  totals: Pick<Totals, 'add'>,
): AttemptTable {
  const insert = sql.prepare<
    [string, number, string, EpochMs, EpochMs, Outcome, number | null, number | null, string | null]
  >(
    `INSERT INTO attempts (attempt_id, chat_row, trigger, started_at, ended_at, outcome, http_status, linq_code, trace_id)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
  const ofChat = sql.prepare<[string, number], Attempt>(
    `SELECT ${ATTEMPT} FROM attempts JOIN chats ON chats.id = attempts.chat_row
      WHERE chats.chat_id = ? ORDER BY attempts.id DESC ${BOUND_LIMIT}`,
  );
  // an outer join, so that SQLite doesn't start with the chats
  const recent = sql.prepare<[number], RecentAttempt>(
    `SELECT ${ATTEMPT}, line, ${triesAfter('attempts', 'chat_row = a.chat_row AND id < a.id')} AS tries
      FROM attempts AS a LEFT JOIN chats ON chats.id = a.chat_row
      LEFT JOIN lines ON lines.id = chats.line_id ORDER BY a.id DESC ${BOUND_LIMIT}`,
  );
  const recentEnds = sql.prepare<[number], AttemptOutcome>(
    `SELECT * FROM (
      SELECT chat_id AS chatId, outcome, http_status AS httpStatus, linq_code AS linqCode, failures, ended_at
        FROM attempts LEFT JOIN chats ON chats.id = attempts.chat_row ORDER BY attempts.id DESC ${BOUND_LIMIT}
      ) WHERE outcome <> 'interrupted' ORDER BY ended_at`,
  );
  const chatOf = sql.prepare<[number], Pick<RecentAttempt, 'chatId' | 'line' | 'tries'>>(
    `SELECT chat_id AS chatId, line, ${triesAfter('attempts', 'chat_row = chats.id')} AS tries
      FROM chats LEFT JOIN lines ON lines.id = chats.line_id WHERE chats.id = ?`,
  );
  const rowOf = sql.prepare<[string], number>('SELECT id FROM chats WHERE chat_id = ?').pluck();

  /** Newest first. */
  function inProgress(limit: number): readonly RecentAttempt[] {
    return [...leases.all()]
      .sort(([, a], [, b]) => b.startedAt - a.startedAt)
      .slice(0, limit)
      .flatMap(([chatRow, lease]) => {
        const chat = chatOf.get(chatRow);
        return chat === undefined ? [] : [{ ...attemptInProgress(chat.chatId, lease), ...chat }];
      });
  }

  return {
    add({ stored, lease, end }) {
      if (stored.id === null) throw new StoreError('broken', 'an attempt needs a chat that is stored');
      const { attemptId, trigger, startedAt } = lease;
      const { endedAt, outcome, httpStatus, linqCode, traceId } = end;
      insert.run(attemptId, stored.id, trigger, startedAt, endedAt, outcome, httpStatus, linqCode, traceId);
      totals.add(outcome, endedAt);
    },
    find: (chatRow, attemptId) => find.get(chatRow, attemptId) ?? null,
    lastEndedAt: (chatRow) => (leases.of(chatRow) === null ? (lastEndedAt.get(chatRow) ?? null) : null),
    ofChat(chatId, limit) {
      const chatRow = rowOf.get(chatId);
      const lease = chatRow === undefined ? null : leases.of(chatRow);
      const open = lease === null ? [] : [attemptInProgress(chatId, lease)];
      return [...open, ...ofChat.all(chatId, limit - open.length)];
    },
    recentEnds: (limit) => recentEnds.all(limit),
    recent(limit) {
      const open = inProgress(limit);
      return [...open, ...recent.all(limit - open.length)];
    },
  };
}

function attemptInProgress(chatId: string, { attemptId, trigger, startedAt }: Lease): Attempt {
  const noEnd = { endedAt: null, outcome: null, httpStatus: null, linqCode: null, traceId: null };
  return { attemptId, chatId, trigger, startedAt, ...noEnd };
}

export interface AttemptPruning {
  /** @see Store.pruneAttempts; in the current transaction */
  prune(retentionMs: number, limit: number, now: EpochMs): number;
  /** The clock was set forward by `byMs` and reads `now`: stored attempts ended later than they seem. */
  clockWentForward(byMs: number, now: EpochMs): void;
}

/**
 * Considers the oldest `limit` attempts, in order of their ends, so that it only reads rows about to be deleted.
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
