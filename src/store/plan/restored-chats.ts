import type { CatchUpState } from '../../decide/catch-up.ts';
import type { ChatRecord } from '../../decide/chat.ts';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import { type ChatWrite, planSave, type StoredChat } from './chat-row.ts';

/**
 * What is known about a restored backup. Chats that it lacks may have been shared, and that share is lost
 * with them, so they wait like the chats of the backup. A chat that we wrote in before the restore certainly
 * waits. Any other chat that appears within one window of the restore may be as old: it waits until a
 * catch-up has read it, or has read everything else.
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
