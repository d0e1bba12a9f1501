import type { Clock } from '../../clock.ts';
import { CHAT_STATES, type ChatRecord, type ChatState } from '../../decide/chat.ts';
import type { StandingHolds } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import { applyHold, decideChat, optedOutAt } from '../../decide/share.ts';
import { maskAmong } from '../../decide/text.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Dispatcher } from '../../dispatch/dispatcher.ts';
import type { ChatCount } from '../../store/store.ts';
import type { Attempt } from '../../store/turn.ts';
import { explain } from './explanation.ts';
import type { AttemptView, ChatView } from './schemas.ts';
import { isoTime } from './wording.ts';

/** What showing a chat depends on, all from the same moment. */
export interface ViewSnapshot {
  readonly now: EpochMs;
  readonly holds: StandingHolds;
  readonly policy: Policy;
  readonly showLine: ShowLine;
}

interface ViewDeps extends Pick<ViewSnapshot, 'policy'> {
  readonly clock: Pick<Clock, 'now'>;
  readonly dispatcher: Pick<Dispatcher, 'standingHolds' | 'snapshot'>;
  readonly showNumbers: boolean;
}

export function viewSnapshot({ clock, dispatcher, policy, showNumbers }: ViewDeps): ViewSnapshot {
  const now = clock.now();
  return {
    now,
    holds: dispatcher.standingHolds(now),
    policy,
    showLine: createShowLine(showNumbers, linesOf(dispatcher)),
  };
}

/** One of our own lines as it is shown, and as it may be named. */
export type ShowLine = (line: string) => string;

/** @param showNumbers in full, instead of masked @param known our lines: none of them is masked like another */
export function createShowLine(showNumbers: boolean, known: readonly string[]): ShowLine {
  const masks = new Map<string, string>();
  return (line) => {
    if (showNumbers) return line;
    const mask = masks.get(line) ?? maskAmong(line, known);
    masks.set(line, mask);
    return mask;
  };
}

export const linesOf = (dispatcher: Pick<Dispatcher, 'snapshot'>): readonly string[] =>
  dispatcher.snapshot().lines.map(({ line }) => line.line);

/**
 * A chat as people and machines see it: decided as of now, whatever was stored, with the hold of its account
 * or line applied.
 */
export function showChat(chat: ChatRecord, { now, holds, policy, showLine }: ViewSnapshot): ChatView {
  const hold = holds.of(chat.line);
  const shown = applyHold(decideChat(chat, policy, now), hold);
  return {
    chatId: chat.chatId,
    line: chat.line === null ? null : showLine(chat.line),
    service: chat.service,
    isGroup: chat.isGroup,
    firstOutboundAt: isoTime(chat.firstOutboundAt),
    lastOutboundAt: isoTime(chat.lastOutboundAt),
    lastInboundAt: isoTime(chat.lastInboundAt),
    optedOutAt: isoTime(optedOutAt(chat)),
    health: chat.health,
    lastSharedAt: isoTime(chat.lastSharedAt),
    shareCount: chat.shareCount,
    state: shown.state,
    reason: shown.reason,
    explanation: explain({ chat, ...shown, hold, policy, now }),
    nextAttemptAt: isoTime(shown.nextAttemptAt),
  };
}

export function showAttempt(attempt: Attempt): AttemptView {
  const { attemptId, trigger, startedAt, endedAt, outcome, httpStatus, linqCode, traceId } = attempt;
  return {
    attemptId,
    trigger,
    startedAt: isoTime(startedAt),
    endedAt: isoTime(endedAt),
    outcome,
    httpStatus,
    linqCode,
    traceId,
  };
}

export interface ShownCounts {
  readonly total: number;
  readonly byState: Readonly<Record<ChatState, number>>;
  readonly byLine: ReadonlyMap<string, number>;
  readonly parked: number;
}

/** Applies the account's and lines' holds to the stored counts; only chats without a hold are due. */
export function showCounts(counts: readonly ChatCount[], holds: StandingHolds): ShownCounts {
  const byState = Object.fromEntries(CHAT_STATES.map((state) => [state, 0])) as Record<ChatState, number>;
  const byLine = new Map<string, number>();
  let total = 0;
  let parked = 0;
  for (const { line, state, reason, count } of counts) {
    const shown = applyHold({ state, reason, nextAttemptAt: null }, holds.of(line));
    byState[shown.state] += count;
    total += count;
    if (reason === 'parked') parked += count;
    if (line !== null) byLine.set(line, (byLine.get(line) ?? 0) + count);
  }
  return { total, byState, byLine, parked };
}
