import type { ChatRecord } from '../decide/chat.ts';
import { DAY, type EpochMs, MINUTE } from '../decide/duration.ts';
import type { Hold, Line } from '../decide/hold.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { CatchUpTable } from './catch-up-table.ts';
import type { ChatTable } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import type { HoldTable } from './hold-table.ts';
import type { LineTable } from './line-table.ts';
import type { Meta } from './meta.ts';
import type { AttemptPruning } from './prune-attempts.ts';
import type { RestoreMark } from './restore-mark.ts';
import type { Totals } from './share-totals.ts';

/** Longest backoff: a day of Retry-After, and the jitter. */
const MAX_BACKOFF_MS = DAY + 8 * MINUTE;
const MAX_HOLD_MS = DAY;
const BATCH = 1_000;

interface ClockShift {
  readonly byMs: number;
  /** The time as it is now, after the shift. */
  readonly now: EpochMs;
  readonly windowMs: number;
}

/**
 * A deadline after the clock was corrected. One that was set and reached by the wrong time is over; one that was set by
 * the right time may only seem to have been reached.
 * @param setAt when it was set, by the clock of then; null: not known
 */
function shiftDeadline(at: EpochMs, setAt: EpochMs | null, maxMs: number, shift: ClockShift): EpochMs {
  const { byMs, now } = shift;
  const isReached = at <= now - byMs;
  if (isReached && setAt !== null && setAt > now) return Math.min(at, now);
  return Math.min(byMs > 0 && !isReached ? at + byMs : at, now + maxMs);
}

/**
 * A chat after the clock was corrected. What we did later than now counts as done now, and no backoff is longer than any
 * can be. If the clock went forward, as much of open windows, backoff and lease is left as before, so that nothing is
 * early. Times that Linq told stay.
 * @param lastEndedAt when the chat's last attempt ended, by the clock of then
 */
function shiftChat(chat: ChatRecord, lastEndedAt: EpochMs | null, shift: ClockShift): ChatRecord {
  const { byMs, now, windowMs } = shift;
  const before = now - byMs;
  const isForward = byMs > 0;
  const isOpen = (at: EpochMs | null) => isForward && at !== null && at > before - windowMs && at <= before;
  const past = (at: EpochMs | null, isMoved = false) =>
    at === null ? null : Math.min(isMoved ? at + byMs : at, now);
  const windowStart = (at: EpochMs | null) => past(at, isOpen(at));
  const maxBackoffMs = Math.max(MAX_BACKOFF_MS, windowMs);
  const { retryAt, leaseUntil } = chat;
  return {
    ...chat,
    lastSharedAt: windowStart(chat.lastSharedAt),
    lastShareStartedAt: past(chat.lastShareStartedAt, isOpen(chat.lastSharedAt)),
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
    leaseUntil: isForward && leaseUntil !== null && leaseUntil > before ? leaseUntil + byMs : leaseUntil,
  };
}

function shiftHold(hold: Hold, shift: ClockShift): Hold {
  const since = Math.min(hold.since, shift.now);
  const until = hold.until === null ? null : shiftDeadline(hold.until, hold.since, MAX_HOLD_MS, shift);
  return { ...hold, since, until };
}

function shiftLine(
  { cardCheckedAt, clearedAt }: Line,
  now: EpochMs,
): Pick<Line, 'cardCheckedAt' | 'clearedAt'> {
  const past = (at: EpochMs | null) => (at === null ? null : Math.min(at, now));
  return { cardCheckedAt: past(cardCheckedAt), clearedAt: past(clearedAt) };
}

interface Parts {
  readonly attempts: AttemptTable;
  readonly chats: ChatTable;
  readonly lines: LineTable;
  readonly holds: HoldTable;
  readonly totals: Totals;
  readonly pruning: AttemptPruning;
  readonly restoreMark: RestoreMark;
  readonly meta: Meta;
  readonly catchUp: CatchUpTable;
}

/** @see Store.shiftClock; in the transaction under way, batch by batch */
export function createShiftClock({ policy }: StoreContext, parts: Parts) {
  const { attempts, chats, lines, holds, totals, pruning, restoreMark, meta, catchUp } = parts;
  const inWindow = (column: string) => `${column} BETWEEN @openSince AND @before`;
  const isLater = (column: string) => `${column} > @now`;
  const affected = chats.select<[object]>(
    `WHERE id > @after AND (${[...WINDOW_STARTS.map(inWindow), ...OUR_INSTANTS.map(isLater)].join(' OR ')}
      OR retry_at > @before OR lease_until > @before
      OR (next_attempt_at > @now AND count_id IN (SELECT id FROM chat_counts WHERE state = 'due'))) ORDER BY id LIMIT ${BATCH}`,
  );

  function shiftChats(shift: ClockShift): void {
    const { now } = shift;
    const before = now - shift.byMs;
    const openSince = shift.byMs > 0 ? before - shift.windowMs + 1 : Number.POSITIVE_INFINITY; // else none is moved
    let after = 0;
    for (;;) {
      const rows = affected.all({ after, before, openSince, now });
      for (const row of rows) {
        const stored = chats.ofRow(row);
        const lastEndedAt = stored.chat.retryAt === null ? null : attempts.lastEndedAt(row[0]);
        chats.save(stored, shiftChat(stored.chat, lastEndedAt, shift), now);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < BATCH) return;
      after = last[0];
    }
  }

  return (byMs: number, now: EpochMs): void => {
    const shift = { byMs, now, windowMs: policy.windowMs };
    shiftChats(shift);
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

/** From here windows run. */
const WINDOW_STARTS = ['last_shared_at', 'uncertain_at', 'dry_run_at', 'retired_at', 'restored_at'];

/** Instants of our own clock: things we did, and how long to back off. */
const OUR_INSTANTS = [
  ...WINDOW_STARTS,
  'last_share_started_at',
  'opt_out_refused_at',
  'operator_held_at',
  'parked_at',
  'blocked_at',
  'looked_up_at',
  'retry_at',
];
