import type { ChatRecord } from '../decide/chat.ts';
import { DAY, type EpochMs, MINUTE } from '../decide/duration.ts';
import type { Hold, Line } from '../decide/hold.ts';
import type { ChatTable } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import type { HoldTable } from './hold-table.ts';
import type { LineTable } from './line-table.ts';
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
 * A chat after the clock went forward: as much of its windows, backoff and lease is left as before, so that nothing
 * is early. Times that Linq told stay.
 */
function shiftForward(chat: ChatRecord, { byMs, now, windowMs }: ClockShift): ChatRecord {
  const before = now - byMs;
  const isOpen = (at: EpochMs | null) => at !== null && at > before - windowMs && at <= before;
  const move = (at: EpochMs | null) => (isOpen(at) && at !== null ? at + byMs : at);
  const moveDeadline = (at: EpochMs | null) => (at !== null && at > before ? at + byMs : at);
  const isShareOpen = isOpen(chat.lastSharedAt);
  const { lastShareStartedAt } = chat;
  return {
    ...chat,
    lastSharedAt: move(chat.lastSharedAt),
    lastShareStartedAt:
      isShareOpen && lastShareStartedAt !== null ? lastShareStartedAt + byMs : lastShareStartedAt,
    uncertainAt: move(chat.uncertainAt),
    dryRunAt: move(chat.dryRunAt),
    retiredAt: move(chat.retiredAt),
    retryAt: moveDeadline(chat.retryAt),
    leaseUntil: moveDeadline(chat.leaseUntil),
  };
}

/** A chat after the clock went back: what we did later than now counts as done now, and no backoff is longer than any can be. */
function shiftBack(chat: ChatRecord, { now, windowMs }: ClockShift): ChatRecord {
  const past = (at: EpochMs | null) => (at === null ? null : Math.min(at, now));
  const lastRetryAt = now + Math.max(MAX_BACKOFF_MS, windowMs);
  return {
    ...chat,
    lastSharedAt: past(chat.lastSharedAt),
    lastShareStartedAt: past(chat.lastShareStartedAt),
    uncertainAt: past(chat.uncertainAt),
    dryRunAt: past(chat.dryRunAt),
    retiredAt: past(chat.retiredAt),
    optOutRefusedAt: past(chat.optOutRefusedAt),
    operatorHeldAt: past(chat.operatorHeldAt),
    parkedAt: past(chat.parkedAt),
    blockedAt: past(chat.blockedAt),
    lookedUpAt: past(chat.lookedUpAt),
    retryAt: chat.retryAt === null ? null : Math.min(chat.retryAt, lastRetryAt),
  };
}

function shiftHold(hold: Hold, { byMs, now }: ClockShift): Hold {
  if (hold.until === null) return { ...hold, since: Math.min(hold.since, now) };
  const isOpen = hold.until > now - byMs;
  const until = byMs > 0 && isOpen ? hold.until + byMs : Math.min(hold.until, now + MAX_HOLD_MS);
  return { ...hold, since: Math.min(hold.since, now), until };
}

function shiftLine(
  { cardCheckedAt, clearedAt }: Line,
  now: EpochMs,
): Pick<Line, 'cardCheckedAt' | 'clearedAt'> {
  const past = (at: EpochMs | null) => (at === null ? null : Math.min(at, now));
  return { cardCheckedAt: past(cardCheckedAt), clearedAt: past(clearedAt) };
}

interface Parts {
  readonly chats: ChatTable;
  readonly lines: LineTable;
  readonly holds: HoldTable;
  readonly totals: Totals;
}

/** @see Store.shiftClock; in the transaction under way, batch by batch */
export function createShiftClock({ policy }: StoreContext, { chats, lines, holds, totals }: Parts) {
  const inWindow = (column: string) => `${column} BETWEEN @openSince AND @before`;
  const forward = chats.select<[object]>(
    `WHERE id > @after AND (${['last_shared_at', 'uncertain_at', 'dry_run_at', 'retired_at'].map(inWindow).join(' OR ')}
      OR retry_at > @before OR lease_until > @before) ORDER BY id LIMIT ${BATCH}`,
  );
  const isLater = (column: string) => `${column} > @now`;
  const back = chats.select<[object]>(
    `WHERE id > @after AND (${OUR_INSTANTS.map(isLater).join(' OR ')}
      OR (next_attempt_at > @now AND count_id IN (SELECT id FROM chat_counts WHERE state = 'due'))) ORDER BY id LIMIT ${BATCH}`,
  );

  function shiftChats(shift: ClockShift): void {
    const before = shift.now - shift.byMs;
    const openSince = before - shift.windowMs + 1;
    const shifted = shift.byMs > 0 ? shiftForward : shiftBack;
    let after = 0;
    for (;;) {
      const { now } = shift;
      const rows = shift.byMs > 0 ? forward.all({ after, before, openSince }) : back.all({ after, now });
      for (const row of rows) {
        const stored = chats.ofRow(row);
        chats.save(stored, shifted(stored.chat, shift), now);
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
  };
}

/** Instants of our own clock: things we did, and how long to back off. */
const OUR_INSTANTS = [
  'last_shared_at',
  'last_share_started_at',
  'uncertain_at',
  'dry_run_at',
  'retired_at',
  'opt_out_refused_at',
  'operator_held_at',
  'parked_at',
  'blocked_at',
  'looked_up_at',
  'retry_at',
];
