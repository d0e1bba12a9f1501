import { afterClockShift, type CatchUpState, wasAway } from '../../decide/catch-up.ts';
import type { ChatRecord } from '../../decide/chat.ts';
import { type ClockShift, shiftHold, shiftLine } from '../../decide/clock-shift.ts';
import { CARD_SETTLES_MS, type Hold, type Line } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import { cardGiven } from '../../decide/share.ts';
import { DAY, type EpochMs, SECOND } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { CardShares } from '../store.ts';
import { type ChatWrite, decidedAnew, planSave, type StoredChat } from './chat-row.ts';

/**
 * What a heartbeat writes.
 * @param isRestored a backup was restored, and no heartbeat has requested a catch-up since. It is requested
 * however recent the backup: what was answered since the backup is lost, and won't be delivered again.
 * @see Store.heartbeat
 */
export function planHeartbeat(
  { heartbeatAt, isRestored }: { readonly heartbeatAt: EpochMs | null; readonly isRestored: boolean },
  now: EpochMs,
  toleratedMs: number | undefined,
): { readonly heartbeatAt: EpochMs; readonly requestsCatchUp: boolean } {
  const wasGone = toleratedMs !== undefined && (isRestored || wasAway(heartbeatAt, now, toleratedMs));
  return { heartbeatAt: Math.max(heartbeatAt ?? now, now), requestsCatchUp: wasGone };
}

/**
 * Attempts may have ended this much later than is stored, since the clock was set forward; null: as stored.
 */
export interface AttemptsBehind {
  readonly byMs: number;
  /** Attempts that ended later than this ended as stored. */
  readonly since: EpochMs;
}

/** The clock was set forward by `byMs` and reads `now`. */
export function attemptsBehind(known: AttemptsBehind | null, byMs: number, now: EpochMs): AttemptsBehind {
  return { byMs: (known?.byMs ?? 0) + byMs, since: now };
}

/**
 * Which attempts are pruned: those that ended before `endedBefore`.
 * @returns `behind` is null once every attempt it concerns is too old anyway
 * @see Store.pruneAttempts
 */
export function planPruning(
  behind: AttemptsBehind | null,
  retentionMs: number,
  now: EpochMs,
): { readonly endedBefore: EpochMs; readonly behind: AttemptsBehind | null } {
  const isOver = behind === null || now - behind.since > retentionMs;
  const byMs = isOver ? 0 : behind.byMs;
  return { endedBefore: now - retentionMs - byMs, behind: isOver ? null : behind };
}

/** The newest so many deliveries stay in quarantine. */
export const QUARANTINE_ROWS = 1_000;
/** Bodies are up to 1 MiB each: deleting all at once could delay webhooks. */
export const EXPIRED_AT_ONCE = 50;

/** Deliveries received up to here have left the quarantine: it keeps them for 7 days. */
export function quarantineExpiredUpTo(now: EpochMs): EpochMs {
  return now - 7 * DAY;
}

/** Progress of re-evaluating the chats. A fingerprint stands for settings and for a version of the rules. */
export interface Redeciding {
  /** The fingerprint under which every chat was decided; null: none. */
  readonly done: string | null;
  /** The fingerprint under which chats are being decided, and the last row done; null: no pass is running. */
  readonly underWay: { readonly fingerprint: string; readonly afterId: number } | null;
}

/** The row after which the next batch begins; null: every chat has been decided under this fingerprint. */
export function nextBatchAfter({ done, underWay }: Redeciding, fingerprint: string): number | null {
  if (done === fingerprint) return null;
  return underWay?.fingerprint === fingerprint ? underWay.afterId : 0;
}

/**
 * False once a process decides chats by other settings than those of which this is the progress: then no fingerprint covers
 * every chat, however short that process lived.
 * @param settings how the fingerprint of its settings begins
 */
export function isDecidedBy({ done, underWay }: Redeciding, settings: string): boolean {
  return [done, underWay?.fingerprint ?? null].every((mark) => mark === null || mark.startsWith(settings));
}

