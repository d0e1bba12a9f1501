import { type ChatFacts, type LookedUpFacts, mergeChatEvent, NO_FACTS } from './facts.ts';
import { RETIRED_REASONS, type RetiredReason, type Verdict } from './outcome.ts';
import { backoffMs } from './pacing.ts';
import type { Policy } from './policy.ts';
import type { EpochMs } from './time.ts';

/** In rule order. */
export const CHAT_STATES = [
  'retired',
  'held',
  'done',
  'waiting',
  'idle',
  'retrying',
  'due',
  'sharing',
] as const;

export const RETRY_REASONS = ['backoff', 'rejected'] as const;
/** What triggered an attempt. */
export const TRIGGERS = ['became_eligible', 'window_lapsed', 'manual'] as const;

/**
 * Why a chat is in its state, as far as the chat itself determines it (holds of the account or a line are in
 * `holds.ts`).
 */
export const CHAT_REASONS = [
  ...RETIRED_REASONS,
  'operator',
  'parked',
  'recipient_blocked',
  'no_outbound',
  'line_excluded',
  'group_excluded',
  'not_imessage',
  'opted_out',
  'chat_health',
  'awaiting_inbound',
  'shared_once',
  'share_limit',
  'window',
  'restored',
  'no_recent_outbound',
  'line_unknown',
  ...RETRY_REASONS,
  ...TRIGGERS,
] as const;

export type ChatState = (typeof CHAT_STATES)[number];
export type ChatReason = (typeof CHAT_REASONS)[number];
export type Trigger = (typeof TRIGGERS)[number];

/** What our attempts and the operator's actions left on a chat. */
interface ChatHistory {
  /** When Linq's last 2xx arrived: the window starts here. `lastShareStartedAt`: when that attempt began. */
  readonly lastSharedAt: EpochMs | null;
  readonly lastShareStartedAt: EpochMs | null;
  readonly shareCount: number;
  /**
   * Start of the earliest attempt since the last 2xx whose call may have reached Linq without an answer. Null
   * once it has been counted.
   */
  readonly uncertainAt: EpochMs | null;
  /** End of the last dry-run attempt. */
  readonly dryRunAt: EpochMs | null;
  /** Start of the attempt that Linq refused permanently. */
  readonly retiredAt: EpochMs | null;
  readonly retiredReason: RetiredReason | null;
  /** Start of the attempt that Linq refused because the recipient had opted out. */
  readonly optOutRefusedAt: EpochMs | null;
  readonly operatorHeldAt: EpochMs | null;
  readonly parkedAt: EpochMs | null;
  readonly blockedAt: EpochMs | null;
  /** Consecutive transient failures, and when the backoff ends. */
  readonly failures: number;
  readonly retryAt: EpochMs | null;
  readonly retryReason: (typeof RETRY_REASONS)[number] | null;
  /** Consecutive attempts that a crash interrupted. */
  readonly interruptions: number;
  /**
   * When the API was asked for facts that no event had reported; cleared by the next event that adds a fact.
   */
  readonly lookedUpAt: EpochMs | null;
  /**
   * When a backup was restored that has this chat or may predate it: shares made since the backup are
   * unknown.
   */
  readonly restoredAt: EpochMs | null;
  /** The attempt in progress, or one whose end was never heard; null: none. */
  readonly lease: Lease | null;
}

/** The attempt for which a chat was claimed: until it ends, or the lease runs out, nobody else claims the chat. */
export interface Lease {
  readonly attemptId: string;
  readonly trigger: Trigger;
  readonly startedAt: EpochMs;
  readonly until: EpochMs;
  /** The share call may have begun. False in a dry run, and until looked-up facts are stored. */
  readonly mayHaveCalled: boolean;
}

/** What the rules said about the chat when it was last decided, whether or not an attempt is in progress. */
export interface StoredDecision {
  readonly state: ChatState;
  readonly reason: ChatReason;
  /** The queue: when the chat may be claimed next; null: not scheduled. */
  readonly nextAttemptAt: EpochMs | null;
  /** When the state or reason changes without an event; null: never. */
  readonly wakeAt: EpochMs | null;
}

