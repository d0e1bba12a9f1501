import type { CatchUpState } from '../../decide/catch-up.ts';
import { liveLease } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import {
  advancedTo,
  attemptsBehind,
  beginShift,
  isLivedIn,
  isReleasable,
  isUnread,
  nextBatchAfter,
  planPruning,
  planRedecide,
  planRelease,
  planReleases,
  planShift,
} from '../plan/housekeeping.ts';
import {
  catchUpIn,
  DECIDED_KEYS,
  type MetaKey,
  type MetaValues,
  pendingShiftOf,
  redecidingIn,
  restoredIn,
} from '../plan/meta.ts';
import { LAPSED_MS, planWake } from '../plan/settle.ts';
import type { Agenda } from '../store.ts';
import type { AttemptTable } from './attempt-table.ts';
import { idOf } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import type { ControlTable } from './control-table.ts';
import type { Corrections } from './corrections.ts';
import { rowsOf, type Session } from './database.ts';
import type { GateTable } from './gate-table.ts';
import { isLeased, type LeaseTable } from './lease-table.ts';
import type { CardSharesTable, HoldTable, LineTable } from './line-table.ts';
import type { Meta } from './meta.ts';
import type { InUnit, UnitOfWork } from './unit-of-work.ts';

// What changes chats besides events and attempts: time, settings, a restored backup, a corrected clock.

