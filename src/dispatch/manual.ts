import { type ChatReason, type ChatRecord, type ChatState, liveLease } from '../decide/chat.ts';
import { type HoldReason, isCardHold } from '../decide/holds.ts';
import { LOOK_UP_RATE, pace, type Starts } from '../decide/pacing.ts';
import type { Policy } from '../decide/policy.ts';
import { decideManualShare, needsLookup } from '../decide/share.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Store } from '../store/store.ts';
import type { Attempt, Claim, Settled, Settlement } from '../store/turn.ts';
import type { Cards } from './card-checks.ts';
import type { HoldBook } from './hold-book.ts';

export type ManualShare =
  | { readonly kind: 'settled'; readonly attempt: Attempt; readonly chat: ChatRecord }
  | {
      readonly kind: 'refused';
      readonly state: ChatState;
      readonly reason: ChatReason | HoldReason;
    }
  | { readonly kind: 'not_found' }
  /** Another replica took the chat over while our call was on its way; the attempt on record shows what is known. */
  | { readonly kind: 'lost'; readonly attemptId: string }
  /** The dispatcher stopped before the outcome was known; the chat's attempts show whether one was made. */
  | { readonly kind: 'stopped' };

interface Request {
  readonly chatId: string;
  readonly resolve: (share: ManualShare) => void;
}

/** The limits that a claim has to respect. */
interface Claiming {
  readonly free: number;
  readonly starts: ReadonlyMap<string, Starts>;
  readonly lookUps: Starts;
  readonly leaseUntil: EpochMs;
  readonly now: EpochMs;
}

export interface ManualDeps {
  readonly store: Pick<Store, 'chat' | 'claimManually'>;
  readonly book: HoldBook;
  readonly cards: Cards;
  readonly policy: Policy;
  readonly ratePerLine: number;
  readonly checkCard: (line: string, now: EpochMs) => void;
}

export type ManualShares = ReturnType<typeof createManualShares>;

/**
 * Shares requested by an operator. They wait for their line's pace and card, but not for policy, window or
 * backoff.
 */
export function createManualShares({ store, book, cards, policy, ratePerLine, checkCard }: ManualDeps) {
  let waiting: Request[] = [];
  const claimed = new Map<string, Request>();

  const refusal = (state: ChatState, reason: ChatReason | HoldReason) =>
    ({ kind: 'refused', state, reason }) as const;

  /** The immediate answer, or null when the chat may be claimed; `wait` when a card must be checked first. */
  function answerNow(chat: ChatRecord, now: EpochMs): ManualShare | 'wait' | null {
    const lease = liveLease(chat, now);
    if (lease !== null) return refusal('sharing', lease.trigger);
    const refused = decideManualShare(chat, policy, now);
    if (refused !== null) return { kind: 'refused', ...refused };
    const account = book.accountHold(now);
    if (account !== null) return refusal('held', account.reason);
    if (chat.line === null) return null;
    const isFresh = cards.isFresh(chat.line, now);
    const hold = book.lineHold(chat.line, now);
    if (hold !== null && (isFresh || !isCardHold(hold.reason))) return refusal('held', hold.reason);
    if (isFresh) return null;
    if (cards.isCheckDue(chat.line, now)) checkCard(chat.line, now);
    return 'wait';
  }

  /** True if the chat's line, or look-ups, have reached their rate limit. */
  function lacksPace(
    chat: ChatRecord,
    claims: readonly Claim[],
    { starts, lookUps, now }: Claiming,
  ): boolean {
    const lacks = (isAlike: (other: ChatRecord) => boolean, before: Starts, rate: number) =>
      rate > 0 && (pace(before, rate, now).available === 0 || claims.some((claim) => isAlike(claim.chat)));
    const { line } = chat;
    const isLookedUp = (other: ChatRecord) => needsLookup(other, policy);
    if (isLookedUp(chat) && lacks(isLookedUp, lookUps, LOOK_UP_RATE)) return true;
    return line !== null && lacks((other) => other.line === line, starts.get(line) ?? [], ratePerLine);
  }

  /** Returns a claim; null: the request was answered, or keeps waiting. */
  async function claimOne(request: Request, claims: readonly Claim[], claiming: Claiming) {
    const { free, leaseUntil, now } = claiming;
    const chat = await store.chat(request.chatId);
    const answer = chat === null ? ({ kind: 'not_found' } as const) : answerNow(chat, now);
    const isPaced = chat !== null && lacksPace(chat, claims, claiming);
    if (answer !== null && answer !== 'wait') request.resolve(answer);
    else if (answer === 'wait' || isPaced || claims.length >= free) waiting.push(request);
    else {
      const claim = await store.claimManually(request.chatId, leaseUntil, now);
      if (claim === null) request.resolve({ kind: 'not_found' });
      else if ('refused' in claim) request.resolve({ kind: 'refused', ...claim.refused });
      else {
        claimed.set(claim.claim.attemptId, request);
        return claim.claim;
      }
    }
    return null;
  }

  return {
    request: (chatId: string): Promise<ManualShare> =>
      new Promise((resolve) => void waiting.push({ chatId, resolve })),
    /** Answers all waiting requests, since nothing more will happen. */
    abandon(): void {
      for (const { resolve } of [...waiting, ...claimed.values()]) resolve({ kind: 'stopped' });
      waiting = [];
      claimed.clear();
    },
    isWaiting: (): boolean => waiting.length > 0,
    /**
     * Claims what may start now; the other requests keep waiting or are answered.
     * @throws {StoreError} when nothing could be claimed; all requests then keep waiting
     */
    async claim(claiming: Claiming): Promise<readonly Claim[]> {
      const claims: Claim[] = [];
      const requests = waiting;
      waiting = [];
      for (const [index, request] of requests.entries()) {
        try {
          const claim = await claimOne(request, claims, claiming);
          if (claim !== null) claims.push(claim);
        } catch (error) {
          waiting.push(...requests.slice(index));
          if (claims.length === 0) throw error;
          break; // what has been claimed must start
        }
      }
      return claims;
    },
    /** Answers the request whose attempt has ended. */
    settled({ claim, result }: Pick<Settlement, 'claim' | 'result'>, settled: Settled): void {
      const request = claimed.get(claim.attemptId);
      if (request === undefined) return;
      claimed.delete(claim.attemptId);
      if (result.kind === 'withdrawn')
        waiting.push(request); // this only looked up facts: now its line is known
      else if (settled.attempt === null)
        request.resolve({ kind: 'lost', attemptId: claim.attemptId }); // it isn't shared a second time
      else request.resolve({ kind: 'settled', attempt: settled.attempt, chat: settled.chat });
    },
  };
}
