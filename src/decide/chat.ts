import { type ChatFacts, NO_FACTS } from './facts.ts';
import type { EpochMs } from './time.ts';

export type ChatState = 'retired' | 'held' | 'done' | 'waiting' | 'idle' | 'retrying' | 'due' | 'sharing';

/** Why a chat is in its state, as far as the chat itself tells (an account's or a line's reasons: `gate.ts`). */
export type ChatReason =
  | RetiredReason
  | 'operator'
  | 'parked'
  | 'recipient_blocked'
  | 'no_outbound'
  | 'line_excluded'
  | 'group_excluded'
  | 'not_imessage'
  | 'opted_out'
  | 'chat_health'
  | 'awaiting_inbound'
  | 'shared_once'
  | 'share_limit'
  | 'window'
  | 'restored'
  | 'no_recent_outbound'
  | 'line_unknown'
  | 'backoff'
  | 'rejected'
  | Trigger;

export type RetiredReason = 'chat_gone' | 'chat_left' | 'unsupported';

/** What set off an attempt. */
export type Trigger = 'became_eligible' | 'window_lapsed' | 'manual';

/** What became of an attempt. */
export type Outcome = 'shared' | 'retry' | 'rejected' | 'unknown' | 'interrupted' | 'dry_run';

/** What our own attempts and the operator did to a chat. */
export interface ChatHistory {
  /** When Linq's last 2xx arrived: the window runs from here. `lastShareStartedAt`: when that attempt began. */
  readonly lastSharedAt: EpochMs | null;
  readonly lastShareStartedAt: EpochMs | null;
  readonly shareCount: number;
  /** Start of the earliest attempt since the last 2xx whose call may have arrived unanswered, unless it was counted. */
  readonly uncertainAt: EpochMs | null;
  /** End of the last attempt that was only pretended. */
  readonly dryRunAt: EpochMs | null;
  /** Start of the attempt that Linq refused for good. */
  readonly retiredAt: EpochMs | null;
  readonly retiredReason: RetiredReason | null;
  /** Start of the attempt that Linq refused since the recipient opted out. */
  readonly optOutRefusedAt: EpochMs | null;
  readonly operatorHeldAt: EpochMs | null;
  readonly parkedAt: EpochMs | null;
  readonly blockedAt: EpochMs | null;
  /** Transient failures in a row, and until when to back off. */
  readonly failures: number;
  readonly retryAt: EpochMs | null;
  readonly retryReason: 'backoff' | 'rejected' | null;
  /** Attempts in a row that a crash cut off. */
  readonly interruptions: number;
  /** When the API was asked for facts that no event told; cleared by the next event that tells something. */
  readonly lookedUpAt: EpochMs | null;
  /**
   * When the database was restored from a backup that has this chat, or may have lost it: shares made since the backup
   * are forgotten.
   */
  readonly restoredAt: EpochMs | null;
  readonly leaseId: string | null;
  readonly leaseUntil: EpochMs | null;
}

/** The decision as it was stored last; see `decideChat`. */
export interface StoredDecision {
  readonly state: ChatState;
  readonly reason: ChatReason;
  /** The queue: when the chat may be claimed next (for a claimed chat: when its lease ends); null: never by time. */
  readonly nextAttemptAt: EpochMs | null;
  /** When time alone changes state or reason; null: it won't. */
  readonly wakeAt: EpochMs | null;
}

/** Everything we keep of a chat. */
export interface ChatRecord extends ChatFacts, ChatHistory, StoredDecision {
  readonly chatId: string;
}

/** A chat that nobody told anything of. */
export function newChat(chatId: string): ChatRecord {
  return { ...BLANK, chatId };
}

/** With a `chatId` too, since V8 copies an object fast only as long as the copy adds nothing. */
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
  leaseId: null,
  leaseUntil: null,
  state: 'held',
  reason: 'no_outbound',
  nextAttemptAt: null,
  wakeAt: null,
};
