import type { EpochMs } from '../../decide/time.ts';
import { isReleasable, isUnread, planRelease, planReleases, type Restored } from '../plan/restored-chats.ts';
import type { ChatTable } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';
import { catchUpIn, type Meta } from './meta.ts';

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
      known ??= { at: meta.number('restored_at'), lastRow: meta.number('restored_last_row') };
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
