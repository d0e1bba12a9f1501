import type { ChatRecord } from '../../decide/chat.ts';
import { type ClockShift, shiftChat, shiftHold, shiftLine } from '../../decide/clock-shift.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { AttemptPruning, AttemptTable } from './attempt-table.ts';
import type { CatchUpTable } from './catch-up-table.ts';
import type { StoreContext } from './context.ts';
import type { HoldTable, LineTable } from './line-table.ts';
import type { Meta } from './meta.ts';
import type { RestoreMark } from './restore-mark.ts';
import type { Totals } from './share-totals.ts';

/** A correction that hasn't come to all chats yet. */
interface Pending extends ClockShift {
  /** Rows up to here are set right; those after `upTo` were made by the corrected clock. */
  readonly reached: number;
  readonly upTo: number;
}

/**
 * The correction of the clock on its way through the chats, row by row with the pass that decides all of them anew. A
 * chat that it hasn't come to is read as if it had; when such a chat is written for another reason, it is written set
 * right, and its row is noted, so that none is shifted twice. All of it in the transaction under way.
 */
export interface ShiftPass {
  isPending(): boolean;
  /** The chat of a row by the corrected clock; the very same object when that row is set right already. */
  applied(id: number, chat: ChatRecord): ChatRecord;
  /** The row was written as `applied` has it. */
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
  let known: { readonly pending: Pending | null } | null = null;
  const lastRow = sql.prepare<[], number | null>('SELECT max(id) FROM chats').pluck();
  const isNoted = sql.prepare<[number], number>('SELECT 1 FROM shifted_chats WHERE chat_row = ?').pluck();
  const note = sql.prepare<[number]>('INSERT OR IGNORE INTO shifted_chats VALUES (?)');
  const dropNotes = sql.prepare<[number]>('DELETE FROM shifted_chats WHERE chat_row <= ?');
  transactions.join({
    forget() {
      known = null;
    },
  });

  function pending(): Pending | null {
    if (known === null) {
      const text = meta.text('clock_shift');
      known = { pending: text === null ? null : (JSON.parse(text) as Pending) };
    }
    return known.pending;
  }

  function put(next: Pending | null): void {
    if (next === null) meta.remove('clock_shift');
    else meta.put('clock_shift', JSON.stringify(next));
    known = { pending: next };
  }

  /** Null: nothing is to be done to that row. */
  function shiftOf(id: number): Pending | null {
    const shift = pending();
    const isAhead = shift !== null && id > shift.reached && id <= shift.upTo;
    return isAhead && isNoted.get(id) === undefined ? shift : null;
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
      // who corrects the clock waits for that: two corrections on their way would need two notes a chat
      if (pending() !== null) throw new StoreError('broken', 'a correction of the clock is still under way');
      put({ ...shift, reached: 0, upTo: lastRow.get() ?? 0 });
    },
    reached(id) {
      const shift = pending();
      if (shift === null || id <= shift.reached) return;
      dropNotes.run(id);
      put({ ...shift, reached: id });
    },
    end() {
      const shift = pending();
      if (shift === null) return;
      dropNotes.run(shift.upTo);
      put(null);
    },
  };
}

interface Parts {
  readonly shiftPass: ShiftPass;
  readonly lines: LineTable;
  readonly holds: HoldTable;
  readonly totals: Totals;
  readonly pruning: AttemptPruning;
  readonly restoreMark: RestoreMark;
  readonly meta: Meta;
  readonly catchUp: CatchUpTable;
}

/** @see Store.shiftClock; all but the chats, in the transaction under way */
export function createShiftClock({ policy }: StoreContext, parts: Parts) {
  const { shiftPass, lines, holds, totals, pruning, restoreMark, meta, catchUp } = parts;
  return (byMs: number, now: EpochMs): void => {
    const shift = { byMs, now, windowMs: policy.windowMs };
    shiftPass.begin(shift);
    for (const hold of holds.all()) holds.put(shiftHold(hold, shift));
    for (const line of lines.all()) lines.update(line.line, shiftLine(line, now));
    totals.cutTo(now);
    if (byMs > 0) pruning.clockWentForward(byMs, now);
    restoreMark.shift(byMs, now);
    const lastBackupAt = meta.number('last_backup_at');
    if (lastBackupAt !== null) meta.put('last_backup_at', Math.min(lastBackupAt, now));
    catchUp.shift(byMs, meta.number('heartbeat_at'), now);
    meta.put('heartbeat_at', now);
    meta.remove('decided_fingerprint', 'redecide_fingerprint', 'redecide_after_id');
  };
}
