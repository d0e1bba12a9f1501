import type { ChatReason, ChatState, Outcome, Trigger } from '../decide/chat.ts';
import type { CardState, HoldReason } from '../decide/holds.ts';

/** Lists every word of a union exactly: a word that is missing or too many doesn't compile. */
const wordsOf =
  <W extends string>() =>
  <const L extends readonly W[]>(...words: L & ([W] extends [L[number]] ? unknown : never)): L =>
    words;

/** The words that the columns may hold; the CHECK constraints are made of them. */
export const CHAT_STATES = wordsOf<ChatState>()(
  'retired',
  'held',
  'done',
  'waiting',
  'idle',
  'retrying',
  'due',
  'sharing',
);

export const CHAT_REASONS = wordsOf<ChatReason>()(
  'chat_gone',
  'chat_left',
  'unsupported',
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
  'backoff',
  'rejected',
  'became_eligible',
  'window_lapsed',
  'manual',
);

export const RETIRED_REASONS = wordsOf<'chat_gone' | 'chat_left' | 'unsupported'>()(
  'chat_gone',
  'chat_left',
  'unsupported',
);
export const RETRY_REASONS = wordsOf<'backoff' | 'rejected'>()('backoff', 'rejected');
export const TRIGGERS = wordsOf<Trigger>()('became_eligible', 'window_lapsed', 'manual');
export const OUTCOMES = wordsOf<Outcome>()(
  'shared',
  'retry',
  'rejected',
  'unknown',
  'interrupted',
  'dry_run',
);
export const CARD_STATES = wordsOf<CardState>()('active', 'inactive', 'missing', 'unknown');
export const HOLD_REASONS = wordsOf<HoldReason>()(
  'paused',
  'api_key_rejected',
  'feature_disabled',
  'rate_limited',
  'api_unavailable',
  'line_not_ours',
  'line_flagged',
  'line_paused',
);
