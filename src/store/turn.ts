import type { ChatRecord, Outcome, Trigger } from '../decide/chat.ts';
import type { EpochMs } from '../decide/duration.ts';
import type { Hold, Line } from '../decide/hold.ts';
import type { Verdict } from '../decide/outcome.ts';

export interface Attempt {
  readonly attemptId: string;
  readonly chatId: string;
  readonly trigger: Trigger;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs | null;
  readonly outcome: Outcome | null;
  readonly httpStatus: number | null;
  readonly linqCode: number | null;
  readonly traceId: string | null;
}

/** A chat taken under a lease; the attempt is on disk already, so that a crash counts. */
export interface Claim {
  readonly attemptId: string;
  readonly leaseId: string;
  readonly trigger: Trigger;
  readonly startedAt: EpochMs;
  /** When the chat became due. */
  readonly dueAt: EpochMs;
  readonly chat: ChatRecord;
}

/** Takes due chats: of each line at most `limit`, oldest first; in all at most `total`, lines in the given order. */
export interface ClaimRequest {
  /** `null` is the queue of the chats whose line no event told. */
  readonly lines: readonly { readonly line: string | null; readonly limit: number }[];
  readonly total: number;
  readonly leaseUntil: EpochMs;
}

export type AttemptResult =
  | {
      readonly kind: 'verdict';
      readonly verdict: Verdict;
      readonly httpStatus: number | null;
      readonly linqCode: number | null;
      readonly traceId: string | null;
      /** In [0, 1): jitter of a backoff. */
      readonly random: number;
    }
  | { readonly kind: 'dry_run' }
  /** No call was made: the attempt's row goes. */
  | { readonly kind: 'withdrawn' };

export interface Settlement {
  readonly claim: Claim;
  readonly endedAt: EpochMs;
  readonly result: AttemptResult;
}

/** `isOurs` is false when the lease was lost meanwhile: then nothing was changed. */
export interface Settled {
  readonly isOurs: boolean;
  readonly chat: ChatRecord;
  readonly attempt: Attempt | null;
}

/** What one turn of the dispatcher writes, in one commit. */
export interface Turn {
  readonly settlements: readonly Settlement[];
  readonly holds: readonly Hold[];
  readonly endedHolds: readonly Pick<Hold, 'scope' | 'reason'>[];
  readonly cards: readonly Pick<Line, 'line' | 'card' | 'cardCheckedAt'>[];
  readonly cleared: readonly { readonly line: string; readonly clearedAt: EpochMs }[];
  /** Chats that were retired by mistake. */
  readonly unretired: readonly string[];
  readonly claim: ClaimRequest | null;
}

export interface TurnResult {
  /** In the order of the turn's settlements. */
  readonly settled: readonly Settled[];
  readonly claims: readonly Claim[];
}
