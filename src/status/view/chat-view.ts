import type { ChatRecord } from '../../decide/chat.ts';
import { layOver } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import { decideChat, optedOutAt } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import { maskNumber } from '../../mask.ts';
import type { Attempt } from '../../store/turn.ts';
import type { AttemptView, ChatView } from '../api/schemas.ts';
import type { Closures } from './closures.ts';
import { explain } from './explanation.ts';
import { isoTime } from './wording.ts';

/** What showing a chat depends on, all of one moment. */
export interface Moment {
  readonly now: EpochMs;
  readonly closures: Closures;
  readonly policy: Policy;
  /** Own lines in full instead of masked. */
  readonly showNumbers: boolean;
}

export function showLine(line: string, showNumbers: boolean): string {
  return showNumbers ? line : maskNumber(line);
}

/** A chat as people and machines see it: decided as of now, whatever was stored, and what closes its line laid over. */
export function showChat(chat: ChatRecord, { now, closures, policy, showNumbers }: Moment): ChatView {
  const closure = closures.of(chat.line);
  const shown = layOver(decideChat(chat, policy, now), closure);
  return {
    chatId: chat.chatId,
    line: chat.line === null ? null : showLine(chat.line, showNumbers),
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
    explanation: explain({ chat, ...shown, closure, policy, now }),
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
