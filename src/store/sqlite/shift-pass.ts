import type { ChatRecord } from '../../decide/chat.ts';
import { type ClockShift, shiftChat } from '../../decide/clock-shift.ts';
import { advancedTo, beginShift, isAhead, type PendingShift } from '../plan/housekeeping.ts';
import { pendingShiftOf } from '../plan/meta.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { StoreContext } from './context.ts';
import type { Meta } from './meta.ts';

/**
 * Applies a clock correction to the chats, row by row, in the pass that re-evaluates all of them. A chat that
 * it hasn't reached is read as if it had been. When such a chat is written for another reason, it is written
 * corrected and its row is noted, so that none is shifted twice. All in the current transaction.
 */
export interface ShiftPass {
  isPending(): boolean;
  /** The chat of a row under the corrected clock; the very same object if the row is already corrected. */
  applied(id: number, chat: ChatRecord): ChatRecord;
  /** The row was written as `applied` returned it. */
  wrote(id: number): void;
  begin(shift: ClockShift): void;
  /** Every row up to this one has been written. */
  reached(id: number): void;
  end(): void;
}

export function createShiftPass(
  { sql, transactions }: StoreContext,
  meta: Meta,
  attempts: Pick<AttemptTable, 'lastEndedAt'>,
): ShiftPass {
  let known: { readonly pending: PendingShift | null } | null = null;
  const lastRow = sql.prepare<[], number | null>('SELECT max(id) FROM chats').pluck();
  const isNoted = sql.prepare<[number], number>('SELECT 1 FROM shifted_chats WHERE chat_row = ?').pluck();
  const note = sql.prepare<[number]>('INSERT OR IGNORE INTO shifted_chats VALUES (?)');
  const dropNotes = sql.prepare<[number]>('DELETE FROM shifted_chats WHERE chat_row <= ?');
  transactions.join({
    forget() {
      known = null;
    },
  });

  function pending(): PendingShift | null {
    known ??= { pending: pendingShiftOf(meta.text('clock_shift')) };
    return known.pending;
  }

  function put(next: PendingShift | null): void {
    meta.set('clock_shift', next === null ? null : JSON.stringify(next));
    known = { pending: next };
  }

  /** Null: that row needs no correction. */
  function shiftOf(id: number): PendingShift | null {
    const shift = pending();
    if (shift === null || !isAhead(shift, id)) return null;
    return isNoted.get(id) === undefined ? shift : null;
  }

  return {
    isPending: () => pending() !== null,
    applied(id, chat) {
      const shift = shiftOf(id);
      if (shift === null) return chat;
      return shiftChat(chat, chat.retryAt === null ? null : attempts.lastEndedAt(id), shift);
    },
    wrote(id) {
      if (shiftOf(id) !== null) note.run(id);
    },
    begin(shift) {
      put(beginShift(pending(), shift, lastRow.get() ?? 0));
    },
    reached(id) {
      const next = advancedTo(pending(), id);
      if (next === null) return;
      dropNotes.run(id);
      put(next);
    },
    end() {
      const shift = pending();
      if (shift === null) return;
      dropNotes.run(shift.upTo);
      put(null);
    },
  };
}
