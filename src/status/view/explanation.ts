import { CHAT_REASONS, type ChatReason, type ChatRecord, type ChatState } from '../../decide/chat.ts';
import { CARD_HOLDS, type HoldReason, STORED_HOLDS, type StandingHold } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import {
  changedCardDueAt,
  countedAttempt,
  countedShares,
  decideShare,
  lapsesAt,
  optedOutAt,
} from '../../decide/share.ts';
import { type EpochMs, HOUR } from '../../decide/time.ts';
import { durationInWords, timeInWords, whenInWords } from './wording.ts';

export type ShownReason = ChatReason | HoldReason;

/** A chat as shown now, and what that was decided from. */
export interface ShownChat {
  readonly chat: ChatRecord;
  readonly state: ChatState;
  readonly reason: ShownReason;
  readonly nextAttemptAt: EpochMs | null;
  /** What holds the account or the chat's line. */
  readonly hold: StandingHold | null;
  readonly policy: Policy;
  readonly now: EpochMs;
}

/** One sentence for people: the chat's state, why, and what ends it. */
export function explain(shown: ShownChat): string {
  const { reason } = shown;
  return isHold(reason) ? held(reason, shown) : EXPLANATIONS[reason](shown);
}

const EXPLANATIONS: Readonly<Record<ChatReason, (shown: ShownChat) => string>> = {
  chat_gone: (shown) => retired('Linq says that this chat doesn’t exist or isn’t this account’s', shown),
  chat_left: (shown) => retired('Your line has left this chat or was removed from it', shown),
  unsupported: (shown) => retired('Linq says that contact cards aren’t supported in this chat', shown),
  operator: ({ chat }) =>
    `Held by an operator${since(chat.operatorHeldAt)}. Release the chat to share again.`,
  parked: ({ chat }) =>
    `Set aside${since(chat.parkedAt)}, after the service went down during several attempts in a row. Release the chat to try again.`,
  recipient_blocked: ({ chat }) =>
    `Linq says that the recipient is on the account’s block list${since(chat.blockedAt)}. Remove them from it, then release the chat.`,
  no_outbound: () =>
    'No outbound message is known yet. The card is shared after the first message from your line.',
  line_excluded: () =>
    'LINQ_LINES doesn’t list this chat’s line. Add it and restart the service to share here.',
  group_excluded: ({ chat }) =>
    `${chat.isGroup === true ? 'This is a group' : 'It is not known whether this is a group'}, and SHARE_GROUPS is false. Set it to true to share here.`,
  not_imessage: ({ chat }) =>
    `${chat.service === null ? 'It is not known which service carried the latest outbound message' : `The latest outbound message went over ${chat.service}`}; a card can be shared over iMessage only. Sharing resumes with the next outbound iMessage.`,
  opted_out: ({ chat }) => optedOut(chat),
  chat_health: ({ chat }) =>
    `Linq rates the health of this chat as ${chat.health ?? 'unknown'}. Sharing resumes when Linq reports better health.`,
  awaiting_inbound: () =>
    'The recipient hasn’t written yet, and REQUIRE_INBOUND is true. The card is shared after their first message.',
  shared_once: sharedOnce,
  share_limit: shareLimitReached,
  window: windowOpen,
  restored: afterRestore,
  no_recent_outbound: idle,
  line_unknown: () =>
    'It is not known which of your lines this chat belongs to. Sharing resumes with the next event from Linq that names the line.',
  backoff: (shown) => `${failed(shown.chat.failures)}.${retry(shown)}`,
  rejected: (shown) => `Linq refused the last attempt.${retry(shown)}`,
  became_eligible: (shown) => dueOrSharing('for its first share', shown),
  window_lapsed: (shown) =>
    dueOrSharing(
      `to be shared again, because ${changedCardDueAt(shown.chat, shown.policy, shown.now) === null ? 'the last window has ended' : `the line’s card changed at ${timeInWords(shown.chat.cardChangedAt ?? shown.now)}`}`,
      shown,
    ),
  manual: (shown) => dueOrSharing('because an operator asked for it', shown),
};

/** Every reason that can be shown for a chat. */
export const SHOWN_REASONS: readonly ShownReason[] = [...CHAT_REASONS, ...STORED_HOLDS, ...CARD_HOLDS];

