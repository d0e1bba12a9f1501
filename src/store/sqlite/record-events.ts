import type { Line } from '../../decide/holds.ts';
import type { EpochMs } from '../../decide/time.ts';
import { namedIn, planRecord, type RecordPlan } from '../plan/record.ts';
import type { Recordable, Recorded } from '../store.ts';
import type { ChatTable, SqliteChat } from './chat-table.ts';
import type { RestoreMark } from './chat-upkeep.ts';
import type { StoreContext } from './context.ts';
import { isUnstorable } from './faults.ts';
import type { LineTable } from './line-table.ts';
import type { QuarantineTable } from './quarantine-table.ts';

export type RecordEvents = (entries: readonly Recordable[], now: EpochMs) => readonly Recorded[];

/** @see Store.record */
export function createRecord(
  { transactions, policy }: StoreContext,
  chats: ChatTable,
  lines: LineTable,
  quarantine: Pick<QuarantineTable, 'put'>,
  restoreMark: RestoreMark,
): RecordEvents {
  function planFor(entries: readonly Recordable[], now: EpochMs): RecordPlan<SqliteChat> {
    const named = namedIn(entries);
    const stored = new Map<string, SqliteChat>();
    for (const chatId of named.chatIds) stored.set(chatId, chats.find(chatId));
    const known = new Map<string, Line>();
    for (const handle of named.handles) {
      const line = lines.find(handle);
      if (line !== null) known.set(handle, line);
    }
    return planRecord(entries, { chats: stored, lines: known, restored: restoreMark.read() }, policy, now);
  }

  function write(plan: RecordPlan<SqliteChat>): void {
    for (const line of plan.lines) lines.update(line.line, line);
    for (const change of plan.chats) chats.write(change);
    if (plan.unreadable.length > 0) quarantine.put(plan.unreadable);
  }

  function recordAlone(entry: Recordable, now: EpochMs): Recorded {
    try {
      transactions.write(() => write(planFor([entry], now)));
      return STORED;
    } catch (error) {
      if (!isUnstorable(error)) throw error;
      return { kind: 'unstorable', cause: String(error) };
    }
  }

  return (entries, now) => {
    // nothing else writes between the two transactions: one process, and this function doesn't wait
    const plan = transactions.read(() => planFor(entries, now));
    if (plan.chats.length + plan.lines.length + plan.unreadable.length === 0)
      return entries.map(() => STORED);
    try {
      transactions.write(() => write(plan));
      return entries.map(() => STORED);
    } catch (error) {
      if (!isUnstorable(error)) throw error;
      return transactions.write(() => entries.map((entry) => recordAlone(entry, now)));
    }
  };
}

const STORED: Recorded = Object.freeze({ kind: 'stored' });
