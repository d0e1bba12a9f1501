import type { CatchUpState } from '../../decide/catch-up.ts';
import type { ChatRecord } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { ChatTable, StoredChat } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import type { Meta } from './meta.ts';

/**
 * Which chats the backup that was restored lacks, although they may have got a share that is forgotten with them: they
 * wait like the chats of the backup. Of one that we wrote in before the restore this is known. Any other that turns up
 * within a window of it may be as old; it waits until a catch-up has read it, or has read everything else.
 */
export interface RestoreMark {
  /** The chat, to be written, with the mark if it needs one. @param isNew it has no row yet */
  marked(chat: ChatRecord, isNew: boolean, now: EpochMs): ChatRecord;
  /** All messages of a chat were read, and merged. True: they show that it is no older than the restore, so it waits no more. */
  wasRead(chatId: string, now: EpochMs): boolean;
  /** Nobody has to wait for being read any more. */
  isReleasable(now: EpochMs): boolean;
  /** @see Store.releaseRestored */
  release(limit: number, now: EpochMs): boolean;
  /** The clock was corrected by `byMs` and reads `now`. */
  shift(byMs: number, now: EpochMs): void;
}

interface Restored {
  /** Null: no backup was restored whose chats wait. */
  readonly at: EpochMs | null;
  /** Later rows are no chats of the backup, and may wait to be read; null: none waits for that any more. */
  readonly lastRow: number | null;
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
  const restored = (): Restored => {
    known ??= { at: meta.number('restored_at'), lastRow: meta.number('restored_last_row') };
    return known;
  };

  function isForgotten({ firstOutboundAt }: ChatRecord): boolean {
    const { at } = restored();
    return at !== null && firstOutboundAt !== null && firstOutboundAt < at;
  }

  /** Marked for no other reason than that nobody has read it yet. */
  function isUnread({ row, chat }: StoredChat): boolean {
    const { lastRow } = restored();
    const isLater = row !== null && lastRow !== null && row[0] > lastRow;
    return isLater && chat.restoredAt !== null && !isForgotten(chat);
  }

  function free(stored: StoredChat, now: EpochMs): void {
    chats.save(stored, { ...stored.chat, restoredAt: null }, now);
  }

  /** The marks have no effect any more. */
  const isOver = (at: EpochMs, now: EpochMs) => now >= at + policy.windowMs;

  /** The last run began after the restore and has read whatever changed since the backup. */
  function isCaughtUp(at: EpochMs): boolean {
    const text = meta.text('catch_up');
    const { completed } = text === null ? { completed: null } : (JSON.parse(text) as CatchUpState);
    if (completed === null || completed.startedAt < at || completed.chatsUnread > 0) return false;
    return completed.since === null || completed.since <= (meta.number('restored_backup_at') ?? 0);
  }

  return {
    marked(chat, isNew, now) {
      const { at, lastRow } = restored();
      if (at === null || chat.restoredAt !== null) return chat;
      const isToBeRead = isNew && lastRow !== null && !isOver(at, now);
      return isToBeRead || isForgotten(chat) ? { ...chat, restoredAt: at } : chat;
    },
    wasRead(chatId, now) {
      if (restored().lastRow === null) return false;
      const stored = chats.find(chatId);
      if (!isUnread(stored)) return false;
      free(stored, now);
      return true;
    },
    isReleasable(now) {
      const { at, lastRow } = restored();
      return at !== null && lastRow !== null && !isOver(at, now) && isCaughtUp(at);
    },
    release(limit, now) {
      const { at, lastRow } = restored();
      if (lastRow === null) return false;
      const batch = later.all(lastRow, limit).map(chats.ofRow);
      for (const stored of batch) if (isUnread(stored)) free(stored, now);
      const isMore = batch.length === limit;
      const reached = isMore ? (batch.at(-1)?.row?.[0] ?? null) : null;
      if (reached === null) meta.remove('restored_last_row');
      else meta.put('restored_last_row', reached);
      known = { at, lastRow: reached };
      return isMore;
    },
    shift(byMs, now) {
      const { at, lastRow } = restored();
      if (at === null) return;
      const shifted = Math.min(at + Math.max(byMs, 0), now);
      meta.put('restored_at', shifted);
      known = { at: shifted, lastRow };
    },
  };
}
