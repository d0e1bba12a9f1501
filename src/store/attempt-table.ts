import type { Outcome, Trigger } from '../decide/chat.ts';
import type { EpochMs } from '../decide/duration.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { RecentAttempt } from './page-store.ts';
import type { Attempt } from './turn.ts';

export interface AttemptEnd {
  readonly endedAt: EpochMs;
  readonly outcome: Outcome;
  readonly httpStatus: number | null;
  readonly linqCode: number | null;
  readonly traceId: string | null;
}

/** `chatRow`: the number of the chat's row. A chat has at most one open attempt. */
export interface AttemptTable {
  begin(chatRow: number, attempt: Pick<Attempt, 'attemptId' | 'trigger' | 'startedAt'>): void;
  /** Ends the chat's open attempt. */
  end(chatRow: number, end: AttemptEnd): void;
  /** Removes the chat's open attempt. */
  withdraw(chatRow: number): void;
  /** When the chat's open attempt began; null: it has none. */
  openSince(chatRow: number): EpochMs | null;
  /** When the chat's latest attempt ended; null: it has none, or it is open. */
  lastEndedAt(chatRow: number): EpochMs | null;
  /** The chats that have an open attempt. */
  open(): readonly { readonly chatRow: number; readonly startedAt: EpochMs }[];
  /** Newest first. */
  ofChat(chatId: string, limit: number): readonly Attempt[];
  /** Of all chats, newest first. */
  recent(limit: number): readonly RecentAttempt[];
}

const ATTEMPT = `attempt_id AS attemptId, chat_id AS chatId, trigger, started_at AS startedAt, ended_at AS endedAt,
  outcome, http_status AS httpStatus, linq_code AS linqCode, trace_id AS traceId`;

export function createAttemptTable({ sql }: StoreContext): AttemptTable {
  const begin = sql.prepare<[string, number, Trigger, EpochMs]>(
    'INSERT INTO attempts (attempt_id, chat_row, trigger, started_at) VALUES (?, ?, ?, ?)',
  );
  const end = sql.prepare<[EpochMs, Outcome, number | null, number | null, string | null, number]>(
    `UPDATE attempts SET ended_at = ?, outcome = ?, http_status = ?, linq_code = ?, trace_id = ?
      WHERE chat_row = ? AND ended_at IS NULL`,
  );
  const withdraw = sql.prepare<[number]>('DELETE FROM attempts WHERE chat_row = ? AND ended_at IS NULL');
  const openSince = sql
    .prepare<[number], EpochMs>('SELECT started_at FROM attempts WHERE chat_row = ? AND ended_at IS NULL')
    .pluck();
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
  return {
    begin: (chatRow, { attemptId, trigger, startedAt }) => begin.run(attemptId, chatRow, trigger, startedAt),
    end: (chatRow, { endedAt, outcome, httpStatus, linqCode, traceId }) =>
      end.run(endedAt, outcome, httpStatus, linqCode, traceId, chatRow),
    withdraw: (chatRow) => withdraw.run(chatRow),
    openSince: (chatRow) => openSince.get(chatRow) ?? null,
    lastEndedAt: (chatRow) => lastEndedAt.get(chatRow) ?? null,
    open: () => open.all(),
    ofChat: (chatId, limit) => ofChat.all(chatId, limit),
    recent: (limit) => recent.all(limit),
  };
}
