import {
  flaggedSince,
  HOLDS,
  isProbedByLook,
  isProbedByShare,
  isProbeOf,
  isVerdictHold,
  LINE_HOLDS,
  type VerdictHoldReason,
} from '../decide/holds.ts';
import { classifyAnswer, isRefusal, type Verdict } from '../decide/outcome.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import type { AttemptOutcome } from '../store/turn.ts';
import type { HoldBook } from './hold-book.ts';

/** What a call to Linq was about, and when. */
export interface Call {
  /** Null: a look at cards. */
  readonly chatId: string | null;
  readonly line: string | null;
  /** The chat, or the look at this line's card, hadn't failed before. */
  readonly isFirst: boolean;
  readonly wasUndone: boolean;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
}

/** Wait before an untried chat may probe the breaker: after any other probe, and at most, however long others wait. */
const UNTRIED_MIN_MS = SECOND;
const UNTRIED_MAX_MS = 4 * SECOND;

export type HoldKeeper = ReturnType<typeof createHoldKeeper>;

/** Turns the verdicts of calls into holds of the account and its lines, and ends them again. */
export function createHoldKeeper(book: HoldBook) {
  let streaks = createStreaks();
  /**
   * A chat that wasn't tried yet may probe the breaker before its time, so that those that always fail don't keep it
   * waiting: from `at` on, if it became due after the last such probe began, at `since`.
   */
  let untried = { at: 0, since: 0 };
  const breakerOf = () => book.find(null, 'api_unavailable');

  /** Only a call of the kind that failed closes the breaker: a look none that shares opened, and no answer one that refusals did. */
  function closeBreaker(by: 'look' | 'answer' | 'share'): void {
    if (by !== 'share' && streaks.isRefusing()) return;
    if (by === 'look' && streaks.areSharesFailing()) return;
    book.end(null, 'api_unavailable');
  }

  /**
   * Opens the breaker, or lets it wait on after a probe that failed. That an untried chat failed counts as a probe even
   * before its time, since it may go first.
   */
  function openBreaker(call: Call): void {
    const breaker = breakerOf();
    const isUntriedProbe = breaker !== null && call.isFirst && call.startedAt >= untried.at;
    const startedAt = isUntriedProbe ? Math.max(call.startedAt, breaker.until ?? 0) : call.startedAt;
    const isProbe = breaker === null || isProbeOf(breaker, startedAt);
    book.close(null, 'api_unavailable', { ...call, startedAt });
    const isNews = breaker === null || (isProbe && call.isFirst);
    // of a chat that failed before, no more is learnt than that it still does
    const at = call.endedAt + (breaker !== null && isNews ? UNTRIED_MAX_MS : UNTRIED_MIN_MS);
    untried = {
      at: isProbe ? Math.min(breakerOf()?.until ?? at, at) : Math.max(untried.at, at),
      since: isNews && call.chatId !== null ? call.startedAt : untried.since,
    };
  }

  /** A 2xx ends the holds that this call was the probe of; calls that were under way before end only the breaker. */
  function succeed(call: Call): void {
    streaks.shared();
    closeBreaker('share');
    for (const hold of book.all()) {
      const isConcerned = hold.scope === null || hold.scope === call.line;
      if (isConcerned && isProbeOf(hold, call.startedAt)) book.end(hold.scope, hold.reason);
    }
    const line = call.line === null ? null : book.line(call.line);
    const flaggedAt = line === null ? null : flaggedSince(line);
    if (line !== null && flaggedAt !== null && call.startedAt > flaggedAt)
      book.clearLine(line.line, call.startedAt);
  }

  function fail(call: Call): void {
    const isStreak =
      call.chatId === null ? streaks.lookFailed() : call.isFirst && streaks.failed(call.chatId);
    if (isStreak || breakerOf() !== null) openBreaker(call);
  }

  function refuse(call: Call): void {
    if (call.chatId === null) return;
    const undone = streaks.refused(call.chatId, call.wasUndone);
    book.undo(undone);
    if (undone.length > 0) openBreaker(call);
  }

  /** A line's hold needs a line: a look at a chat may fail before it is known. */
  function open(reason: VerdictHoldReason, call: Call, verdict: Verdict): void {
    const isAccount = HOLDS[reason].scope === 'account';
    const retryAfterMs = verdict.kind === 'rate_limited' ? verdict.retryAfterMs : null;
    if (isAccount || call.line !== null) book.close(isAccount ? null : call.line, reason, call, retryAfterMs);
  }

  /** A probe that brought no success: the hold waits on. Pauses end by time and aren't probed. */
  function prolongProbed(call: Call): void {
    const isProbed = call.chatId === null ? isProbedByLook : isProbedByShare;
    for (const { scope, reason, until } of book.all()) {
      const isConcerned = scope === null || scope === call.line;
      if (!isConcerned || !isProbed(reason) || !isProbeOf({ until }, call.startedAt)) continue;
      if (reason !== 'line_flagged') book.close(scope, reason, call);
    }
    if (call.chatId === null || call.line === null) return;
    // a flag may stand without a stored hold, and a stored one without its flag
    const hold = book.lineHold(call.line, call.startedAt);
    if (hold?.reason === 'line_flagged' && isProbeOf(hold, call.startedAt))
      book.close(call.line, hold.reason, call);
  }

  /** Linq itself answered. */
  function answered(call: Call): void {
    if (call.chatId === null) streaks.looked();
    else streaks.answered();
    closeBreaker(call.chatId === null ? 'look' : 'answer');
  }

  return {
    /** What earlier processes saw, oldest first. */
    remember(past: readonly AttemptOutcome[]): void {
      streaks = createStreaks(past);
    },
    untried: () => untried,
    /** Takes in what a call's verdict says of the account and the line. */
    heard(verdict: Verdict, call: Call): void {
      if (verdict.kind !== 'transient' && verdict.kind !== 'rate_limited') answered(call);
      if (verdict.kind === 'shared') succeed(call);
      else if (verdict.kind === 'transient') fail(call);
      else if (isRefusal(verdict)) refuse(call);
      else if (isVerdictHold(verdict.kind)) open(verdict.kind, call, verdict);
      prolongProbed(call);
    },
    /** A look at contact cards or at a chat was answered: key and API are there. */
    reached(call: Call): void {
      streaks.looked();
      closeBreaker('look');
      const breaker = breakerOf();
      const isProbe = breaker !== null && isProbeOf(breaker, call.startedAt);
      // the look at a chat, or at its line's card, only prepares the share that is the probe
      if (isProbe && call.line === null && call.chatId === null) openBreaker(call);
      for (const hold of book.all())
        if (isProbedByLook(hold.reason) && isProbeOf(hold, call.startedAt)) book.end(hold.scope, hold.reason);
    },
    /** Ends whatever holds a line, also what Linq's events said up to now. */
    releaseLine(line: string, now: EpochMs): void {
      for (const reason of LINE_HOLDS) book.end(line, reason);
      const { statusAt = null, reputationAt = null } = book.line(line) ?? {};
      book.clearLine(line, Math.max(now, statusAt ?? 0, reputationAt ?? 0)); // Linq's clock may be ahead of ours
    },
  };
}