/** A chat that is done is scheduled only if its line's card has changed. */
function cardChanged({ nextAttemptAt, now }: Pick<ShownChat, 'nextAttemptAt' | 'now'>): string | null {
  return nextAttemptAt === null
    ? null
    : `The line’s card has changed since. Next share: ${whenInWords(nextAttemptAt, now)}.`;
}

function sharedOnce(shown: ShownChat): string {
  const { lastSharedAt } = shown.chat;
  const shared = lastSharedAt === null ? unanswered(shown) : `Shared${timed(lastSharedAt)}.`;
  return `${shared} ${cardChanged(shown) ?? 'Not shared again, because RESHARE_POLICY is once.'}`;
}

function shareLimitReached(shown: ShownChat): string {
  const { chat, policy, now } = shown;
  const isUncertain = chat.lastSharedAt === null || countedAttempt(chat, policy, now) !== null;
  const why = isUncertain ? `${unanswered(shown)} ` : '';
  const shares = countedShares(chat, policy, now);
  const counted = `${shares} ${shares === 1 ? 'share' : 'shares'} counted`;
  return `${why}${counted}; MAX_SHARES_PER_CHAT allows ${policy.maxSharesPerChat}. ${cardChanged(shown) ?? 'Raise it to share again.'}`;
}

function unanswered({ chat, policy, now }: ShownChat): string {
  return `An attempt${timed(countedAttempt(chat, policy, now))} had no answer, so it counts as a share.`;
}

function failed(failures: number): string {
  return failures === 1 ? 'The last attempt failed' : `The last ${failures} attempts failed`;
}

function retired(why: string, { chat, nextAttemptAt, now }: ShownChat): string {
  const saidAt = chat.retiredAt ?? chat.leftAt;
  const at = saidAt === null ? '' : ` (as of ${timeInWords(saidAt)})`;
  return nextAttemptAt === null
    ? `${why}${at}. It is tried once more after an outbound message in it, or when your line is added again.`
    : `${why}${at}. A message was sent in it since then.${nextTry(nextAttemptAt, now)}`;
}

function optedOut(chat: ChatRecord): string {
  const isByHealthAlone =
    chat.optOutWordAt === null && chat.optOutRefusedAt === null && chat.health === 'OPTED_OUT';
  const orHealth = isByHealthAlone ? ', or when Linq reports better health' : '';
  return `The recipient opted out${timed(optedOutAt(chat))}. Sharing resumes with their next message that isn’t an opt-out word${orHealth}.`;
}

function afterRestore({ chat, nextAttemptAt, now }: ShownChat): string {
  const isNewer = (chat.firstOutboundAt ?? 0) >= (chat.restoredAt ?? 0);
  const wait = isNewer
    ? 'waits one window, or until catch-up finds that it is newer than the backup'
    : 'waits one window';
  const then =
    nextAttemptAt === null
      ? ' After that it is shared once a message is sent in it.'
      : ` Sharing resumes at ${whenInWords(nextAttemptAt, now)}.`;
  return `The database was restored from a backup that may not know the last share. The chat ${wait}.${then}`;
}

function windowOpen({ chat, policy, nextAttemptAt, now }: ShownChat): string {
  const endsAt = lapsesAt(chat, policy);
  const isReal = chat.lastSharedAt !== null && endsAt === chat.lastSharedAt + policy.windowMs;
  const shared = isReal
    ? `Shared${timed(chat.lastSharedAt)}`
    : `Share only recorded (DRY_RUN)${timed(chat.dryRunAt)}`;
  const window = `the ${lengthOf(policy.windowMs)} window ends`;
  if (nextAttemptAt !== null)
    return `${shared}. Next share when ${window}, at ${whenInWords(nextAttemptAt, now)}.`;
  const at = endsAt === null ? '' : `, at ${whenInWords(endsAt, now)}`;
  return `${shared}. Next share after ${window}${at}, once a message is sent in the chat.`;
}

/** `24-hour` */
export const lengthOf = (ms: number) => (ms % HOUR === 0 ? `${ms / HOUR}-hour` : durationInWords(ms));

