import type { ChatState, Outcome, Trigger } from '../../decide/chat.ts';
import type { Verdict } from '../../webhook/report.ts';

/** How bad something is: the colour of its badge. */
export type Tone = 'ok' | 'info' | 'warn' | 'error' | 'quiet';

/** A state as people read it, and what it means. */
export const STATE_WORDS: Readonly<Record<ChatState, { readonly name: string; readonly means: string }>> = {
  sharing: { name: 'Sharing', means: 'the call is under way' },
  due: { name: 'Due', means: 'the card is shared now' },
  waiting: { name: 'Waiting', means: 'shared, the window is open' },
  retrying: { name: 'Retrying', means: 'failed, tried again soon' },
  idle: { name: 'Idle', means: 'the next message wakes it' },
  held: { name: 'Held', means: 'something forbids sharing' },
  done: { name: 'Done', means: 'shared as often as allowed' },
  retired: { name: 'Retired', means: 'Linq says it is gone' },
};

/** What needs attention first. */
export const STATES_IN_ORDER = Object.keys(STATE_WORDS) as readonly ChatState[];

export const OUTCOME_WORDS: Readonly<Record<Outcome, readonly [Tone, string]>> = {
  shared: ['ok', 'Shared'],
  retry: ['warn', 'Will retry'],
  rejected: ['error', 'Refused'],
  unknown: ['warn', 'No answer'],
  interrupted: ['warn', 'Interrupted'],
  dry_run: ['info', 'Dry run'],
};
export const UNDER_WAY: readonly [Tone, string] = ['quiet', 'Under way'];

export const TRIGGER_WORDS: Readonly<Record<Trigger, string>> = {
  became_eligible: 'became eligible',
  window_lapsed: 'window lapsed',
  manual: 'by hand',
};

export const VERDICT_WORDS: Readonly<Record<Verdict, readonly [Tone, string]>> = {
  accepted: ['ok', 'Stored'],
  ignored: ['quiet', 'Nothing for us'],
  quarantined: ['warn', 'Set aside'],
  failed: ['error', 'Not stored'],
  missing: ['error', 'No signature'],
  malformed: ['error', 'Broken signature'],
  mismatch: ['error', 'Wrong signature'],
  stale: ['error', 'Too old'],
  size: ['error', 'Too large'],
  type: ['error', 'Not JSON'],
  limited: ['error', 'Too many'],
};

/** Why the account or a line is closed, by the reason that `GET /status` gives. */
export const HOLD_WORDS: ReadonlyMap<string, string> = new Map([
  ['paused', 'Paused'],
  ['api_key_rejected', 'API key rejected'],
  ['feature_disabled', 'Sharing not enabled'],
  ['rate_limited', 'Rate limited'],
  ['api_unavailable', 'Linq not reachable'],
  ['line_unknown', 'Line not known'],
  ['line_excluded', 'Not in LINQ_LINES'],
  ['line_not_ours', 'Not this account’s'],
  ['line_flagged', 'Flagged by Linq'],
  ['line_paused', 'Paused by Linq'],
  ['card_missing', 'No contact card'],
  ['card_inactive', 'Card not active'],
  ['card_unknown', 'Card not looked at yet'],
]);

/** The holds that an operator may end. */
export const RELEASABLE: ReadonlySet<string> = new Set(['line_not_ours', 'line_flagged', 'line_paused']);