/** Everything we store about a chat. */
export interface ChatRecord extends ChatFacts, ChatHistory, StoredDecision {
  readonly chatId: string;
  /** When the card of its line last changed. Stored with the line; null also if the policy doesn't ask for it. */
  readonly cardChangedAt: EpochMs | null;
}

/** A chat about which nothing is known yet. */
export function newChat(chatId: string): ChatRecord {
  return { ...BLANK, chatId };
}

/** Has a `chatId` too: V8 copies an object fast only while the copy adds no property. */
const BLANK: ChatRecord = {
  chatId: '',
  ...NO_FACTS,
  lastSharedAt: null,
  lastShareStartedAt: null,
  shareCount: 0,
  uncertainAt: null,
  dryRunAt: null,
  retiredAt: null,
  retiredReason: null,
  optOutRefusedAt: null,
  operatorHeldAt: null,
  parkedAt: null,
  blockedAt: null,
  failures: 0,
  retryAt: null,
  retryReason: null,
  interruptions: 0,
  lookedUpAt: null,
  restoredAt: null,
  lease: null,
  cardChangedAt: null,
  state: 'held',
  reason: 'no_outbound',
  nextAttemptAt: null,
  wakeAt: null,
};

/**
 * Adds what the API reported. Facts that no event has reported are dated to the beginning of time, so any
 * event overrides them. Health has a time of its own and merges like an event.
 */
export function withLookedUp(chat: ChatRecord, facts: LookedUpFacts, now: EpochMs): ChatRecord {
  const { line, service, isGroup, health = null } = facts;
  const filled: ChatRecord = {
    ...chat,
    ...(chat.line === null && line !== null ? { line, lineAt: 0 } : {}),
    ...(chat.service === null && service !== null ? { service, serviceAt: 0 } : {}),
    ...(chat.isGroup === null && isGroup !== null ? { isGroup, isGroupAt: 0 } : {}),
    lookedUpAt: now,
  };
  if (health === null) return filled;
  const reported = { status: health.status, at: Math.min(health.at ?? now, now) };
  const { chatId } = chat;
  return mergeChatEvent(filled, { ...NOTHING_ELSE, chatId, health: reported });
}

const NOTHING_ELSE = { kind: 'chat', outbound: null, inbound: null, leftAt: null, joinedAt: null } as const;

/** Consecutive attempts interrupted by a crash after which a chat is parked: it may be what crashes us. */
const INTERRUPTIONS_TO_PARK = 3;

/**
 * A chat as its attempt begins, leased to it; it keeps its place in the queue. From now on, an older attempt
 * with an unknown outcome counts as a share.
 */
export function beginAttempt(chat: ChatRecord, lease: Lease, policy: Policy): ChatRecord {
  const isCounted = chat.uncertainAt !== null && lease.startedAt >= chat.uncertainAt + policy.windowMs;
  return {
    ...chat,
    shareCount: chat.shareCount + (isCounted ? 1 : 0),
    uncertainAt: isCounted ? null : chat.uncertainAt,
    lease,
  };
}

/** The attempt in progress; null: none, or its lease has run out. */
export function liveLease({ lease }: Pick<ChatRecord, 'lease'>, now: EpochMs): Lease | null {
  return lease !== null && lease.until > now ? lease : null;
}

/** A chat whose claim is returned without a call, as if nothing had happened. */
export function withdrawAttempt(chat: ChatRecord): ChatRecord {
  return { ...chat, lease: null };
}

/** A chat after a dry-run attempt. */
export function settleDryRun(chat: ChatRecord, endedAt: EpochMs): ChatRecord {
  return { ...withdrawAttempt(chat), interruptions: 0, dryRunAt: endedAt };
}

/**
 * A chat whose attempt a crash interrupted: it is repeated immediately. It counts towards parking whether or
 * not a call was made, since the crash may come before the call.
 */
