import type { ChatRecord, Lease } from './chat.ts';
import type { Hold, Line } from './holds.ts';
import { DAY, type EpochMs, MINUTE } from './time.ts';

/** Longest backoff: a day of Retry-After, and the jitter. */
const MAX_BACKOFF_MS = DAY + 8 * MINUTE;
const MAX_HOLD_MS = DAY;

export interface ClockShift {
  readonly byMs: number;
  /** The corrected time right after the correction. */
  readonly now: EpochMs;
  readonly windowMs: number;
}

/**
 * A deadline after the clock was corrected. One that was set and reached under the wrong time is over; one
 * that was set under the right time may only seem to have been reached.
 * @param setAt when it was set, by the clock of that time; null: unknown
 */
function shiftDeadline(at: EpochMs, setAt: EpochMs | null, maxMs: number, shift: ClockShift): EpochMs {
  const { byMs, now } = shift;
  const isReached = at <= now - byMs;
  if (isReached && setAt !== null && setAt > now) return Math.min(at, now);
  return Math.min(byMs > 0 && !isReached ? at + byMs : at, now + maxMs);
}

/**
 * A chat after the clock was corrected. Our actions dated later than now count as done now, and no backoff
 * exceeds its maximum. If the clock went forward, open windows and backoffs keep their remaining time, so
 * nothing happens early. Times reported by Linq stay.
 * @param lastEndedAt when the chat's last attempt ended, by the clock of that time
 */
export function shiftChat(chat: ChatRecord, lastEndedAt: EpochMs | null, shift: ClockShift): ChatRecord {
  const { byMs, now, windowMs } = shift;
  const past = (at: EpochMs | null, isMoved = false) =>
    at === null ? null : Math.min(isMoved ? at + byMs : at, now);
  const windowStart = (at: EpochMs | null) => past(at, isOpen(at, shift));
  const maxBackoffMs = Math.max(MAX_BACKOFF_MS, windowMs);
  const { retryAt } = chat;
  return {
    ...chat,
    lastSharedAt: windowStart(chat.lastSharedAt),
    lastShareStartedAt: past(chat.lastShareStartedAt, isOpen(chat.lastSharedAt, shift)),
    uncertainAt: windowStart(chat.uncertainAt),
    dryRunAt: windowStart(chat.dryRunAt),
    retiredAt: windowStart(chat.retiredAt),
    restoredAt: windowStart(chat.restoredAt),
    optOutRefusedAt: past(chat.optOutRefusedAt),
    operatorHeldAt: past(chat.operatorHeldAt),
    parkedAt: past(chat.parkedAt),
    blockedAt: past(chat.blockedAt),
    lookedUpAt: past(chat.lookedUpAt),
    retryAt: retryAt === null ? null : shiftDeadline(retryAt, lastEndedAt, maxBackoffMs, shift),
  };
}

/** If the clock went forward, a lease that hadn't run out keeps its remaining time. */
export function shiftLease(lease: Lease, { byMs, now }: ClockShift): Lease {
  const isMoved = byMs > 0 && lease.until > now - byMs;
  return isMoved ? { ...lease, until: lease.until + byMs } : lease;
}

export function shiftHold(hold: Hold, shift: ClockShift): Hold {
  const since = Math.min(hold.since, shift.now);
  const until = hold.until === null ? null : shiftDeadline(hold.until, hold.since, MAX_HOLD_MS, shift);
  return { ...hold, since, until };
}

export function shiftLine(
  { cardCheckedAt, clearedAt, cardChangedAt }: Line,
  shift: ClockShift,
): Pick<Line, 'cardCheckedAt' | 'clearedAt' | 'cardChangedAt'> {
  const past = (at: EpochMs | null) => (at === null ? null : Math.min(at, shift.now));
  return {
    cardCheckedAt: past(cardCheckedAt),
    clearedAt: past(clearedAt),
    // as the shares before and after it
    cardChangedAt: past(isOpen(cardChangedAt, shift) ? (cardChangedAt ?? 0) + shift.byMs : cardChangedAt),
  };
}

/** A window that began then was open when the clock was found to be behind. */
function isOpen(at: EpochMs | null, { byMs, now, windowMs }: ClockShift): boolean {
  const before = now - byMs;
  return byMs > 0 && at !== null && at > before - windowMs && at <= before;
}
