import { afterClockShift, type CatchUpState } from '../../decide/catch-up.ts';
import type { ChatRecord } from '../../decide/chat.ts';
import { type ClockShift, shiftChat, shiftHold, shiftLine } from '../../decide/clock-shift.ts';
import type { Hold, Line } from '../../decide/holds.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { Restored } from './restored-chats.ts';

/** A clock correction that is being applied to the chats. */
export interface PendingShift extends ClockShift {
  /** Rows up to here are corrected; rows after `upTo` were created under the corrected clock. */
  readonly reached: number;
  readonly upTo: number;
}

/**
 * @param pending the correction in progress
 * @param lastRow the last row of the chats
 * @throws {StoreError} if a correction is pending: two would need two notes per chat, so the caller has to
 * wait
 */
export function beginShift(pending: PendingShift | null, shift: ClockShift, lastRow: number): PendingShift {
  if (pending !== null) throw new StoreError('broken', 'a correction of the clock is still under way');
  return { ...shift, reached: 0, upTo: lastRow };
}

/**
 * True if the correction hasn't reached this row. It doesn't know which rows are noted as corrected
 * early.
 */
export function isAhead(pending: PendingShift, id: number): boolean {
  return id > pending.reached && id <= pending.upTo;
}

/** The correction once every row up to this one has been written; null: nothing changes. */
export function advancedTo(pending: PendingShift | null, id: number): PendingShift | null {
  return pending === null || id <= pending.reached ? null : { ...pending, reached: id };
}

/**
 * Applies the correction to a chat whose row it hasn't reached.
 * @param lastEndedAt when its last attempt ended
 */
export function corrected(chat: ChatRecord, lastEndedAt: EpochMs | null, shift: PendingShift): ChatRecord {
  return shiftChat(chat, lastEndedAt, shift);
}

/** Data other than chats that has to follow the clock. */
export interface ShiftRows {
  readonly holds: readonly Hold[];
  readonly lines: readonly Line[];
  readonly restored: Restored;
  readonly lastBackupAt: EpochMs | null;
  readonly heartbeatAt: EpochMs | null;
  /** Null: no catch-up has ever run. */
  readonly catchUp: CatchUpState | null;
}

/** The same rows under the corrected clock. @see Store.shiftClock */
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