function idle({ chat, policy, now }: ShownChat): string {
  const last = chat.lastOutboundAt;
  const isOld = policy.idleAfterMs > 0 && last !== null && now - Math.min(last, now) >= policy.idleAfterMs;
  const why = isOld
    ? `No outbound message for ${durationInWords(policy.idleAfterMs)} (RESHARE_IDLE_AFTER)`
    : 'Nothing was sent since the last share (RESHARE_POLICY is active)';
  const again = chat.lastSharedAt === null ? '' : ' again';
  return `${why}. The card is shared${again} after the next outbound message.`;
}

function dueOrSharing(why: string, { state, policy, nextAttemptAt, now }: ShownChat): string {
  const dry = policy.dryRun ? ' This share is only recorded, because DRY_RUN is true.' : '';
  if (state === 'sharing') return `The contact card is being shared.${dry}`;
  const overdue =
    nextAttemptAt === null || nextAttemptAt >= now ? '' : ` since ${timeInWords(nextAttemptAt)}`;
  return `Due${overdue} ${why}. The call is made when its turn comes.${dry}`;
}

function held(reason: HoldReason, { hold, nextAttemptAt, now }: ShownChat): string {
  const at = nextAttemptAt ?? hold?.until ?? null;
  const what = nextAttemptAt === null ? 'Next probe' : 'Next try';
  const next = at === null ? '' : at > now ? ` ${what}: ${whenInWords(at, now)}.` : ' A probe is due now.';
  const { why, end } = HOLD_WORDS[reason];
  return `Ready to be shared, but ${why.replace(' SINCE', since(hold?.since ?? null))}. ${end}${next}`;
}

/** By the time of its next try, a chat may be idle, or have had all its shares, since one without an answer counts then. */
function retry({ chat, policy, nextAttemptAt, now }: ShownChat): string {
  const { retryAt } = chat;
  if (nextAttemptAt !== null || retryAt === null) return nextTry(nextAttemptAt, now);
  if (decideShare(chat, policy, retryAt).state === 'done')
    return ' It isn’t tried again: by then, an attempt without an answer counts as a share.';
  return ` Next try once a message is sent in the chat, at ${whenInWords(retryAt, now)} at the earliest.`;
}

const timed = (at: EpochMs | null) => (at === null ? '' : ` at ${timeInWords(at)}`);
const since = (at: EpochMs | null) => (at === null ? '' : ` since ${timeInWords(at)}`);
const nextTry = (at: EpochMs | null, now: EpochMs) =>
  at === null ? '' : ` Next try: ${whenInWords(at, now)}.`;

// What people read about a hold: on the page, in a chat's explanation, and as a problem.

interface HoldWords {
  /** Two or three words. */
  readonly label: string;
  /** Ends the sentence "Ready to be shared, but …"; `SINCE` is replaced by the hold's start. */
  readonly why: string;
  /** What ends it, as a sentence. */
  readonly end: string;
}

export const HOLD_WORDS: Readonly<Record<HoldReason, HoldWords>> = {
  paused: {
    label: 'Paused',
    why: 'an operator paused all sharing SINCE',
    end: 'Resume sharing to continue.',
  },
  api_key_rejected: {
    label: 'API key rejected',
    why: 'Linq rejects the API key',
    end: 'Set a valid LINQ_API_KEY.',
  },
  feature_disabled: {
    label: 'Sharing not enabled',
    why: 'Linq says that contact cards aren’t enabled for the account',
    end: 'Ask Linq to enable them.',
  },
  rate_limited: {
    label: 'Rate limited',
    why: 'Linq asked for a pause',
    end: 'Sharing resumes automatically.',
  },
  api_unavailable: {
    label: 'Linq’s API is failing',
    why: 'Linq’s API is failing',
    end: 'The service probes it until it recovers.',
  },
  line_not_ours: {
    label: 'Not this account’s',
    why: 'Linq says that the chat’s line isn’t this account’s',
    end: 'Check the line with Linq, then release it.',
  },
  line_flagged: {
    label: 'Flagged by Linq',
    why: 'Linq flagged the chat’s line',
    end: 'A successful probe or releasing the line ends this.',
  },
  line_paused: {
    label: 'Paused by Linq',
    why: 'Linq has paused the chat’s line for a while',
    end: 'Sharing resumes automatically.',
  },
  card_missing: {
    label: 'No contact card',
    why: 'the chat’s line has no contact card',
    end: 'Create one with `contact-card-reactor setup` or in the Linq dashboard.',
  },
  card_inactive: {
    label: 'Card not active',
    why: 'the contact card of the chat’s line isn’t active yet',
    end: 'Sharing resumes when Linq has activated it.',
  },
  card_unknown: {
    label: 'Card not checked yet',
    why: 'the contact card of the chat’s line couldn’t be checked yet',
    end: 'The service tries again soon.',
  },
};

