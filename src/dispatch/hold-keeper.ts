import {
  endsByTime,
  flaggedSince,
  HOLDS,
  isProbedByCardCheck,
  isProbedByShare,
  isProbeOf,
  isVerdictHold,
  LINE_HOLDS,
  type VerdictHoldReason,
  type WaitingHoldReason,
} from '../decide/holds.ts';
import { classifyAnswer, isRefusal, type Verdict } from '../decide/outcome.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import type { AttemptOutcome } from '../store/turn.ts';
import type { HoldBook } from './hold-book.ts';

/** What a call to Linq was about, and when. */
export interface Call {
  /** Null: a card check. */
  readonly chatId: string | null;
  readonly line: string | null;
  /** The chat, or the check of this line's card, hadn't failed before. */
  readonly isFirst: boolean;
  readonly wasUndone: boolean;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
}

/**
 * Wait before an untried chat may probe the breaker: the minimum, after any other probe, and the maximum,
 * however long other chats wait.
 */
const UNTRIED_MIN_MS = SECOND;
const UNTRIED_MAX_MS = 4 * SECOND;

export type HoldKeeper = ReturnType<typeof createHoldKeeper>;

/** Turns call verdicts into holds of the account and its lines, and ends those holds. */
export function createHoldKeeper(book: HoldBook) {
  let streaks = createStreaks();
  /**
   * An untried chat may probe the breaker early, so that chats that always fail don't keep it waiting: from
   * `at` on, if it became due after `since`, when the last such probe began.
   */
  let untried = { at: 0, since: 0 };
  const breakerOf = () => book.find(null, 'api_unavailable');
  /** Probes of the account that failed in a row, made by this replica. */
  let failedProbes = 0;

  /** @see HoldBook.openOrExtend */
  function openOrExtend(
    scope: string | null,
    reason: WaitingHoldReason,
    call: Pick<Call, 'startedAt' | 'endedAt'>,
    retryAfterMs: number | null = null,
  ): void {
    const stepOf = () => book.find(scope, reason)?.step ?? null;
    const before = stepOf();
    book.openOrExtend(scope, reason, call, retryAfterMs);
    const isProbe = scope === null && before !== null && (stepOf() ?? 0) > before;
    if (isProbe && !endsByTime(reason)) failedProbes++;
  }

  /**
   * Only a call of the kind that failed may close the breaker: a card check can't close one that shares
   * opened, nor a mere answer one that refusals opened. Only where no such call can be made, see `reached`.
   */
  function closeBreaker(by: 'read' | 'answer' | 'share'): void {
    if (by !== 'share' && streaks.isRefusing()) return;
    if (by === 'read' && streaks.areSharesFailing()) return;
    book.end(null, 'api_unavailable');
  }

  /**
   * Opens the breaker, or extends its wait after a failed probe. A failure of an untried chat counts as a
   * probe even before the breaker's time, since such a chat may go first.
   */
  function openBreaker(call: Call): void {
    const breaker = breakerOf();
    const isUntriedProbe = breaker !== null && call.isFirst && call.startedAt >= untried.at;
    const startedAt = isUntriedProbe ? Math.max(call.startedAt, breaker.until ?? 0) : call.startedAt;
    const isProbe = breaker === null || isProbeOf(breaker, startedAt);
    openOrExtend(null, 'api_unavailable', { ...call, startedAt });
    const isNews = breaker === null || (isProbe && call.isFirst);
    // a chat that failed before teaches us nothing new by failing again
    const at = call.endedAt + (breaker !== null && isNews ? UNTRIED_MAX_MS : UNTRIED_MIN_MS);
    untried = {
      at: isProbe ? Math.min(breakerOf()?.until ?? at, at) : Math.max(untried.at, at),
      since: isNews && call.chatId !== null ? call.startedAt : untried.since,
    };
  }

  /**
   * A 2xx ends the holds that this call probed; a call that was in progress before them ends only the
   * breaker.
   */
  function succeed(call: Call): void {
    failedProbes = 0;
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
      call.chatId === null ? streaks.cardCheckFailed() : call.isFirst && streaks.failed(call.chatId);
    if (isStreak || breakerOf() !== null) openBreaker(call);
  }

  function refuse(call: Call): void {
    if (call.chatId === null) return;
    const undone = streaks.refused(call.chatId, call.wasUndone);
    book.undo(undone);
    if (undone.length > 0) openBreaker(call);
  }

  /** A line's hold needs a line: the look-up of a chat may fail before its line is known. */
  function open(reason: VerdictHoldReason, call: Call, verdict: Verdict): void {
    const isAccount = HOLDS[reason].scope === 'account';
    const retryAfterMs = verdict.kind === 'rate_limited' ? verdict.retryAfterMs : null;
    if (isAccount || call.line !== null)
      openOrExtend(isAccount ? null : call.line, reason, call, retryAfterMs);
  }

  /** A probe that didn't succeed: extends the hold's wait. Pauses end with time and aren't probed. */
  function prolongProbed(call: Call): void {
    const isProbed = call.chatId === null ? isProbedByCardCheck : isProbedByShare;
    for (const { scope, reason, until } of book.all()) {
      const isConcerned = scope === null || scope === call.line;
      if (!isConcerned || !isProbed(reason) || !isProbeOf({ until }, call.startedAt)) continue;
      if (reason !== 'line_flagged') openOrExtend(scope, reason, call);
    }
    if (call.chatId === null || call.line === null) return;
    // a flag may exist without a stored hold, and a stored hold without its flag
    const hold = book.lineHold(call.line, call.startedAt);
    if (hold?.reason === 'line_flagged' && isProbeOf(hold, call.startedAt))
      openOrExtend(call.line, hold.reason, call);
  }

  /** Linq itself answered. */
  function answered(call: Call): void {
    if (call.chatId === null) streaks.readAnswered();
    else streaks.answered();
    closeBreaker(call.chatId === null ? 'read' : 'answer');
  }

  return {
    /** Takes the outcomes that earlier processes saw, oldest first. */
    remember(past: readonly AttemptOutcome[]): void {
      streaks = createStreaks(past);
    },
    /**
     * Counts anew by the outcomes that all replicas saw, oldest first. Whoever finds that they make a streak undoes its
     * refusals and opens the breaker; if several find it, the others change nothing.
     * @param now the streak was complete by then
     */
    recount(past: readonly AttemptOutcome[], now: EpochMs): void {
      const wasRefusing = streaks.isRefusing();
      const wasFailing = streaks.areSharesFailing();
      streaks = createStreaks(past, streaks.failedCardChecks());
      if (streaks.isRefusing() && !wasRefusing) book.undo(streaks.refusedChats());
      const breaker = breakerOf();
      if (breaker !== null)
        untried = { ...untried, at: Math.max(untried.at, breaker.since + UNTRIED_MIN_MS) };
      // a known streak whose breaker is gone was closed by a card check, since no chat could be tried
      const isNews = (streaks.isRefusing() && !wasRefusing) || (streaks.areSharesFailing() && !wasFailing);
      if (!isNews || breaker !== null) return;
      const ended = { startedAt: now, endedAt: now };
      openBreaker({ chatId: null, line: null, isFirst: false, wasUndone: false, ...ended });
    },
    untried: () => untried,
    /** Probes of the account that failed in a row at this replica, none of its calls being answered well in between. */
    failedProbes(): number {
      const isProbed = book
        .all()
        .some(({ scope, reason }) => scope === null && reason !== 'paused' && !endsByTime(reason));
      if (!isProbed) failedProbes = 0; // another replica's call has ended it
      return failedProbes;
    },
    /** This replica begins to probe. */
    beginProbing(): void {
      failedProbes = 0;
    },
    /** Applies what a call's verdict says about the account and the line. */
    heard(verdict: Verdict, call: Call): void {
      if (verdict.kind !== 'transient' && verdict.kind !== 'rate_limited') answered(call);
      if (verdict.kind === 'shared') succeed(call);
      else if (verdict.kind === 'transient') fail(call);
      else if (isRefusal(verdict)) refuse(call);
      else if (isVerdictHold(verdict.kind)) open(verdict.kind, call, verdict);
      prolongProbed(call);
    },
    /**
     * A card check or chat look-up was answered: the key and the API work.
     * @param isOnlyProbe no chat can be tried soon: the check closes the breaker, and the next failure of an untried chat
     * opens it again, as the streak goes on
     */
    reached(call: Call, isOnlyProbe = false): void {
      failedProbes = 0;
      streaks.readAnswered();
      closeBreaker('read');
      const breaker = breakerOf();
      const isProbe = breaker !== null && isProbeOf(breaker, call.startedAt);
      // looking up a chat, or checking its line's card, only prepares the share that is the probe
      if (isProbe && isOnlyProbe) book.end(null, 'api_unavailable');
      else if (isProbe && call.line === null && call.chatId === null) openBreaker(call);
      for (const hold of book.all())
        if (isProbedByCardCheck(hold.reason) && isProbeOf(hold, call.startedAt))
          book.end(hold.scope, hold.reason);
    },
    /** Ends every hold of a line, including those from Linq's events up to now. */
    releaseLine(line: string, now: EpochMs): void {
      for (const reason of LINE_HOLDS) book.end(line, reason, true);
      const { statusAt = null, reputationAt = null } = book.line(line) ?? {};
      book.clearLine(line, Math.max(now, statusAt ?? 0, reputationAt ?? 0)); // Linq's clock may be ahead of ours
    },
  };
}

