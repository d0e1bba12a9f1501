import type { CatchUpState } from '../../decide/catch-up.ts';
import type { EpochMs } from '../../decide/time.ts';
import {
  isReleasable,
  isUnread,
  nextBatchAfter,
  planRedecide,
  planRelease,
  planReleases,
  planShift,
  type Restored,
} from '../plan/housekeeping.ts';
import { catchUpIn, DECIDED_KEYS, redecidingIn, restoredIn } from '../plan/meta.ts';
import { LAPSED_MS, planWake } from '../plan/settle.ts';
import type { QueueHead } from '../store.ts';
import type { AttemptPruning, AttemptTable, Totals } from './attempt-table.ts';
import type { ChatTable } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import { isLeased, type LeaseTable } from './lease-table.ts';
import type { CardSharesTable, HoldTable, LineTable } from './line-table.ts';
import type { Meta } from './meta.ts';
import type { ShiftPass } from './shift-pass.ts';

// What changes chats besides events and attempts: time, settings, a restored backup, a corrected clock.

/** The effects of time and settings on chats; each in the current transaction. */
interface Upkeep {
  wake(now: EpochMs, limit: number): number;
  nextWakeAt(now: EpochMs): EpochMs | null;
  nextAttempts(now: EpochMs): readonly QueueHead[];
  nextDueAfter(now: EpochMs): EpochMs | null;
  redecide(fingerprint: string, limit: number, now: EpochMs): boolean;
}

interface UpkeepParts {
  readonly chats: ChatTable;
  readonly leases: Pick<LeaseTable, 'all'>;
  readonly attempts: Pick<AttemptTable, 'add'>;
  readonly cardShares: CardSharesTable;
}

export function createUpkeep(
  { sql, policy }: StoreContext,
  { chats, leases, attempts, cardShares }: UpkeepParts,
  meta: Meta,
  shiftPass: ShiftPass,
): Upkeep {
  const toWake = chats.select<[{ now: EpochMs; limit: number }]>(
    `WHERE wake_at <= @now AND NOT ${isLeased('@now')} ORDER BY wake_at LIMIT @limit + 0`,
  );
  // no claim will end these attempts, because their chats aren't in a queue, or that has been closed for a while
  const lapsed = chats.select<[{ now: EpochMs; limit: number }]>(
    `WHERE id IN (SELECT chat_row FROM leases JOIN chats x ON x.id = chat_row WHERE until_at <= @now
        AND (ifnull(x.next_attempt_at > @now, 1) OR until_at <= @now - ${LAPSED_MS}))
      LIMIT @limit + 0`,
  );
  const after = chats.select<[number, number]>(`WHERE id > ? ORDER BY id ${BOUND_LIMIT}`);
  const nextWake = sql
    .prepare<[{ now: EpochMs }], EpochMs | null>(
      `SELECT wake_at FROM chats WHERE wake_at IS NOT NULL AND NOT ${isLeased('@now')} ORDER BY wake_at LIMIT 1`,
    )
    .pluck();
  // reads only the front of a line's queue: it may be a million chats long
  const front = (line: string) =>
    `(SELECT next_attempt_at FROM chats
       WHERE line_id IS ${line} AND next_attempt_at IS NOT NULL AND NOT ${isLeased('@now')}
       ORDER BY next_attempt_at LIMIT 1)`;
  const fronts = sql.prepare<[{ now: EpochMs }], { line: string | null; nextAttemptAt: EpochMs | null }>(
    `SELECT line, ${front('lines.id')} AS nextAttemptAt FROM lines UNION ALL SELECT NULL, ${front('NULL')}`,
  );
  const frontAfter = (line: string) =>
    `(SELECT min(next_attempt_at) FROM chats WHERE line_id IS ${line} AND next_attempt_at > @now)`;
  const nextDue = sql
    .prepare<[{ now: EpochMs }], EpochMs | null>(
      `SELECT min(dueAt) FROM (SELECT ${frontAfter('lines.id')} AS dueAt FROM lines UNION ALL SELECT ${frontAfter('NULL')})`,
    )
    .pluck();

  function nextWakeAt(now: EpochMs): EpochMs | null {
    const untils = [...leases.all().values()].map(({ until }) => until);
    const ends = untils.map((until) => (until > now ? until : until + LAPSED_MS));
    if (untils.some((until) => until <= now) && lapsed.get({ now, limit: 1 }) !== undefined) ends.push(now);
    const earliest = Math.min(nextWake.get({ now }) ?? Number.POSITIVE_INFINITY, ...ends);
    return Number.isFinite(earliest) ? earliest : null;
  }

  return {
    wake(now, limit) {
      const left = lapsed.all({ now, limit });
      const rows = [...left, ...toWake.all({ now, limit: limit - left.length })];
      const batch = new Map(rows.map((row) => [row[0], chats.ofRow(row)]));
      const plan = planWake([...batch.values()], policy, now);
      for (const each of plan.attempts) attempts.add(each);
      for (const write of plan.chats) chats.write(write);
      return batch.size;
    },
    nextWakeAt,
    nextAttempts: (now) =>
      fronts
        .all({ now })
        .flatMap(({ line, nextAttemptAt }) => (nextAttemptAt === null ? [] : [{ line, nextAttemptAt }])),
    nextDueAfter: (now) => nextDue.get({ now }) ?? null,
    redecide(fingerprint, limit, now) {
      const afterId = nextBatchAfter(redecidingIn(meta), fingerprint);
      if (afterId === null) return true;
      const batch = after.all(afterId, limit).map(chats.ofRow);
      const {
        chats: writes,
        reached,
        progress,
        cardShares: counted,
      } = planRedecide(batch, { fingerprint, afterId, limit }, policy, now);
      shiftPass.reached(reached);
      if (afterId === 0) cardShares.restart();
      cardShares.add(counted);
      for (const write of writes) chats.write(write);
      meta.set('decided_fingerprint', progress.done);
      meta.set('redecide_fingerprint', progress.underWay?.fingerprint ?? null);
      meta.set('redecide_after_id', progress.underWay?.afterId ?? null);
      if (progress.underWay !== null) return false;
      shiftPass.end();
      return true;
    },
  };
}

