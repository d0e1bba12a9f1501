import type { ChatReason, ChatRecord, ChatState } from '../../decide/chat.ts';
import type { ClosedReason, Closure } from '../../decide/holds.ts';
import type { Policy } from '../../decide/policy.ts';
import { lapsesAt, optedOutAt } from '../../decide/share.ts';
import type { EpochMs } from '../../decide/time.ts';
import { durationInWords, timeInWords, whenInWords } from './wording.ts';

export type ShownReason = ChatReason | ClosedReason;

/** A chat as it is shown now, and what that was decided from. */
export interface Told {
  readonly chat: ChatRecord;
  readonly state: ChatState;
  readonly reason: ShownReason;
  readonly nextAttemptAt: EpochMs | null;
  /** What closes the account or the chat's line. */
  readonly closure: Closure | null;
  readonly policy: Policy;
  readonly now: EpochMs;
}

/** One sentence for people: what the chat's state is, why, and what ends it. */
export function explain(told: Told): string {
  return EXPLANATIONS[told.reason](told);
}

const EXPLANATIONS: Readonly<Record<ShownReason, (told: Told) => string>> = {
  chat_gone: (told) => retired("Linq says that this chat doesn't exist or isn't this account's", told),
  chat_left: (told) => retired('Your line has left this chat or was removed from it', told),
  unsupported: (told) => retired("Linq says that this chat can't take a contact card", told),
  operator: ({ chat }) =>
    `Held by an operator${since(chat.operatorHeldAt)}; it is shared again once someone releases it.`,
  parked: ({ chat }) =>
    `Set aside${since(chat.parkedAt)}, after the service went down during several attempts in a row; release the chat to try again.`,
  recipient_blocked: ({ chat }) =>
    `Linq says that the recipient is on the account's block list${since(chat.blockedAt)}; take them off it, then release the chat.`,
  no_outbound: () =>
    'No outbound message is known yet; the first one that your line sends gets the card shared.',
  line_excluded: () =>
    "LINQ_LINES doesn't list this chat's line; add it there and restart the service to share here.",
  group_excluded: ({ chat }) =>
    `${chat.isGroup === true ? 'This is a group' : 'Whether this is a group is not known'} and SHARE_GROUPS is false; set it to true to share here.`,
  not_imessage: ({ chat }) =>
    `${chat.service === null ? 'Which service carried the latest outbound message is not known' : `The latest outbound message went over ${chat.service}`}, and a card can be shared over iMessage only; the next outbound iMessage ends this.`,
  opted_out: ({ chat }) => optedOut(chat),
  chat_health: ({ chat }) =>
    `Linq rates the health of this chat as ${chat.health ?? 'unknown'}; a better rating from Linq ends this.`,
  awaiting_inbound: () =>
    "The recipient hasn't written yet and REQUIRE_INBOUND is true; their first message ends this.",
  shared_once: ({ chat }) =>
    `Shared${timed(chat.lastSharedAt)} and never again, since RESHARE_POLICY is once.`,
  share_limit: ({ chat, policy }) =>
    `Shared ${times(chat.shareCount)}, and MAX_SHARES_PER_CHAT allows ${policy.maxSharesPerChat}; raise it to share again.`,
  window: windowOpen,
  restored: afterRestore,
  no_recent_outbound: idle,
  line_unknown: () =>
    'Which of your lines this chat belongs to is not known; the next event from Linq that tells it ends this.',
  backoff: ({ chat, nextAttemptAt, now }) =>
    `${failed(chat.failures)}${again(nextAttemptAt ?? chat.retryAt, now)}.`,
  rejected: ({ chat, nextAttemptAt, now }) =>
    `Linq refused the last attempt${again(nextAttemptAt ?? chat.retryAt, now)}.`,
  became_eligible: (told) => dueOrSharing('for its first share', told),
  window_lapsed: (told) => dueOrSharing('to be shared again, since the last window lapsed', told),
  manual: (told) => dueOrSharing("to be shared at an operator's word", told),
  paused: ({ closure }) =>
    `Ready to be shared, but all sharing is paused by an operator${since(closure?.since ?? null)}; resuming ends this.`,
  api_key_rejected: (told) => closed('Linq rejects the API key; a valid LINQ_API_KEY ends this', told),
  feature_disabled: (told) =>
    closed("Linq says that contact cards aren't enabled for the account; have Linq enable them", told),
  rate_limited: (told) => closed('Linq asked for a pause; it ends by itself', told),
  api_unavailable: (told) =>
    closed("Linq's API doesn't answer as it should; it is probed until it does", told),
  line_not_ours: (told) =>
    closed(
      "Linq says that the chat's line isn't this account's; check the line with Linq, then release it",
      told,
    ),
  line_flagged: (told) =>
    closed("Linq flags the chat's line; a successful probe or releasing the line ends this", told),
  line_paused: (told) => closed("Linq has paused the chat's line for a while; it ends by itself", told),
  card_missing: (told) => closed("the chat's line has no contact card; set one up with Linq", told),
  card_inactive: (told) =>
    closed(
      "the contact card of the chat's line isn't active yet; it goes on once Linq has activated it",
      told,
    ),
  card_unknown: (told) =>
    closed(
      "the contact card of the chat's line hasn't been looked at successfully yet; that is tried again soon",
      told,
    ),
};

