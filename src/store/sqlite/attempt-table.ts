import type { Trigger } from '../../decide/chat.ts';
import type { Outcome } from '../../decide/outcome.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { AttemptWrite, OpenAttempt, StoredChat } from '../plan/chat-row.ts';
import { type AttemptsBehind, attemptsBehind, planPruning } from '../plan/upkeep.ts';
import type { RecentAttempt } from '../store.ts';
import type { Attempt, AttemptOutcome } from '../turn.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { Meta } from './meta.ts';
import type { Totals } from './share-totals.ts';

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
