import type { ChatRecord, Trigger } from '../decide/chat.ts';
import type { Hold, Line } from '../decide/holds.ts';
import type { Outcome, Verdict } from '../decide/outcome.ts';
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

/** How an attempt ended, and what its chat's count of failures is by now. */
export interface AttemptOutcome extends Pick<Attempt, 'chatId' | 'httpStatus' | 'linqCode'> {
  readonly outcome: Outcome;
  readonly failures: number;
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

/** One line's queue; `null` is that of the chats whose line no event told. */
export interface ClaimedLine {
  readonly line: string | null;
  readonly limit: number;
  /** Its call finds out whether something works again: one chat, chosen by `probe`. */
  readonly isProbe?: boolean;
}

/** Which chat of a queue a probe takes: that which failed least. */
export interface Probe {
  /** Only one that hasn't failed, and has become due since. */
  readonly untriedSince?: EpochMs | null;
  /** Of those that haven't failed, the one that has been due for the shortest time. */
  readonly isNewestFirst?: boolean;
}

/** Takes due chats: of each line at most `limit`, oldest first; in all at most `total`, lines in the given order. */
export interface ClaimRequest {
  readonly lines: readonly ClaimedLine[];
  readonly total: number;
  readonly probe?: Probe;
  /** Chats whose facts have to be looked up first are taken up to this number; those behind them on their line wait, too. */
  readonly lookUps?: number;
  /** Chats that failed before are taken up to this number; those behind them that didn't go first. Default: any number. */
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
  /** Chats that were refused by mistake. */
  readonly undone: readonly string[];
  readonly claim: ClaimRequest | null;
}

export interface TurnResult {
  /** In the order of the turn's settlements. */
  readonly settled: readonly Settled[];
  readonly claims: readonly Claim[];
  /** Chats are due that `lookUps` kept waiting. */
  readonly lacksLookUps: boolean;
}
