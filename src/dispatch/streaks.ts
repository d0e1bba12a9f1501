import { classifyAnswer, isRefusal } from '../decide/outcome.ts';
import type { AttemptOutcome } from '../store/turn.ts';

/** Distinct chats that must fail, or be refused, in a row before we blame the account or the API. */
const STREAK = 5;

export type Streaks = ReturnType<typeof createStreaks>;

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