export function settleInterrupted(
  chat: ChatRecord,
  { startedAt, mayHaveCalled }: Pick<Lease, 'startedAt' | 'mayHaveCalled'>,
  now: EpochMs,
): ChatRecord {
  const interruptions = chat.interruptions + 1;
  return {
    ...withdrawAttempt(chat),
    interruptions,
    uncertainAt: mayHaveCalled ? uncertainSince(chat, startedAt) : chat.uncertainAt,
    parkedAt: interruptions >= INTERRUPTIONS_TO_PARK ? now : chat.parkedAt,
    retryAt: null,
    retryReason: null,
  };
}

/**
 * A chat after Linq's verdict. What the verdict means for the account or the line is in `holds.ts`.
 * @param random in [0, 1): jitter of the backoff
 */
export function settleVerdict(
  chat: ChatRecord,
  verdict: Verdict,
  { startedAt, endedAt }: { startedAt: EpochMs; endedAt: EpochMs },
  policy: Policy,
  random: number,
): ChatRecord {
  const settled: ChatRecord = { ...withdrawAttempt(chat), interruptions: 0 };
  switch (verdict.kind) {
    case 'shared':
      return { ...settled, ...SUCCEEDED, ...shareOf(chat, startedAt, endedAt) };
    case 'transient': {
      const failures = chat.failures + 1;
      const retryAt = endedAt + Math.ceil(backoffMs(failures, verdict.retryAfterMs, random));
      const uncertainAt = verdict.mayHaveArrived ? uncertainSince(chat, startedAt) : chat.uncertainAt;
      return { ...settled, uncertainAt, failures, retryAt, retryReason: 'backoff' };
    }
    case 'retired':
      return { ...settled, failures: 0, retiredAt: startedAt, retiredReason: verdict.reason };
    case 'opted_out':
      return { ...settled, failures: 0, optOutRefusedAt: startedAt };
    case 'recipient_blocked':
      return { ...settled, failures: 0, blockedAt: endedAt };
    case 'rejected':
      return { ...settled, failures: 0, retryAt: endedAt + policy.windowMs, retryReason: 'rejected' };
    default:
      return settled; // the account or the line is closed, which says nothing about this chat
  }
}

/**
 * When the earliest attempt with an unknown outcome began. Linq ignores repeats for one window from the call
 * that arrived, and any of these attempts may be that call. Only a 2xx clears it. Proof that one attempt
 * never arrived (an answer, a connection never made, a crash before the call) proves nothing about the
 * others: such an attempt just isn't recorded here.
 */
function uncertainSince(chat: ChatRecord, startedAt: EpochMs): EpochMs {
  return chat.uncertainAt === null ? startedAt : Math.min(chat.uncertainAt, startedAt);
}

/**
 * A refused chat, as if its refusal had been a failure: the refusal turned out to say nothing about the chat.
 * It is due again, after the chats that haven't been tried yet.
 */
export function undoRefusal(chat: ChatRecord): ChatRecord {
  const { retiredAt, optOutRefusedAt, blockedAt, retryReason } = chat;
  const refusals = [retiredAt, optOutRefusedAt, blockedAt];
  if (retryReason !== 'rejected' && refusals.every((at) => at === null)) return chat;
  const nothing = { retiredAt: null, retiredReason: null, optOutRefusedAt: null, blockedAt: null };
  return { ...chat, ...nothing, retryAt: null, retryReason: null, failures: chat.failures + 1 };
}

/** True if its last refusal was undone: a real failure would have a backoff. */
export function wasUndone({ failures, retryReason }: ChatRecord): boolean {
  return failures > 0 && retryReason === null;
}

/** A chat with its own holds removed: the operator's, the crash loop's, the block list's. */
export function releaseChat(chat: ChatRecord): ChatRecord {
  return { ...chat, operatorHeldAt: null, parkedAt: null, blockedAt: null, interruptions: 0 };
}

const SUCCEEDED = {
  uncertainAt: null,
  failures: 0,
  retryAt: null,
  retryReason: null,
  retiredAt: null,
  retiredReason: null,
  dryRunAt: null,
} as const;

function shareOf(chat: ChatRecord, startedAt: EpochMs, endedAt: EpochMs) {
  return { lastSharedAt: endedAt, lastShareStartedAt: startedAt, shareCount: chat.shareCount + 1 };
}
