import type { Statement } from 'better-sqlite3';
import { type ChatRecord, newChat, type StoredDecision } from '../../decide/chat.ts';
import { decideChat } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import { CHAT_COLUMNS, CHAT_DEFAULTS, CHAT_SELECT, type ChatRow, chatOf, rowOf } from './chat-rows.ts';
import type { StoreContext } from './context.ts';
import type { Counts } from './counts.ts';
import type { LineIds } from './line-ids.ts';
import type { ShiftPass } from './shift-clock.ts';

/** A chat as it stands in the database; `row` is null while it isn't there. */
export interface StoredChat {
  readonly row: ChatRow | null;
  readonly chat: ChatRecord;
  /** The chat is set right by a correction of the clock that its row doesn't have yet. */
  readonly isShifted?: boolean;
}

export interface ChatTable {
  /** A chat that isn't there comes as a new one, without a row. */
  find(chatId: string): StoredChat;
  ofRow(row: ChatRow): StoredChat;
  /** Statement that gives rows; `tail` is what comes after FROM chats. */
  select<P extends unknown[]>(tail: string): Statement<P, ChatRow>;
  /**
   * The chat with its decision as of now; the very same object when nothing changed. It may be woken earlier than its
   * decision asks for.
   */
  decided(stored: StoredChat, changed: ChatRecord, now: EpochMs): ChatRecord;
  /** Writes a chat: its changed columns, or a new row. */
  write(stored: StoredChat, chat: ChatRecord): void;
  /** Both: decides a changed chat and writes what is new. */
  save(stored: StoredChat, changed: ChatRecord, now: EpochMs): ChatRecord;
}

export function createChatTable(
  context: StoreContext,
  lineIds: LineIds,
  counts: Counts,
  shiftPass: ShiftPass,
): ChatTable {
  const { sql, policy } = context;
  const select = <P extends unknown[]>(tail: string): Statement<P, ChatRow> =>
    sql.prepare<P, ChatRow>(`SELECT ${CHAT_SELECT} FROM chats ${tail}`).raw(true);
  const byChatId = select<[string]>('WHERE chat_id = ?');
  const put = createPut(context);
  const ofRow = (row: ChatRow): StoredChat => {
    const written = chatOf(row, counts.keyOf(row[1]));
    const chat = shiftPass.applied(row[0], written);
    return { row, chat, isShifted: chat !== written };
  };
  const table: ChatTable = {
    select,
    ofRow,
    find(chatId) {
      const row = byChatId.get(chatId);
      return row === undefined ? { row: null, chat: newChat(chatId) } : ofRow(row);
    },
    decided(stored, changed, now) {
      const decision = decideChat(changed, policy, now);
      const wakeAt = isEarlyEnough(stored.chat, decision, now) ? stored.chat.wakeAt : decision.wakeAt;
      if (changed === stored.chat && isSame(changed, { ...decision, wakeAt })) return changed;
      const { state, reason, nextAttemptAt } = decision;
      return { ...changed, state, reason, nextAttemptAt, wakeAt };
    },
    write({ row }, chat) {
      const lineId = lineIds.idOf(chat.line);
      const countId = counts.idOf(lineId, chat.state, chat.reason);
      put(row, rowOf(chat, row === null ? 0 : row[0], countId, lineId));
      counts.move(row === null ? null : row[1], countId);
      if (row !== null) shiftPass.wrote(row[0]);
    },
    save(stored, changed, now) {
      const chat = table.decided(stored, changed, now);
      if (chat !== stored.chat || stored.row === null || stored.isShifted === true) table.write(stored, chat);
      return chat;
    },
  };
  return table;
}

function isSame(chat: ChatRecord, decision: StoredDecision): boolean {
  return (
    chat.state === decision.state &&
    chat.reason === decision.reason &&
    chat.nextAttemptAt === decision.nextAttemptAt &&
    chat.wakeAt === decision.wakeAt
  );
}

/**
 * True if the stored wake-up of a chat that stays in its state may stand, although it now comes too early: waking early
 * only decides the chat anew, while each outbound message puts off when it becomes idle, and its place in an index.
 */
function isEarlyEnough(stored: ChatRecord, { state, reason, wakeAt }: StoredDecision, now: EpochMs): boolean {
  const isPutOff = stored.wakeAt !== null && wakeAt !== null && stored.wakeAt < wakeAt;
  return isPutOff && stored.wakeAt > now && stored.state === state && stored.reason === reason;
}

/**
 * Writes the columns that differ, with one prepared statement for every set of columns that occurs: an index is touched
 * only when its columns are named, and most changes name few.
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
/** Only so many sets of columns are kept: a few dozen occur in practice. */
const MAX_STATEMENTS = 500;
