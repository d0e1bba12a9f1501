import { afterClockShift, type CatchUpState } from '../../decide/catch-up.ts';
import type { ChatRecord } from '../../decide/chat.ts';
import { type ClockShift, shiftChat, shiftHold, shiftLine } from '../../decide/clock-shift.ts';
import type { Hold, Line } from '../../decide/holds.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { Restored } from './restored-chats.ts';

/** A correction of the clock on its way through the chats. */
export interface PendingShift extends ClockShift {
  /** Rows up to here are corrected; those after `upTo` were made by the corrected clock. */
  readonly reached: number;
  readonly upTo: number;
}

/**
 * @param pending the correction that is under way
 * @param lastRow the last row of the chats
 * @throws {StoreError} two corrections on their way would need two notes a chat, so whoever corrects the clock waits
 */
export function beginShift(pending: PendingShift | null, shift: ClockShift, lastRow: number): PendingShift {
  if (pending !== null) throw new StoreError('broken', 'a correction of the clock is still under way');
  return { ...shift, reached: 0, upTo: lastRow };
}

/** The correction hasn't come to this row, unless the row is noted as corrected before its turn. */
export function isAhead(pending: PendingShift, id: number): boolean {
  return id > pending.reached && id <= pending.upTo;
}

/** The correction when every row up to this one has been written; null: nothing changes. */
export function advancedTo(pending: PendingShift | null, id: number): PendingShift | null {
  return pending === null || id <= pending.reached ? null : { ...pending, reached: id };
}

/** A chat whose row the correction hasn't come to, as if it had. @param lastEndedAt when its last attempt ended */
export function corrected(chat: ChatRecord, lastEndedAt: EpochMs | null, shift: PendingShift): ChatRecord {
  return shiftChat(chat, lastEndedAt, shift);
}

/** What is kept beside the chats and has to follow the clock. */
export interface ShiftRows {
  readonly holds: readonly Hold[];
  readonly lines: readonly Line[];
  readonly restored: Restored;
  readonly lastBackupAt: EpochMs | null;
  readonly heartbeatAt: EpochMs | null;
  /** Null: nothing was ever caught up with. */
  readonly catchUp: CatchUpState | null;
}

/** The same rows by the corrected clock. @see Store.shiftClock */
export function planShift(rows: ShiftRows, shift: ClockShift): ShiftRows {
  const { byMs, now } = shift;
  const { restored, lastBackupAt, catchUp } = rows;
  const restoredAt = restored.at === null ? null : Math.min(restored.at + Math.max(byMs, 0), now);
  return {
    holds: rows.holds.map((hold) => shiftHold(hold, shift)),
    lines: rows.lines.map((line) => ({ ...line, ...shiftLine(line, now) })),
    restored: { ...restored, at: restoredAt },
    lastBackupAt: lastBackupAt === null ? null : Math.min(lastBackupAt, now),
    heartbeatAt: now,
    catchUp: catchUp === null ? null : afterClockShift(catchUp, byMs, rows.heartbeatAt, now),
  };
}
