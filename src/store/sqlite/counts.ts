import type { ChatReason, ChatState } from '../../decide/chat.ts';
import { StoreError } from '../../errors.ts';
import type { StoreContext } from './context.ts';
import type { LineIds } from './line-table.ts';

/** The key that a row of `chat_counts` stands for. */
export interface CountKey {
  readonly line: string | null;
  readonly state: ChatState;
  readonly reason: ChatReason;
}

export interface Counts {
  /** The row that counts chats with this line, state and reason; created if missing. */
  idOf(lineId: number | null, state: ChatState, reason: ChatReason): number;
  keyOf(id: number): CountKey;
  /** A chat moved from one row to another; null: it is new. Each row is written once, at the commit. */
  move(from: number | null, to: number): void;
}

interface CountRow {
  readonly id: number;
  readonly lineId: number | null;
  readonly state: ChatState;
  readonly reason: ChatReason;
}

const COLUMNS = 'id, line_id AS lineId, state, reason';

/** Maps keys to rows of `chat_counts`, and tracks how each count changes in the current transaction. */
export function createCounts({ sql, transactions }: StoreContext, lineIds: LineIds): Counts {
  const ids = new Map<string, number>();
  const keys = new Map<number, CountKey>();
  const changes = new Map<number, number>();
  const add = sql.prepare<[number, number]>('UPDATE chat_counts SET n = n + ? WHERE id = ?');
  transactions.join({
    flush() {
      for (const [id, change] of changes) if (change !== 0) add.run(change, id);
      changes.clear();
    },
    forget() {
      ids.clear();
      keys.clear();
      changes.clear();
    },
  });
  const select = sql
    .prepare<[number | null, string, string], number>(
      'SELECT id FROM chat_counts WHERE line_id IS ? AND state = ? AND reason = ?',
    )
    .pluck();
  const insert = sql
    .prepare<[number | null, string, string], number>(
      'INSERT INTO chat_counts (line_id, state, reason) VALUES (?, ?, ?) RETURNING id',
    )
    .pluck();
  const selectById = sql.prepare<[number], CountRow>(`SELECT ${COLUMNS} FROM chat_counts WHERE id = ?`);

  const change = (id: number, by: number) => changes.set(id, (changes.get(id) ?? 0) + by);
  return {
    idOf(lineId, state, reason) {
      const name = `${lineId} ${state} ${reason}`;
      const known = ids.get(name);
      if (known !== undefined) return known;
      const id = select.get(lineId, state, reason) ?? Number(insert.get(lineId, state, reason));
      ids.set(name, id);
      return id;
    },
    keyOf(id) {
      const known = keys.get(id);
      if (known !== undefined) return known;
      const row = selectById.get(id);
      if (row === undefined)
        throw new StoreError('corrupt', `a chat refers to count ${id}, which is missing`);
      const key = { line: lineIds.lineOf(row.lineId), state: row.state, reason: row.reason };
      keys.set(id, key);
      return key;
    },
    move(from, to) {
      if (from === to) return;
      if (from !== null) change(from, -1);
      change(to, 1);
    },
  };
}
