import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import { type ChatWrite, decidedAnew, type StoredChat } from './chat-row.ts';

/** How far the chats have been decided anew. A fingerprint stands for settings, and for the rules of a version. */
export interface Redeciding {
  /** By which every chat was decided; null: by none. */
  readonly done: string | null;
  /** By which the chats are being decided, and the last row that was; null: none is under way. */
  readonly underWay: { readonly fingerprint: string; readonly afterId: number } | null;
}

/** The row after which the next batch begins; null: every chat has been decided by this fingerprint. */
export function nextBatchAfter({ done, underWay }: Redeciding, fingerprint: string): number | null {
  if (done === fingerprint) return null;
  return underWay?.fingerprint === fingerprint ? underWay.afterId : 0;
}

/**
 * Decides the next batch anew. @see Store.redecide
 * @param batch the next rows after `afterId`, up to `limit`
 */
export function planRedecide<C extends StoredChat>(
  batch: readonly C[],
  { fingerprint, afterId, limit }: { fingerprint: string; afterId: number; limit: number },
  policy: Policy,
  now: EpochMs,
): { readonly chats: readonly ChatWrite<C>[]; readonly reached: number; readonly progress: Redeciding } {
  const reached = batch.at(-1)?.id ?? afterId;
  const isDone = batch.length < limit;
  return {
    chats: decidedAnew(batch, policy, now),
    reached,
    // until the last batch, no fingerprint covers every chat
    progress: isDone
      ? { done: fingerprint, underWay: null }
      : { done: null, underWay: { fingerprint, afterId: reached } },
  };
}