export function createUpkeep(
  { schema, policy }: StoreContext,
  inUnit: InUnit,
  cardShares: Pick<CardSharesTable, 'restart'>,
) {
  const chats = `${schema}.chats`;
  const isFree = (now: string) => `NOT ${isLeased(schema, 'x', now)}`;
  const toWake = `SELECT id FROM ${chats} x WHERE wake_at <= $1 AND ${isFree('$1')}
    ORDER BY wake_at LIMIT $2 FOR NO KEY UPDATE OF x SKIP LOCKED`;
  // reads only the front of a line's queue: it may be a million chats long
  const queues = `(SELECT id, line FROM ${schema}.lines UNION ALL SELECT 0, NULL) AS q CROSS JOIN LATERAL`;
  const fronts = `SELECT line, f.at AS "nextAttemptAt" FROM ${queues} (SELECT next_attempt_at AS at FROM ${chats} x
    WHERE line_id = q.id AND next_attempt_at IS NOT NULL AND ${isFree('$1')} ORDER BY next_attempt_at, id LIMIT 1) AS f`;
  const nextDue = `SELECT min(f.at) AS at FROM ${queues} (SELECT next_attempt_at AS at FROM ${chats}
    WHERE line_id = q.id AND next_attempt_at > $1 ORDER BY next_attempt_at, id LIMIT 1) AS f`;
  // no claim will end these attempts, because their chats aren't in a queue, or that has been closed for a while
  const ofLapsed = `${schema}.leases l JOIN ${chats} x ON x.id = l.chat_row
    WHERE l.until_at <= $1 AND ((x.next_attempt_at > $1) IS NOT FALSE OR l.until_at <= $1 - ${LAPSED_MS})`;
  const lapsed = `SELECT x.id FROM ${ofLapsed} LIMIT $2 FOR NO KEY UPDATE OF x SKIP LOCKED`;
  const nextWake = `SELECT least(
      (SELECT wake_at FROM ${chats} x WHERE wake_at IS NOT NULL AND ${isFree('$1')} ORDER BY wake_at LIMIT 1),
      (SELECT min(until_at + CASE WHEN until_at > $1 THEN 0 ELSE ${LAPSED_MS} END) FROM ${schema}.leases),
      (SELECT min(l.until_at) FROM ${ofLapsed})) AS at`;

  const isThere = (key: MetaKey) => `EXISTS (SELECT 1 FROM ${schema}.meta WHERE key = '${key}')`;
  const agenda = `SELECT (SELECT version FROM ${schema}.control) AS version, ${rowsOf(fronts)} AS heads,
    (${nextWake}) AS "wakeAt", ${isThere('clock_shift')} AS "isShifting",
    ${isThere('restored_last_row')} AS "isRestored",
    (SELECT value FROM ${schema}.meta WHERE key = 'decided_fingerprint') AS "decidedAs"`;

  const instantOf = async (session: Session, statement: string, now: EpochMs): Promise<EpochMs | null> =>
    (await session.rows<{ at: EpochMs | null }>(statement, [now]))[0]?.at ?? null;

  return {
    async wake(session: Session, now: EpochMs, limit: number): Promise<number> {
      return inUnit(session, async (unit) => {
        const freed = await unit.lock(lapsed, [now, limit]);
        const woken = await unit.lock(toWake, [now, limit - freed.length]);
        const locked = new Map([...freed, ...woken].map((stored) => [idOf(stored), stored]));
        const batch = [...locked.values()].filter(({ chat }) => liveLease(chat, now) === null);
        unit.write(planWake(batch, policy, now));
        return batch.length;
      });
    },
    nextWakeAt: (session: Session, now: EpochMs) => instantOf(session, nextWake, now),
    /** SQL: the rows of `Agenda.heads` at the instant `$1`. */
    fronts,
    async agenda(session: Session, now: EpochMs): Promise<Agenda> {
      const [row] = await session.rows<Agenda>(agenda, [now]);
      if (row === undefined) throw new StoreError('broken', 'the agenda has no row');
      return row;
    },
    nextDueAfter: (session: Session, now: EpochMs) => instantOf(session, nextDue, now),
    /** @see Store.redecide */
    async redecide(session: Session, meta: Meta, fingerprint: string, limit: number, now: EpochMs) {
      const afterId = nextBatchAfter(redecidingIn(meta), fingerprint);
      if (afterId === null) return true;
      return inUnit(session, async (unit) => {
        const batch = await lockNext(schema, unit, afterId, limit);
        const plan = planRedecide(batch, { fingerprint, afterId, limit }, policy, now);
        unit.write({ chats: plan.chats });
        await unit.flush(); // it notes the chats of a pending correction, whose notes aren't needed any more
        const isDone = plan.progress.underWay === null;
        if (afterId === 0 && policy.reshareOnCardChange) await cardShares.restart(session);
        unit.countCards(plan.cardShares);
        const isShifting = await advanceShift(session, meta, plan.reached, isDone);
        // heartbeats of replicas with other settings let such a pass go on, so it may have missed chats of theirs
        meta.set('decided_fingerprint', isShifting ? null : plan.progress.done);
        meta.set('redecide_fingerprint', plan.progress.underWay?.fingerprint ?? null);
        meta.set('redecide_after_id', plan.progress.underWay?.afterId ?? null);
        return isDone;
      });
    },
  };

  /** @returns whether a correction was under way */
  async function advanceShift(
    session: Session,
    meta: Meta,
    reached: number,
    isDone: boolean,
  ): Promise<boolean> {
    const shift = pendingShiftOf(meta.text('clock_shift'));
    if (shift === null) return false;
    const next = isDone ? null : (advancedTo(shift, reached) ?? shift);
    meta.set('clock_shift', next === null ? null : JSON.stringify(next));
    const upTo = isDone ? shift.upTo : reached;
    await session.run(`DELETE FROM ${schema}.shifted_chats WHERE chat_row <= $1`, [upTo]);
    return true;
  }
}

/** Locks the chats of the next rows, and returns them in the order of their numbers. */
async function lockNext(schema: string, unit: UnitOfWork, afterId: number, limit: number) {
  const locked = await unit.lock(
    `WITH b AS MATERIALIZED (SELECT id FROM ${schema}.chats WHERE id > $1 ORDER BY id LIMIT $2)
      SELECT x.id FROM ${schema}.chats x WHERE x.id IN (SELECT id FROM b) ORDER BY x.chat_id FOR NO KEY UPDATE OF x`,
    [afterId, limit],
  );
  return [...locked].sort((a, b) => idOf(a) - idOf(b));
}

