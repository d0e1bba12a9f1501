import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import { type ChatWrite, decidedAnew, type StoredChat } from './chat-row.ts';

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
 * Re-evaluates the next batch. @see Store.redecide
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