/** Every reason a chat can be shown with. */
export const SHOWN_REASONS = Object.keys(EXPLANATIONS) as readonly ShownReason[];

const STATES: Readonly<Record<ChatState, true>> = {
  retired: true,
  held: true,
  done: true,
  waiting: true,
  idle: true,
  retrying: true,
  due: true,
  sharing: true,
};

/** Every state a chat can be in, in the order of the rules. */
export const CHAT_STATES = Object.keys(STATES) as readonly ChatState[];

function failed(failures: number): string {
  return failures === 1 ? 'The last attempt failed' : `The last ${failures} attempts failed`;
}

function retired(why: string, { chat, nextAttemptAt, now }: Told): string {
  const toldAt = chat.retiredAt ?? chat.leftAt;
  const at = toldAt === null ? '' : ` (as of ${timeInWords(toldAt)})`;
  return nextAttemptAt === null
    ? `${why}${at}; an outbound message in it, or your line being added again, lets it be tried once more.`
    : `${why}${at}; a message was sent in it meanwhile, so it is tried once more ${whenInWords(nextAttemptAt, now)}.`;
}

function optedOut(chat: ChatRecord): string {
  const isByHealthAlone =
    chat.optOutWordAt === null && chat.optOutRefusedAt === null && chat.health === 'OPTED_OUT';
  const orHealth = isByHealthAlone ? ', or a better health told by Linq,' : '';
  return `The recipient opted out${timed(optedOutAt(chat))}; their next message that isn't an opt-out word${orHealth} ends this.`;
}

function afterRestore({ chat, nextAttemptAt, now }: Told): string {
  const isNewer = (chat.firstOutboundAt ?? 0) >= (chat.restoredAt ?? 0);
  const wait = isNewer
    ? 'one window, or until catch-up finds that it is newer than the backup'
    : 'one window';
  const then =
    nextAttemptAt === null
      ? 'after it, the chat goes on only if a message is sent in it'
      : `it goes on ${whenInWords(nextAttemptAt, now)}`;
  return `The database was restored from a backup, which may not know the last share: the chat waits ${wait}; ${then}.`;
}

function windowOpen({ chat, policy, nextAttemptAt, now }: Told): string {
  const lapse = lapsesAt(chat, policy);
  const isReal = chat.lastSharedAt !== null && lapse === chat.lastSharedAt + policy.windowMs;
  const shared = isReal
    ? `Shared${timed(chat.lastSharedAt)}`
    : `Share only recorded (DRY_RUN)${timed(chat.dryRunAt)}`;
  if (nextAttemptAt !== null)
    return `${shared}; shared again when the window lapses, ${whenInWords(nextAttemptAt, now)}.`;
  const lapses = lapse === null ? '' : `, ${whenInWords(lapse, now)}`;
  return `${shared}; when the window lapses${lapses}, the chat goes on only if a message is sent in it.`;
}

function idle({ chat, policy, now }: Told): string {
  const last = chat.lastOutboundAt;
  const isOld = policy.idleAfterMs > 0 && last !== null && now - Math.min(last, now) >= policy.idleAfterMs;
  const why = isOld
    ? `No outbound message for ${durationInWords(policy.idleAfterMs)} (RESHARE_IDLE_AFTER)`
    : 'Nothing was sent since the last share (RESHARE_POLICY is active)';
  return `${why}; the next outbound message gets the card shared again.`;
}

function dueOrSharing(why: string, { state, policy, nextAttemptAt, now }: Told): string {
  const dry = policy.dryRun ? ', but only recorded since DRY_RUN is true' : '';
  if (state === 'sharing') return `A share of the contact card is under way${dry}.`;
  const overdue =
    nextAttemptAt === null || nextAttemptAt >= now ? '' : ` since ${timeInWords(nextAttemptAt)}`;
  return `Due${overdue} ${why}; the call is made as soon as its turn comes${dry}.`;
}

function closed(why: string, { closure, nextAttemptAt, now }: Told): string {
  const at = nextAttemptAt ?? closure?.until ?? null;
  const what = nextAttemptAt === null ? 'the next probe is due' : 'the next attempt is';
  const next = at === null ? '' : at > now ? `; ${what} ${whenInWords(at, now)}` : '; a probe is due now';
  return `Ready to be shared, but ${why}${next}.`;
}

const timed = (at: EpochMs | null) => (at === null ? '' : ` at ${timeInWords(at)}`);
const since = (at: EpochMs | null) => (at === null ? '' : ` since ${timeInWords(at)}`);
const again = (at: EpochMs | null, now: EpochMs) =>
  at === null ? '' : `; tried again ${whenInWords(at, now)}`;
const times = (count: number) => (count === 1 ? 'once' : `${count} times`);
