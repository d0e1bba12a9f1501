import type { ChatReason, ChatState, Trigger } from '../../decide/chat.ts';
import type { Outcome } from '../../decide/outcome.ts';
import type { Verdict } from '../../webhook/report.ts';
import { HOLD_WORDS, isHold } from '../view/explanation.ts';

/** Severity: the colour of its badge. */
export type Tone = 'ok' | 'info' | 'warn' | 'error' | 'quiet';

/** A state's displayed name, and its meaning. */
export const STATE_WORDS: Readonly<Record<ChatState, { readonly name: string; readonly means: string }>> = {
  sharing: { name: 'Sharing', means: 'the call is in progress' },
  due: { name: 'Due', means: 'about to be shared' },
  waiting: { name: 'Waiting', means: 'shared; window open' },
  retrying: { name: 'Retrying', means: 'the last attempt failed' },
  idle: { name: 'Idle', means: 'until the next message' },
  held: { name: 'Held', means: 'can’t be shared now' },
  done: { name: 'Done', means: 'no more shares allowed' },
  retired: { name: 'Retired', means: 'gone, left or unsupported' },
};

/** Most urgent first. */
export const STATES_IN_ORDER = Object.keys(STATE_WORDS) as readonly ChatState[];

export const OUTCOME_WORDS: Readonly<Record<Outcome, readonly [Tone, string]>> = {
  shared: ['ok', 'Shared'],
  retry: ['warn', 'Failed'],
  rejected: ['error', 'Refused'],
  unknown: ['warn', 'No answer'],
  interrupted: ['warn', 'Interrupted'],
  dry_run: ['info', 'Dry run'],
};
export const UNDER_WAY: readonly [Tone, string] = ['quiet', 'In progress'];

export const TRIGGER_WORDS: Readonly<Record<Trigger, string>> = {
  became_eligible: 'became eligible',
  window_lapsed: 'window ended',
  manual: 'by hand',
};

/** Which try each attempt of one chat was, since the last that wasn't followed by another. @param attempts newest first */
export function triesOf(
  attempts: readonly { readonly attemptId: string; readonly outcome: Outcome | null }[],
): ReadonlyMap<string, number> {
  const tries = new Map<string, number>();
  let before = 0;
  for (const { attemptId, outcome } of attempts.toReversed()) {
    before++;
    tries.set(attemptId, before);
    if (outcome === 'shared' || outcome === 'dry_run') before = 0;
  }
  return tries;
}

/** `, 2nd try`; nothing for the first. */
export const tryInWords = (count = 1): string => (count === 1 ? '' : `, ${ordinal(count)} try`);

/** `2nd`, `3rd`, `11th` */
export function ordinal(count: number): string {
  const isTeen = Math.floor((count % 100) / 10) === 1;
  const ending = isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${ending}`;
}

export const VERDICT_WORDS: Readonly<Record<Verdict, readonly [Tone, string]>> = {
  accepted: ['ok', 'Stored'],
  ignored: ['quiet', 'Ignored'],
  quarantined: ['warn', 'In quarantine'],
  failed: ['error', 'Not stored'],
  missing: ['error', 'No signature'],
  malformed: ['error', 'Malformed signature'],
  mismatch: ['error', 'Bad signature'],
  stale: ['error', 'Stale'],
  size: ['error', 'Too large'],
  type: ['error', 'Not JSON'],
  limited: ['error', 'Rate limited'],
};

const CHAT_REASON_WORDS: Readonly<Record<ChatReason, string>> = {
  chat_gone: 'Unknown to Linq',
  chat_left: 'Your line left it',
  unsupported: 'Can’t take a card',
  operator: 'Held by an operator',
  parked: 'Set aside after crashes',
  recipient_blocked: 'Recipient is blocked',
  no_outbound: 'Nothing sent yet',
  line_excluded: 'Not in LINQ_LINES',
  group_excluded: 'Groups are excluded',
  not_imessage: 'Not iMessage',
  opted_out: 'Opted out',
  chat_health: 'Poor health',
  awaiting_inbound: 'Awaiting a reply',
  shared_once: 'One share only',
  share_limit: 'Share limit reached',
  window: 'Shared, window open',
  restored: 'Waiting after a restore',
  no_recent_outbound: 'Nothing sent lately',
  line_unknown: 'Line not known',
  backoff: 'Backing off',
  rejected: 'Linq refused',
  became_eligible: 'First share',
  window_lapsed: 'Window ended',
  manual: 'Shared by hand',
};

/** A chat's or hold's reason in two or three words. */
export function reasonWords(reason: string): string {
  if (isHold(reason)) return HOLD_WORDS[reason].label;
  return isOfChat(reason) ? CHAT_REASON_WORDS[reason] : reason;
}

const isOfChat = (reason: string): reason is ChatReason => reason in CHAT_REASON_WORDS;

/** Of the card of a line that was checked. */
export const CARD_WORDS: ReadonlyMap<string, readonly [Tone, string]> = new Map([
  ['active', ['ok', 'Card active']],
  ['inactive', ['warn', 'Card not active']],
  ['missing', ['error', 'No card']],
]);