/** What is known about a restored backup, and the chats that wait because of it. */
export interface RestoreMark {
  read(): Restored;
  put(restored: Restored): void;
  /**
   * All messages of a chat were read and merged. True: they show that the chat is no older than the restore,
   * so it no longer waits.
   */
  wasRead(chatId: string, now: EpochMs): boolean;
  isReleasable(now: EpochMs): boolean;
  /** @see Store.releaseRestored */
  release(limit: number, now: EpochMs): boolean;
}

export function createRestoreMark(
  { transactions, policy }: StoreContext,
  meta: Meta,
  chats: ChatTable,
): RestoreMark {
  let known: Restored | null = null;
  const later = chats.select<[number, number]>(`WHERE id > ? ORDER BY id ${BOUND_LIMIT}`);
  transactions.join({
    forget() {
      known = null;
    },
  });
  const mark: RestoreMark = {
    read() {
      known ??= restoredIn(meta);
      return known;
    },
    put(restored) {
      meta.set('restored_at', restored.at);
      meta.set('restored_last_row', restored.lastRow);
      known = restored;
    },
    wasRead(chatId, now) {
      const restored = mark.read();
      if (restored.lastRow === null) return false;
      const stored = chats.find(chatId);
      if (!isUnread(stored, restored)) return false;
      for (const write of planRelease(stored, policy, now).chats) chats.write(write);
      return true;
    },
    isReleasable(now) {
      const restored = mark.read();
      if (restored.at === null || restored.lastRow === null) return false;
      const backupAt = meta.number('restored_backup_at') ?? 0;
      return isReleasable(restored, catchUpIn(meta), backupAt, policy, now);
    },
    release(limit, now) {
      const restored = mark.read();
      if (restored.lastRow === null) return false;
      const batch = later.all(restored.lastRow, limit).map(chats.ofRow);
      const plan = planReleases(batch, limit, restored, policy, now);
      for (const write of plan.chats) chats.write(write);
      mark.put(plan.restored);
      return plan.isMore;
    },
  };
  return mark;
}

interface Parts {
  readonly shiftPass: ShiftPass;
  readonly leases: Pick<LeaseTable, 'shift'>;
  readonly lines: LineTable;
  readonly holds: HoldTable;
  readonly totals: Totals;
  readonly pruning: AttemptPruning;
  readonly restoreMark: RestoreMark;
  readonly meta: Meta;
  readonly restartCatchUp: (state: CatchUpState) => void;
}

/** @see Store.shiftClock; everything but the chats, in the current transaction */
export function createShiftClock({ policy }: StoreContext, parts: Parts) {
  const { shiftPass, leases, lines, holds, totals, pruning, restoreMark, meta, restartCatchUp } = parts;
  return (byMs: number, now: EpochMs): void => {
    const shift = { byMs, now, windowMs: policy.windowMs };
    shiftPass.begin(shift);
    leases.shift(shift);
    const rows = {
      holds: holds.all(),
      lines: lines.all(),
      restored: restoreMark.read(),
      lastBackupAt: meta.number('last_backup_at'),
      heartbeatAt: meta.number('heartbeat_at'),
      catchUp: meta.text('catch_up') === null ? null : catchUpIn(meta),
    };
    const shifted = planShift(rows, shift);
    for (const hold of shifted.holds) holds.put(hold);
    for (const line of shifted.lines) lines.update(line.line, line);
    totals.cutTo(now);
    if (byMs > 0) pruning.clockWentForward(byMs, now);
    if (shifted.restored.at !== null) restoreMark.put(shifted.restored);
    meta.set('last_backup_at', shifted.lastBackupAt);
    meta.set('heartbeat_at', shifted.heartbeatAt);
    if (shifted.catchUp !== null) restartCatchUp(shifted.catchUp);
    meta.remove(...DECIDED_KEYS);
  };
}
