import type { Statement } from 'better-sqlite3';
import { getTableColumns } from 'drizzle-orm';
import { type ChatReason, type ChatRecord, type ChatState, newChat } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { type ChatWrite, planSave, type StoredChat } from '../plan/chat-row.ts';
import { CHAT_COLUMNS, type ChatRow, type CountKey, chatOf, rowOf } from '../schema/chat-row.ts';
import { chats } from '../schema/schema.ts';
import type { StoreContext } from './context.ts';
import type { LeaseTable } from './lease-table.ts';
import type { LineIds } from './line-table.ts';
import type { ShiftPass } from './shift-pass.ts';

/** The default of each column in a new row. */
const CHAT_DEFAULTS: readonly (number | null)[] = Object.values(getTableColumns(chats)).map((column) =>
  typeof column.default === 'number' ? column.default : null,
);

const CHAT_SELECT = CHAT_COLUMNS.map((name) => `chats.${name}`).join(', ');

/** A chat as stored in the database; `row` is null while it isn't there. */
export interface SqliteChat extends StoredChat {
  readonly row: ChatRow | null;
}

export interface ChatTable {
  /** Returns a new chat without a row if it isn't stored. */
  find(chatId: string): SqliteChat;
  /** Null: there is no such row. */
  get(id: number): SqliteChat | null;
  ofRow(row: ChatRow): SqliteChat;
  /** A statement that returns rows; `tail` is the SQL after FROM chats. */
  select<P extends unknown[]>(tail: string): Statement<P, ChatRow>;
  /** Writes a chat: its changed columns, or a new row; and its lease, if that changed. */
  write(write: ChatWrite<SqliteChat>): void;
  /** Re-evaluates a changed chat, and writes it if anything differs. */
  save(stored: SqliteChat, changed: ChatRecord, now: EpochMs): ChatRecord;
}

export function createChatTable(
  context: StoreContext,
  lineIds: LineIds,
  counts: Counts,
  shiftPass: ShiftPass,
  leases: Pick<LeaseTable, 'of' | 'put'>,
): ChatTable {
  const { sql, policy } = context;
  const select = <P extends unknown[]>(tail: string): Statement<P, ChatRow> =>
    sql.prepare<P, ChatRow>(`SELECT ${CHAT_SELECT} FROM chats ${tail}`).raw(true);
  const byChatId = select<[string]>('WHERE chat_id = ?');
  const byId = select<[number]>('WHERE id = ?');
  const put = createPut(context);
  const table: ChatTable = {
    select,
    ofRow(row) {
      const written = chatOf(row, counts.keyOf(row[1]), lineIds.cardChangedAt(row[2]));
      const shifted = shiftPass.applied(row[0], written);
      const lease = leases.of(row[0]);
      const chat = lease === null ? shifted : { ...shifted, lease };
      return { id: row[0], row, chat, isShifted: shifted !== written };
    },
    get(id) {
      const row = byId.get(id);
      return row === undefined ? null : table.ofRow(row);
    },
    find(chatId) {
      const row = byChatId.get(chatId);
      return row === undefined ? { id: null, row: null, chat: newChat(chatId) } : table.ofRow(row);
    },
    write({ stored: { row, chat: before }, chat }) {
      const lineId = lineIds.idOf(chat.line);
      const countId = counts.idOf(lineId, chat.state, chat.reason);
      put(row, rowOf(chat, row === null ? 0 : row[0], countId, lineId));
      counts.move(row === null ? null : row[1], countId);
      if (row === null) return;
      if (chat.lease !== before.lease) leases.put(row[0], chat.lease);
      shiftPass.wrote(row[0]);
    },
    save(stored, changed, now) {
      const { chat, chats: writes } = planSave(stored, changed, policy, now);
      for (const write of writes) table.write(write);
      return chat;
    },
  };
  return table;
}

/**
 * Writes the columns that differ, with one prepared statement per set of columns: an index is touched only if
 * its columns are named, and most changes name few.
 */
function createPut({ sql }: StoreContext): (before: ChatRow | null, after: ChatRow) => void {
  const updates = new Map<number, Statement>();
  const inserts = new Map<number, Statement>();
  const namesIn = (set: number) =>
    CHAT_COLUMNS.filter((_, column) => Math.floor(set / (COLUMN_BITS[column] ?? 0)) % 2 === 1);
  const prepareUpdate = (set: number) => {
    const assignments = namesIn(set).map((name) => `${name} = ?`);
    return sql.prepare(`UPDATE chats SET ${assignments.join(', ')} WHERE id = ?`);
  };
  const prepareInsert = (set: number) => {
    const names = namesIn(set);
    return sql.prepare(`INSERT INTO chats (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`);
  };
  const prepared = (cache: Map<number, Statement>, set: number, prepare: (set: number) => Statement) => {
    const known = cache.get(set);
    if (known !== undefined) return known;
    if (cache.size >= MAX_STATEMENTS) cache.clear();
    const statement = prepare(set);
    cache.set(set, statement);
    return statement;
  };
  return (before, after) => {
    const base: readonly unknown[] = before ?? CHAT_DEFAULTS;
    const values: unknown[] = [];
    let set = 0;
    for (let column = 1; column < after.length; column++) {
      if (base[column] === after[column]) continue;
      set += COLUMN_BITS[column] ?? 0;
      values.push(after[column]);
    }
    if (before === null) prepared(inserts, set, prepareInsert).run(values);
    else if (set !== 0) prepared(updates, set, prepareUpdate).run(values, after[0]);
  };
}

/** A set of columns is a number: there are fewer than 53. */
const COLUMN_BITS = CHAT_COLUMNS.map((_, column) => 2 ** column);
/** Maximum number of statements kept: a few dozen occur in practice. */
const MAX_STATEMENTS = 500;

interface Counts {
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

const COUNT_COLUMNS = 'id, line_id AS lineId, state, reason';

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
  const selectById = sql.prepare<[number], CountRow>(`SELECT ${COUNT_COLUMNS} FROM chat_counts WHERE id = ?`);

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