/** Distinct chats that must fail, or be refused, in a row before we blame the account or the API. */
const STREAK = 5;

type Streaks = ReturnType<typeof createStreaks>;

/**
 * Counts consecutive outcomes across distinct chats. A chat that failed before says nothing about the API, so
 * only first failures count: five of them without an answer between them mean that the API is unavailable.
 * Five refusals of distinct chats without a share between them mean a wrong address or key, or an account
 * that may not share; these refusals and all that follow are undone until a share works.
 * @param past outcomes that earlier processes saw, oldest first: a restart must not reset the count
 * @param failedChecks card checks that have failed in a row, of which no outcome tells
 */
export function createStreaks(past: readonly AttemptOutcome[] = [], failedChecks = 0) {
  const failing = new Set<string>();
  const refused = new Set<string>();
  let failedCardChecks = 0;
  let isRefusing = false;

  const streaks = {
    /**
     * Linq didn't answer a call for a chat that hadn't failed before. True: this makes or extends a streak.
     */
    failed(chatId: string): boolean {
      failing.add(chatId);
      return failing.size >= STREAK;
    },
    /** The same for a card check. */
    cardCheckFailed: (): boolean => ++failedCardChecks >= STREAK,
    /**
     * Linq refused a chat. Returns the chats whose refusal has to be undone: none until there are five.
     * @param wasUndone the chat's last refusal was undone; if a share has worked since, this one is believed
     */
    refused(chatId: string, wasUndone: boolean): readonly string[] {
      if (wasUndone && !isRefusing) return [];
      refused.add(chatId);
      if (isRefusing) return [chatId];
      if (refused.size < STREAK) return [];
      isRefusing = true;
      return [...refused];
    },
    /** Linq answered a call for a chat. */
    answered(): void {
      failing.clear();
      failedCardChecks = 0;
    },
    readAnswered(): void {
      failedCardChecks = 0;
    },
    shared(): void {
      streaks.answered();
      refused.clear();
      isRefusing = false;
    },
    isRefusing: (): boolean => isRefusing,
    /** The chats that were refused since a share worked. */
    refusedChats: (): readonly string[] => [...refused],
    failedCardChecks: (): number => failedCardChecks,
    /** Calls for chats are failing; a successful card check doesn't disprove that. */
    areSharesFailing: (): boolean => failing.size >= STREAK,
  };
  replay(streaks, past);
  failedCardChecks = failedChecks;
  return streaks;
}

/** Feeds the streaks with the outcomes of earlier processes. */
function replay(streaks: Streaks, past: readonly AttemptOutcome[]): void {
  const undone = new Set<string>();
  for (const end of past) {
    if (end.outcome === 'shared') streaks.shared();
    if (!wasRefused(end)) continue;
    for (const chatId of streaks.refused(end.chatId, undone.delete(end.chatId))) undone.add(chatId);
  }
  for (const chatId of firstFailuresAfterAnswer(past)) streaks.failed(chatId);
}

/** The chats that began to fail after Linq's last answer: all of their failures are more recent than it. */
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

/** Rate limits don't count, since they leave the chat's failure count alone. */
function hasFailed({ outcome, httpStatus, failures }: AttemptOutcome): boolean {
  return outcome === 'unknown' || (outcome === 'retry' && httpStatus !== 429 && failures > 0);
}