export const isHold = (reason: string): reason is HoldReason => reason in HOLD_WORDS;

export interface ProblemWords {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly remedy: string;
  /** It can also be an error. */
  readonly mayWorsen?: true;
}

/** Operators want a pause, and an unchecked card is checked soon: neither is a problem. */
type HoldProblem = Exclude<HoldReason, 'paused' | 'card_unknown'>;

/** The other problems are in `problem-words.ts`. `LINE` stands for the line. */
export const HOLD_PROBLEMS: Readonly<Record<HoldProblem, ProblemWords>> = {
  api_key_rejected: {
    severity: 'error',
    message: 'Linq rejects the API key, so no card is shared.',
    remedy:
      'Set LINQ_API_KEY to a valid key and restart the service. If Linq accepts the current key again, sharing resumes within 5 minutes.',
  },
  feature_disabled: {
    severity: 'error',
    message: 'Linq says that contact cards aren’t enabled for this account, so no card is shared.',
    remedy:
      'Ask Linq to enable contact cards for the account. One due chat is tried every hour, and right after a restart of the service; sharing resumes when Linq accepts it.',
  },
  api_unavailable: {
    severity: 'warning',
    mayWorsen: true,
    message: 'Linq’s API failed for several chats in a row, so shares wait.',
    remedy:
      'The service probes it at least once a minute and resumes automatically. If this lasts, check the network, LINQ_API_BASE_URL and whether Linq reports an outage.',
  },
  card_missing: {
    severity: 'warning',
    message: 'LINE has no contact card, so its chats can’t get one.',
    remedy:
      'Set up a card for the line in the Linq dashboard, or with `contact-card-reactor setup --create-card LINE --first-name NAME`. The card is rechecked every 2 minutes, and at once by `contact-card-reactor line release LINE`. To leave a line without a card, leave it out of LINQ_LINES.',
  },
  card_inactive: {
    severity: 'warning',
    message: 'The contact card of LINE isn’t active, so its chats wait.',
    remedy:
      'Linq usually activates a new card automatically. If it stays inactive, set it up again with Linq. The card is rechecked every 2 minutes, and at once by `contact-card-reactor line release LINE`.',
  },
  line_flagged: {
    severity: 'warning',
    message: 'Linq flagged LINE (status FLAGGED or reputation CRITICAL), so its chats wait.',
    remedy:
      'Send less from the line, and ask Linq why it was flagged. One chat is tried every 6 hours. To end the hold now, use `contact-card-reactor line release LINE`.',
  },
  line_paused: {
    severity: 'warning',
    message: 'Linq refuses calls for LINE for now, so its chats wait.',
    remedy:
      'Sharing resumes automatically after 30 minutes to 6 hours, or when Linq reports the line as active. To end the hold now, use `contact-card-reactor line release LINE`.',
  },
  line_not_ours: {
    severity: 'warning',
    message: 'Linq says that LINE doesn’t belong to this account, so its chats wait.',
    remedy:
      'Check that LINQ_API_KEY is for the account that owns the line, and restart the service. If the account has the line again, use `contact-card-reactor line release LINE`; if it gave the line up, leave it out of LINQ_LINES and restart. One chat is tried every 6 hours.',
  },
  rate_limited: {
    severity: 'warning',
    message: 'Linq is rate limiting this account, so all shares wait for as long as it asked.',
    remedy:
      'Sharing resumes automatically. If this happens often, lower SHARE_RATE_PER_LINE and SHARE_CONCURRENCY, or ask Linq for a higher limit.',
  },
};