/**
 * Re-evaluates the next batch. @see Store.redecide
 * @param batch the next rows after `afterId`, up to `limit`
 */
export function planRedecide<C extends StoredChat>(
  batch: readonly C[],
  { fingerprint, afterId, limit }: { fingerprint: string; afterId: number; limit: number },
  policy: Policy,
  now: EpochMs,
): {
  readonly chats: readonly ChatWrite<C>[];
  readonly reached: number;
  readonly progress: Redeciding;
  /** Of these chats, those that have a card from before it changed, by line. */
  readonly cardShares: readonly CardSharesChange[];
} {
  const reached = batch.at(-1)?.id ?? afterId;
  const isDone = batch.length < limit;
  return {
    chats: decidedAnew(batch, policy, now),
    reached,
    // until the last batch, no fingerprint covers every chat
    progress: isDone
      ? { done: fingerprint, underWay: null }
      : { done: null, underWay: { fingerprint, afterId: reached } },
    cardShares: withEarlierCard(batch),
  };
}

/** What is added to the figures of a line's changed card. */
export interface CardSharesChange {
  readonly line: string;
  readonly changedAt: EpochMs;
  /** Chats that had the card before it changed. */
  readonly chats: number;
  readonly sharedAgain: number;
}

function withEarlierCard(batch: readonly StoredChat[]): readonly CardSharesChange[] {
  const byLine = new Map<string, CardSharesChange>();
  for (const { chat } of batch) {
    const { line, cardChangedAt: changedAt } = chat;
    if (line === null || changedAt === null || cardGiven(chat) !== 'earlier') continue;
    byLine.set(line, { line, changedAt, chats: (byLine.get(line)?.chats ?? 0) + 1, sharedAgain: 0 });
  }
  return [...byLine.values()].sort((a, b) => (a.line < b.line ? -1 : 1));
}

/** A chat that had the card before it changed has it again. */
export function isSharedAgain(before: ChatRecord, after: ChatRecord): boolean {
  return cardGiven(before) === 'earlier' && cardGiven(after) === 'current';
}

/**
 * What that adds. Chats are counted as they are decided anew: one that the pass in progress hasn't reached will have the
 * changed card by then, so it is counted here.
 */
export function planSharedAgain(
  { id }: StoredChat,
  { line, cardChangedAt: changedAt }: ChatRecord,
  { underWay }: Pick<Redeciding, 'underWay'>,
): readonly CardSharesChange[] {
  if (line === null || changedAt === null) return [];
  const isAhead = underWay !== null && (id ?? 0) > underWay.afterId;
  return [{ line, changedAt, chats: isAhead ? 1 : 0, sharedAgain: 1 }];
}

/** What is stored of a line's changed card; `chats` is null: none was counted. */
export interface CardSharesRow {
  readonly line: string;
  readonly changedAt: EpochMs;
  readonly chats: number | null;
  readonly sharedAgain: number | null;
}

/** @see Store.cardShares */
export function cardSharesOf(
  { line, changedAt, chats, sharedAgain }: CardSharesRow,
  { underWay }: Pick<Redeciding, 'underWay'>,
  now: EpochMs,
): CardShares {
  const isCounted = underWay === null && now >= changedAt + CARD_SETTLES_MS;
  const left = Math.max(0, (chats ?? 0) - (sharedAgain ?? 0));
  return { line, changedAt, sharedAgain: sharedAgain ?? 0, left: isCounted ? left : null };
}

/**
 * What is known about a restored backup. A chat that it lacks may have been shared before the restore, and
 * that share is unknown, so it waits one window, as the chats of the backup do. A chat in which we wrote
 * before the restore certainly waits. Any other chat that appears within one window of the restore may be as
 * old: it waits until a catch-up has read it, or has read everything else, and no longer than that window.
 */
