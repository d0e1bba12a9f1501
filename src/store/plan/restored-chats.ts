import type { CatchUpState } from '../../decide/catch-up.ts';
import type { ChatRecord } from '../../decide/chat.ts';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import { type ChatWrite, planSave, type StoredChat } from './chat-row.ts';

/**
 * What is known of the backup that was restored. Chats that it lacks may have got a share that is forgotten with them, so
 * they wait like the chats of the backup. Of one that we wrote in before the restore this is certain. Any other that turns
 * up within a window of it may be as old: it waits until a catch-up has read it, or has read everything else.
 */
export interface Restored {
  /** Null: no backup was restored whose chats wait. */
  readonly at: EpochMs | null;
  /** Later rows are no chats of the backup, and may wait to be read; null: none waits for that any more. */
  readonly lastRow: number | null;
}

/** The chat, to be written, with the mark if it needs one. @param isNew it has no row yet */
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

/** Marked for no other reason than that nobody has read it yet. */
export function isUnread({ id, chat }: StoredChat, restored: Restored): boolean {
  const isLater = id !== null && restored.lastRow !== null && id > restored.lastRow;
  return isLater && chat.restoredAt !== null && !isForgotten(chat, restored);
}

export function planRelease<C extends StoredChat>(stored: C, policy: Policy, now: EpochMs) {
  return planSave(stored, { ...stored.chat, restoredAt: null }, policy, now);
}

/**
 * The last run of a catch-up began after the restore, and has read whatever changed since the backup: nobody has to wait
 * for being read any more.
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
 * Ends the wait of some of the chats that turned up after the restore.
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

/** The marks have no effect any more. */
const isOver = (at: EpochMs, { windowMs }: Policy, now: EpochMs) => now >= at + windowMs;

function isForgotten({ firstOutboundAt }: ChatRecord, { at }: Restored): boolean {
  return at !== null && firstOutboundAt !== null && firstOutboundAt < at;
}
