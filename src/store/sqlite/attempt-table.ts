import type { Outcome, Trigger } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { RecentAttempt } from '../store.ts';
import type { Attempt, AttemptOutcome } from '../turn.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { Meta } from './meta.ts';

export interface AttemptEnd {
  readonly endedAt: EpochMs;
  readonly outcome: Outcome;
  readonly httpStatus: number | null;
  readonly linqCode: number | null;
  readonly traceId: string | null;
}

/** An attempt under way, or cut off. */
interface OpenAttempt {
  readonly startedAt: EpochMs;
  /** The share call may have begun. */
  readonly mayHaveCalled: boolean;
}

/** `chatRow`: the number of the chat's row. A chat has at most one open attempt. */
export interface AttemptTable {
  begin(chatRow: number, attempt: Pick<Attempt, 'attemptId' | 'trigger'> & OpenAttempt): void;
  /** From now on the call of the chat's open attempt may begin. */
  mayCall(chatRow: number): void;
  /** Ends the chat's open attempt. */
  end(chatRow: number, end: AttemptEnd): void;
  /** Removes the chat's open attempt. */
  withdraw(chatRow: number): void;
  /** The chat's open attempt; null: it has none. */
  openOf(chatRow: number): OpenAttempt | null;
  /** When the chat's latest attempt ended; null: it has none, or it is open. */
  lastEndedAt(chatRow: number): EpochMs | null;
  /** The chats that have an open attempt. */
  open(): readonly { readonly chatRow: number; readonly startedAt: EpochMs }[];
  /** Newest first. */
  ofChat(chatId: string, limit: number): readonly Attempt[];
  /** @see Store.recentEnds */
  recentEnds(limit: number): readonly AttemptOutcome[];
  /** Of all chats, newest first. */
  recent(limit: number): readonly RecentAttempt[];
}

const ATTEMPT = `attempt_id AS attemptId, chat_id AS chatId, trigger, started_at AS startedAt, ended_at AS endedAt,
  outcome, http_status AS httpStatus, linq_code AS linqCode, trace_id AS traceId`;

export function createAttemptTable({ sql }: StoreContext): AttemptTable {
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
  const openOf = sql.prepare<[number], { startedAt: EpochMs; mayHaveCalled: number }>(
    `SELECT started_at AS startedAt, may_have_called AS mayHaveCalled FROM attempts
      WHERE chat_row = ? AND ended_at IS NULL`,
  );
  const lastEndedAt = sql
    .prepare<[number], EpochMs | null>(
      'SELECT ended_at FROM attempts WHERE chat_row = ? ORDER BY id DESC LIMIT 1',
    )
    .pluck();
  const open = sql.prepare<[], { chatRow: number; startedAt: EpochMs }>(
    'SELECT chat_row AS chatRow, started_at AS startedAt FROM attempts WHERE ended_at IS NULL',
  );
  const ofChat = sql.prepare<[string, number], Attempt>(
    `SELECT ${ATTEMPT} FROM attempts JOIN chats ON chats.id = attempts.chat_row
      WHERE chats.chat_id = ? ORDER BY attempts.id DESC ${BOUND_LIMIT}`,
  );
  // the join is an outer one, lest SQLite begin it with the chats
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
    begin: (chatRow, { attemptId, trigger, startedAt, mayHaveCalled }) =>
      begin.run(attemptId, chatRow, trigger, startedAt, mayHaveCalled ? 1 : 0),
    mayCall: (chatRow) => mayCall.run(chatRow),
    end: (chatRow, { endedAt, outcome, httpStatus, linqCode, traceId }) =>
      end.run(endedAt, outcome, httpStatus, linqCode, traceId, chatRow),
    withdraw: (chatRow) => withdraw.run(chatRow),
    openOf(chatRow) {
      const open = openOf.get(chatRow);
      return open === undefined ? null : { ...open, mayHaveCalled: open.mayHaveCalled === 1 };
    },
    lastEndedAt: (chatRow) => lastEndedAt.get(chatRow) ?? null,
    open: () => open.all(),
    ofChat: (chatId, limit) => ofChat.all(chatId, limit),
    recentEnds: (limit) => recentEnds.all(limit),
    recent: (limit) => recent.all(limit),
  };
}

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
