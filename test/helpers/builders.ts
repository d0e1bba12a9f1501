import { type ChatRecord, type Lease, newChat } from '../../src/decide/chat.ts';
import type { ChatEvent, LineEvent } from '../../src/decide/event.ts';
import type { Hold, Line } from '../../src/decide/holds.ts';
import type { LinqAnswer } from '../../src/decide/outcome.ts';
import type { Policy } from '../../src/decide/policy.ts';
import { DAY, type EpochMs, MINUTE } from '../../src/decide/time.ts';

/** The instant around which tests take place. */
export const T: EpochMs = Date.UTC(2026, 10, 3, 16);
export const LINE = '+12025550100';
export const OTHER_LINE = '+12025550101';

/** The default settings. */
export function policyOf(parts: Partial<Policy> = {}): Policy {
  return {
    windowMs: DAY,
    reshare: 'daily',
    idleAfterMs: 7 * DAY,
    maxSharesPerChat: 0,
    reshareOnCardChange: false,
    requireInbound: false,
    shareGroups: true,
    holdAtRisk: false,
    lines: null,
    dryRun: false,
    ...parts,
  };
}

/** The lease of an attempt that began at `T`. */
export function leaseOf(parts: Partial<Lease> = {}): Lease {
  const attempt = { attemptId: 'attempt-1', trigger: 'became_eligible', startedAt: T } as const;
  return { ...attempt, until: T + MINUTE, mayHaveCalled: true, ...parts };
}

/** A direct iMessage chat whose first and only message we sent at `T`. */
export function chatOf(parts: Partial<ChatRecord> = {}): ChatRecord {
  return {
    ...newChat('chat-1'),
    line: LINE,
    lineAt: T,
    service: 'iMessage',
    serviceAt: T,
    isGroup: false,
    isGroupAt: T,
    firstOutboundAt: T,
    lastOutboundAt: T,
    ...parts,
  };
}

/** A chat whose card Linq took at `sharedAt`. */
export function sharedChatOf(sharedAt: EpochMs, parts: Partial<ChatRecord> = {}): ChatRecord {
  return chatOf({ lastSharedAt: sharedAt, lastShareStartedAt: sharedAt - 100, shareCount: 1, ...parts });
}

/** An event that tells nothing, but for these parts. */
export function eventOf(parts: Partial<ChatEvent> = {}): ChatEvent {
  return {
    kind: 'chat',
    chatId: 'chat-1',
    outbound: null,
    inbound: null,
    health: null,
    leftAt: null,
    joinedAt: null,
    ...parts,
  };
}

/** Our line sent a message in a direct iMessage chat. */
export function outboundOf(
  at: EpochMs,
  { chatId = 'chat-1', ...evidence }: Partial<NonNullable<ChatEvent['outbound']>> & { chatId?: string } = {},
): ChatEvent {
  const outbound = { at, line: LINE, service: 'iMessage', isGroup: false, ...evidence };
  return eventOf({ chatId, outbound });
}

export function inboundOf(at: EpochMs, { chatId = 'chat-1', isOptOut = false } = {}): ChatEvent {
  return eventOf({ chatId, inbound: { at, isOptOut } });
}

/** Linq's word on a line: ACTIVE unless told otherwise. */
export function lineEventOf(parts: Partial<LineEvent> = {}): LineEvent {
  return { kind: 'line', line: LINE, at: T, status: 'ACTIVE', reputation: null, ...parts };
}

/** A line with an active card. */
export function lineOf(parts: Partial<Line> = {}): Line {
  return {
    line: LINE,
    status: null,
    statusAt: null,
    reputation: null,
    reputationAt: null,
    card: 'active',
    cardCheckedAt: T,
    clearedAt: null,
    cardDigest: null,
    cardChangedAt: null,
    ...parts,
  };
}

export function holdOf(parts: Partial<Hold> & Pick<Hold, 'reason'>): Hold {
  return { scope: null, since: T, until: null, step: 0, ...parts };
}

type Answered = Extract<LinqAnswer, { kind: 'answered' }>;

/** What Linq answers; without a code it is a success unless `httpStatus` says otherwise. */
export function answerOf(
  httpStatus = 200,
  linqCode: number | null = null,
  parts: Partial<Answered> = {},
): Answered {
  const hasEnvelope = httpStatus >= 400;
  return {
    kind: 'answered',
    httpStatus,
    linqCode,
    traceId: null,
    hasEnvelope,
    isJson: true,
    retryAfterMs: null,
    ...parts,
  };
}

/** Nobody answered. */
export function silenceOf(mayHaveArrived = true): LinqAnswer {
  return { kind: 'unanswered', mayHaveArrived, cause: mayHaveArrived ? 'timeout' : 'refused' };
}
