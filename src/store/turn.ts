import type { ChatRecord, Trigger } from '../decide/chat.ts';
import type { CheckedCard, Hold } from '../decide/holds.ts';
import type { Outcome, Verdict } from '../decide/outcome.ts';
import type { Starts } from '../decide/pacing.ts';
import type { EpochMs } from '../decide/time.ts';

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

/** How an attempt ended, and its chat's current failure count. */
export interface AttemptOutcome extends Pick<Attempt, 'chatId' | 'httpStatus' | 'linqCode'> {
  readonly outcome: Outcome;
  readonly failures: number;
}

/** A chat taken under a lease; the lease is on disk already, so that a crash counts. */
export interface Claim {
  readonly attemptId: string;
  readonly trigger: Trigger;
  readonly startedAt: EpochMs;
  readonly chatRow: number;
  /** When the chat became due. */
  readonly dueAt: EpochMs;
  readonly chat: ChatRecord;
}

/** One line's queue; `null` is the queue of chats whose line is unknown. */
export interface ClaimedLine {
  readonly line: string | null;
  readonly limit: number;
  /** The call tests whether something works again: one chat, chosen by `probe`. */
  readonly isProbe?: boolean;
}

/** Which chat of a queue a probe takes: by default the one that failed least. */
export interface Probe {
  /** Only a chat that hasn't failed and became due since. */
  readonly untriedSince?: EpochMs | null;
  /** Among chats that haven't failed, the one that became due last. */
  readonly isNewestFirst?: boolean;
}

/**
 * Claims due chats: at most `limit` per line, oldest first; at most `total` overall, with lines in the given
 * order.
 */
export interface ClaimRequest {
  readonly lines: readonly ClaimedLine[];
  readonly total: number;
  readonly probe?: Probe;
  /**
   * Maximum number of chats that need a look-up first; chats queued behind one that has to wait also wait.
   */
  readonly lookUps?: number;
  /** Starts per second and line by all replicas; 0 (the default): no limit. With SQLite the limits of the lines say it all. */
  readonly ratePerLine?: number;
  /** Maximum number of chats that failed before; untried ones behind them go first. Default: unlimited. */
  readonly tried?: number;
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
  /** No call was made: nothing is kept of the attempt. */
  | { readonly kind: 'withdrawn' };

export interface Settlement {
  readonly claim: Claim;
  readonly endedAt: EpochMs;
  readonly result: AttemptResult;
}

/** `isOurs` is false if the lease was lost meanwhile: nothing was changed then. */
export interface Settled {
  readonly isOurs: boolean;
  readonly chat: ChatRecord;
  readonly attempt: Attempt | null;
}

/** A hold that ended. */
export interface EndedHold extends Pick<Hold, 'scope' | 'reason'> {
  /** As known to who ended it: a hold that another replica extended beyond it meanwhile stays. Absent: it ends in any case. */
  readonly until?: EpochMs | null;
}

/** What one turn of the dispatcher writes, in one commit and in this order. */
export interface Turn {
  /** The `sharedVersion` of the holds and lines by which it was planned: if it isn't current, nothing is claimed. */
  readonly version?: number;
  readonly settlements: readonly Settlement[];
  /** Chats whose refusal has to be undone; it may be one that this turn settles. */
  readonly undone: readonly string[];
  readonly endedHolds: readonly EndedHold[];
  readonly holds: readonly Hold[];
  readonly cards: readonly CheckedCard[];
  /** If a line is named twice, the last one counts. */
  readonly cleared: readonly { readonly line: string; readonly clearedAt: EpochMs }[];
  /** Chats that this turn settled can be claimed again. */
  readonly claim: ClaimRequest | null;
}

export interface TurnResult {
  /** In the order of the turn's settlements. */
  readonly settled: readonly Settled[];
  readonly claims: readonly Claim[];
  /** The `sharedVersion` after this turn; null: it wasn't current before it, so holds and lines have to be read again. */
  readonly version: number | null;
  /** The recent starts of lines of the request, by all replicas; empty with SQLite, where the caller knows them. */
  readonly starts: ReadonlyMap<string, Starts>;
  /** Some due chats of the request are in another replica's hands for the moment. */
  readonly isContended: boolean;
  /** `lookUps` kept some due chats waiting. */
  readonly lacksLookUps: boolean;
}
