import type { ChatRecord } from '../decide/chat.ts';
import type { EpochMs } from '../decide/duration.ts';
import type { StoreContext } from './context.ts';
import type { Meta } from './meta.ts';

export interface RestoreMark {
  /**
   * A chat that the backup didn't have, although we wrote in it before the restore: it may have got a share that is
   * forgotten with it, and waits like the chats of the backup.
   */
  marked(chat: ChatRecord): ChatRecord;
  /** The clock was corrected by `byMs` and reads `now`. */
  shift(byMs: number, now: EpochMs): void;
}

export function createRestoreMark({ transactions }: StoreContext, meta: Meta): RestoreMark {
  let known: { readonly restoredAt: EpochMs | null } | null = null;
  transactions.join({
    forget() {
      known = null;
    },
  });
  const restoredAt = () => {
    known ??= { restoredAt: meta.number('restored_at') };
    return known.restoredAt;
  };
  return {
    marked(chat) {
      const at = restoredAt();
      const { firstOutboundAt } = chat;
      const isForgotten = at !== null && firstOutboundAt !== null && firstOutboundAt < at;
      return isForgotten && chat.restoredAt === null ? { ...chat, restoredAt: at } : chat;
    },
    shift(byMs, now) {
      const at = restoredAt();
      if (at === null) return;
      const shifted = Math.min(at + Math.max(byMs, 0), now);
      meta.put('restored_at', shifted);
      known = { restoredAt: shifted };
    },
  };
}