/** What is known about a restored backup, and the chats that wait because of it. */
export function createRestoreMark({ schema, policy }: StoreContext, inUnit: InUnit) {
  return {
    /**
     * All messages of a chat were read and merged. True: they show that the chat is no older than the restore,
     * so it no longer waits.
     */
    async wasRead(session: Session, meta: MetaValues, chatId: string, now: EpochMs): Promise<boolean> {
      const restored = restoredIn(meta);
      if (restored.lastRow === null) return false;
      return inUnit(session, async (unit) => {
        await unit.lockAll([], [chatId]);
        const stored = unit.find(chatId);
        if (stored === null || !isUnread(stored, restored)) return false;
        unit.write({ chats: planRelease(stored, policy, now).chats });
        return true;
      });
    },
    isReleasable(meta: MetaValues, now: EpochMs): boolean {
      const backupAt = meta.number('restored_backup_at') ?? 0;
      return isReleasable(restoredIn(meta), catchUpIn(meta), backupAt, policy, now);
    },
    /** @see Store.releaseRestored */
    async release(session: Session, meta: Meta, limit: number, now: EpochMs): Promise<boolean> {
      const restored = restoredIn(meta);
      const { lastRow } = restored;
      if (lastRow === null) return false;
      return inUnit(session, async (unit) => {
        const batch = await lockNext(schema, unit, lastRow, limit);
        const plan = planReleases(batch, limit, restored, policy, now);
        unit.write({ chats: plan.chats });
        meta.set('restored_at', plan.restored.at);
        meta.set('restored_last_row', plan.restored.lastRow);
        return plan.isMore;
      });
    },
  };
}

interface ShiftParts {
  readonly control: ControlTable;
  readonly corrections: Corrections;
  readonly gates: GateTable;
  readonly leases: LeaseTable;
  readonly lines: LineTable;
  readonly holds: HoldTable;
  readonly attempts: AttemptTable;
  readonly restartCatchUp: (session: Session, meta: Meta, state: CatchUpState) => Promise<void>;
}

/**
 * @see Store.shiftClock; everything but the chats, in the current transaction. Resolves to the number of corrections that
 * it makes; null: nothing was to be corrected.
 */
export function createShiftClock({ schema, policy }: StoreContext, parts: ShiftParts) {
  const { control, corrections, gates, leases, lines, holds, attempts, restartCatchUp } = parts;
  return async (session: Session, meta: Meta, byMs: number, now: EpochMs): Promise<number | null> => {
    if (isLivedIn(meta.number('heartbeat_at'), byMs, now)) return null;
    const made = await corrections.add(session);
    if (made === null) return null;
    const shift = { byMs, now, windowMs: policy.windowMs };
    const [last] = await session.rows<{ id: number | null }>(`SELECT max(id) AS id FROM ${schema}.chats`);
    const pending = beginShift(pendingShiftOf(meta.text('clock_shift')), shift, last?.id ?? 0);
    meta.set('clock_shift', JSON.stringify(pending));
    await control.change(session);
    const before = {
      holds: await holds.all(session),
      lines: await lines.all(session),
      restored: restoredIn(meta),
      lastBackupAt: meta.number('last_backup_at'),
      heartbeatAt: meta.number('heartbeat_at'),
      catchUp: meta.text('catch_up') === null ? null : catchUpIn(meta),
    };
    const after = planShift(before, shift);
    for (const line of after.lines) await lines.update(session, line.line, line);
    for (const hold of after.holds) await holds.put(session, hold);
    await leases.shift(session, shift);
    await gates.forgetStarts(session);
    await attempts.cutFiguresTo(session, now);
    if (byMs > 0) {
      const behind = attemptsBehind(behindIn(meta), byMs, now);
      meta.set('attempts_behind_ms', behind.byMs);
      meta.set('attempts_behind_since', behind.since);
    }
    if (after.restored.at !== null) meta.set('restored_at', after.restored.at);
    meta.set('last_backup_at', after.lastBackupAt);
    meta.set('heartbeat_at', after.heartbeatAt);
    if (after.catchUp !== null) await restartCatchUp(session, meta, after.catchUp);
    for (const key of DECIDED_KEYS) meta.set(key, null);
    return made;
  };
}

const behindIn = (meta: MetaValues) => {
  const since = meta.number('attempts_behind_since');
  return since === null ? null : { since, byMs: meta.number('attempts_behind_ms') ?? 0 };
};

/** @see Store.pruneAttempts; in the current transaction */
export async function pruneAttempts(
  session: Session,
  meta: Meta,
  attempts: Pick<AttemptTable, 'prune'>,
  { retentionMs, limit, now }: { retentionMs: number; limit: number; now: EpochMs },
): Promise<number> {
  const plan = planPruning(behindIn(meta), retentionMs, now);
  if (plan.behind === null) {
    meta.set('attempts_behind_since', null);
    meta.set('attempts_behind_ms', null);
  }
  return attempts.prune(session, limit, plan.endedBefore);
}