/** Distinct chats that must fail, or be refused, in a row before we blame the account or the API. */
const STREAK = 5;

type Streaks = ReturnType<typeof createStreaks>;

/**
 * Counts ends in a row over different chats. A chat that failed before says nothing of the API, so only first failures
 * count: five of them without an answer between mean that the API is unavailable. Five refusals of different chats
 * without a share between mean a wrong address or key, or an account that may not share; they and all that follow are
 * to be undone, until a share works.
 * @param past what earlier processes saw, oldest first: a restart must not begin to count anew
 */
export function createStreaks(past: readonly AttemptOutcome[] = []) {
  const failing = new Set<string>();
  const refused = new Set<string>();
  let failedLooks = 0;
  let isRefusing = false;

  const streaks = {
    /** A call for a chat that hadn't failed before got no answer of Linq's. True: that makes, or prolongs, a streak. */
    failed(chatId: string): boolean {
      failing.add(chatId);
      return failing.size >= STREAK;
    },
    /** The same for a look at a card. */
    lookFailed: (): boolean => ++failedLooks >= STREAK,
    /**
     * Linq refused a chat. The chats whose refusal is to be undone: none until there are five.
     * @param wasUndone the chat's last refusal was undone; a share has worked since, so this one is believed
     */
    refused(chatId: string, wasUndone: boolean): readonly string[] {
      if (isRefusing) return [chatId];
      if (wasUndone) return [];
      refused.add(chatId);
      if (refused.size < STREAK) return [];
      isRefusing = true;
      return [...refused];
    },
    /** Linq answered a call for a chat. */
    answered(): void {
      failing.clear();
      failedLooks = 0;
    },
    looked(): void {
      failedLooks = 0;
    },
    shared(): void {
      streaks.answered();
      refused.clear();
      isRefusing = false;
    },
    isRefusing: (): boolean => isRefusing,
    /** Calls for chats fail, which no look at a card disproves. */
    areSharesFailing: (): boolean => failing.size >= STREAK,
  };
  replay(streaks, past);
  return streaks;
}

/** What the calls of earlier processes brought, told in the same words. */
function replay(streaks: Streaks, past: readonly AttemptOutcome[]): void {
  const undone = new Set<string>();
  for (const end of past) {
    if (end.outcome === 'shared') streaks.shared();
    if (!wasRefused(end)) continue;
    for (const chatId of streaks.refused(end.chatId, undone.delete(end.chatId))) undone.add(chatId);
  }
  for (const chatId of firstFailuresAfterAnswer(past)) streaks.failed(chatId);
}

/** The chats that began to fail after Linq's last answer: all failures of theirs are younger than it. */
function firstFailuresAfterAnswer(past: readonly AttemptOutcome[]): readonly string[] {
  const answeredAt = past.findLastIndex(({ outcome }) => outcome === 'shared' || outcome === 'rejected');
  const counts = new Map<string, { seen: number; failures: number }>();
  for (const end of past.slice(answeredAt + 1)) {
    if (!hasFailed(end)) continue;
    const { chatId, failures } = end;
    counts.set(chatId, { seen: (counts.get(chatId)?.seen ?? 0) + 1, failures });
  }
  return [...counts].flatMap(([chatId, { seen, failures }]) => (seen >= failures ? [chatId] : []));
}

function wasRefused({ outcome, httpStatus, linqCode }: AttemptOutcome): boolean {
  if (outcome !== 'rejected' || httpStatus === null) return false;
  const words = { traceId: null, hasEnvelope: true, isJson: true, retryAfterMs: null };
  return isRefusal(classifyAnswer({ kind: 'answered', httpStatus, linqCode, ...words }));
}

/** Not by a rate limit, which leaves the chat's count of failures alone. */
function hasFailed({ outcome, httpStatus, failures }: AttemptOutcome): boolean {
  return outcome === 'unknown' || (outcome === 'retry' && httpStatus !== 429 && failures > 0);
}