export interface Restored {
  /** Null: no chats wait because of a restored backup. */
  readonly at: EpochMs | null;
  /** Later rows aren't chats of the backup, and may wait to be read; null: none waits for that any more. */
  readonly lastRow: number | null;
}

/** The chat to write, marked if it needs to wait. @param isNew it has no row yet */
export function withRestoreMark(
  chat: ChatRecord,
  isNew: boolean,
  restored: Restored,
  policy: Policy,
  now: EpochMs,
): ChatRecord {
  const { at, lastRow } = restored;
  if (at === null || chat.restoredAt !== null) return chat;
  const isToBeRead = isNew && lastRow !== null && !isOver(at, policy, now);
  return isToBeRead || isForgotten(chat, restored) ? { ...chat, restoredAt: at } : chat;
}

/** True if it is marked only because it hasn't been read yet. */
export function isUnread({ id, chat }: StoredChat, restored: Restored): boolean {
  const isLater = id !== null && restored.lastRow !== null && id > restored.lastRow;
  return isLater && chat.restoredAt !== null && !isForgotten(chat, restored);
}

export function planRelease<C extends StoredChat>(stored: C, policy: Policy, now: EpochMs) {
  return planSave(stored, { ...stored.chat, restoredAt: null }, policy, now);
}

/**
 * True if the last catch-up run began after the restore and has read everything changed since the backup: no
 * chat has to wait to be read any more.
 * @param backupAt the latest heartbeat of the backup
 */
export function isReleasable(
  { at, lastRow }: Restored,
  { completed }: Pick<CatchUpState, 'completed'>,
  backupAt: EpochMs,
  policy: Policy,
  now: EpochMs,
): boolean {
  if (at === null || lastRow === null || isOver(at, policy, now)) return false;
  if (completed === null || completed.startedAt < at || completed.chatsUnread > 0) return false;
  return completed.since === null || completed.since <= backupAt;
}

/**
 * Ends the wait of some of the chats that appeared after the restore.
 * @param batch the next rows after `restored.lastRow`, up to `limit`
 */
export function planReleases<C extends StoredChat>(
  batch: readonly C[],
  limit: number,
  restored: Restored,
  policy: Policy,
  now: EpochMs,
): { readonly chats: readonly ChatWrite<C>[]; readonly restored: Restored; readonly isMore: boolean } {
  const isMore = batch.length === limit;
  return {
    chats: batch
      .filter((stored) => isUnread(stored, restored))
      .flatMap((stored) => planRelease(stored, policy, now).chats),
    restored: { at: restored.at, lastRow: isMore ? (batch.at(-1)?.id ?? null) : null },
    isMore,
  };
}

/** True once the marks have no effect any more. */
const isOver = (at: EpochMs, { windowMs }: Policy, now: EpochMs) => now >= at + windowMs;

function isForgotten({ firstOutboundAt }: ChatRecord, { at }: Restored): boolean {
  return at !== null && firstOutboundAt !== null && firstOutboundAt < at;
}

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
 * True if others have lived in the corrected time while our clock was behind, as after this machine was suspended: then
 * the stored times are right.
 */
export function isLivedIn(heartbeatAt: EpochMs | null, byMs: number, now: EpochMs): boolean {
  return heartbeatAt !== null && heartbeatAt - (now - byMs) > LIVED_MS && heartbeatAt - now <= LIVED_MS;
}
/** Heartbeats of replicas whose clocks agree don't differ by so much. */
const LIVED_MS = 30 * SECOND;

/** Data other than chats that has to follow the clock. */
interface ShiftRows {
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
    lines: rows.lines.map((line) => ({ ...line, ...shiftLine(line, shift) })),
    restored: { ...restored, at: restoredAt },
    lastBackupAt: lastBackupAt === null ? null : Math.min(lastBackupAt, now),
    heartbeatAt: now,
    catchUp: catchUp === null ? null : afterClockShift(catchUp, byMs, rows.heartbeatAt, now),
  };
}
