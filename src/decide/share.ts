import { type ChatReason, type ChatRecord, type ChatState, liveLease, type StoredDecision } from './chat.ts';
import { isIMessage, latest, nextOf } from './facts.ts';
import { CARD_SETTLES_MS, endsByTime, type HoldReason, type StandingHold } from './holds.ts';
import type { RetiredReason } from './outcome.ts';
import type { Policy } from './policy.ts';
import type { EpochMs } from './time.ts';

/**
 * Decides whether a chat may be shared now, why not, and when that changes without an event. The first
 * matching rule decides. Holds of the account or a line are not considered here; see `applyHold`.
 */
export function decideShare(chat: ChatRecord, policy: Policy, now: EpochMs): StoredDecision {
  const { state, reason, until } = firstRow(AUTOMATIC, chat, policy, now);
  const nextAttemptAt = state === 'due' ? dueSince(chat, now) : nextDueAt(chat, policy, until);
  return { state, reason, nextAttemptAt, wakeAt: until };
}

/** `decideShare`, except that a chat whose attempt is in progress is `sharing`: what people are shown. */
export function decideChat(
  chat: ChatRecord,
  policy: Policy,
  now: EpochMs,
): Pick<StoredDecision, 'state' | 'reason' | 'nextAttemptAt'> {
  const lease = liveLease(chat, now);
  if (lease === null) return decideShare(chat, policy, now);
  return { state: 'sharing', reason: lease.trigger, nextAttemptAt: null };
}

/** The rule that forbids a manual share now, or null. Policy, window and backoff don't apply. */
export function decideManualShare(
  chat: ChatRecord,
  policy: Policy,
  now: EpochMs,
): { state: ChatState; reason: ChatReason } | null {
  const { state, reason } = firstRow(MANUAL, chat, policy, now);
  return state === 'due' ? null : { state, reason };
}

/** True while a fact that the rules need is neither reported by an event nor looked up in the API yet. */
export function needsLookup(chat: ChatRecord, policy: Policy): boolean {
  return chat.lookedUpAt === null && lacksFacts(chat, policy);
}

function lacksFacts(chat: ChatRecord, policy: Policy): boolean {
  return chat.line === null || chat.service === null || (!policy.shareGroups && chat.isGroup === null);
}

/**
 * When a due chat became due: a chat that waited for an instant keeps that instant, so the oldest goes first.
 */
function dueSince(chat: ChatRecord, now: EpochMs): EpochMs {
  const { state, nextAttemptAt } = chat;
  const wasQueued = state === 'due' || state === 'waiting' || state === 'retrying';
  return wasQueued && nextAttemptAt !== null && nextAttemptAt <= now ? nextAttemptAt : now;
}

/**
 * When a wait ends, another may follow (backoff inside a window). This limits how many are followed on the
 * way to a share.
 */
const MAX_ROWS_AHEAD = 10;

function nextDueAt(chat: ChatRecord, policy: Policy, until: EpochMs | null): EpochMs | null {
  let at = until;
  for (let ahead = 0; at !== null && ahead < MAX_ROWS_AHEAD; ahead++) {
    const row = firstRow(AUTOMATIC, chat, policy, at);
    if (row.state === 'due') return at;
    at = row.until;
  }
  return null;
}

export interface ShownDecision {
  readonly state: ChatState;
  readonly reason: ChatReason | HoldReason;
  readonly nextAttemptAt: EpochMs | null;
}

/** States that a hold of the account or a line overrides: the chat itself would be shared or retried. */
export const COVERED_STATES: readonly ChatState[] = ['due', 'retrying'];

/**
 * The only reason of a chat's own that a hold of the account overrides; such a chat has no line that could be
 * closed.
 */
export const COVERED_REASON: ChatReason = 'line_unknown';

/** A chat's own decision under the hold of the account or of its line. */
export function applyHold(
  decision: Pick<ChatRecord, 'state' | 'reason' | 'nextAttemptAt'>,
  hold: StandingHold | null,
): ShownDecision {
  const { state, reason, nextAttemptAt } = decision;
  const isLineUnknown = state === 'held' && reason === COVERED_REASON;
  if (hold === null || !(COVERED_STATES.includes(state) || isLineUnknown))
    return { state, reason, nextAttemptAt };
  if (isLineUnknown) return { state, reason: hold.reason, nextAttemptAt };
  const until = endsByTime(hold.reason) ? hold.until : null;
  return {
    state: 'held',
    reason: hold.reason,
    nextAttemptAt: until === null ? null : Math.max(until, nextAttemptAt ?? until),
  };
}

/** What a matching rule says about a chat. */
interface Row {
  readonly state: ChatState;
  readonly reason: ChatReason;
  /** When this result may end without an event; null: never. */
  readonly until: EpochMs | null;
}

type Rule = (chat: ChatRecord, policy: Policy, now: EpochMs) => Row | null;

/**
 * When the recipient last opted out (by word, by health, by Linq's refusal); null: never, or a later health
 * report revoked it.
 */
export function optedOutAt(chat: ChatRecord): EpochMs | null {
  const byHealth = chat.health === 'OPTED_OUT' ? chat.healthAt : null;
  return latest(latest(chat.optOutWordAt, chat.optOutRefusedAt), byHealth);
}

/** End of the current or last window; null when never shared. */
export function lapsesAt(chat: ChatRecord, policy: Policy): EpochMs | null {
  const shared = chat.lastSharedAt === null ? null : chat.lastSharedAt + policy.windowMs;
  const pretended = policy.dryRun && chat.dryRunAt !== null ? chat.dryRunAt + policy.windowMs : null;
  return latest(shared, pretended);
}

/** Shares as counted towards limits: an attempt with an unknown outcome counts once its window is over. */
export function countedShares(chat: ChatRecord, policy: Policy, now: EpochMs): number {
  return chat.shareCount + (countedAttempt(chat, policy, now) === null ? 0 : 1);
}

/** When an attempt with an unknown outcome began that counts as a share by now; null: none does. */
export function countedAttempt(
  { uncertainAt }: ChatRecord,
  { windowMs }: Policy,
  now: EpochMs,
): EpochMs | null {
  return uncertainAt !== null && now >= uncertainAt + windowMs ? uncertainAt : null;
}

/**
 * Which card a chat was given last: its line's card as it is (`current`), or as it was before it changed; null: none, or it
 * isn't known to have changed.
 */
export function cardGiven(chat: ChatRecord): 'current' | 'earlier' | null {
  const { cardChangedAt } = chat;
  const at = chat.lastShareStartedAt ?? chat.lastSharedAt;
  if (cardChangedAt === null || at === null) return null;
  return at < cardChangedAt ? 'earlier' : 'current';
}

/**
 * From when on a chat may have the changed card once more, whatever the policy and its limit say; null: it never had
 * another, or has had this one since.
 */
export function changedCardDueAt(chat: ChatRecord, policy: Policy, now: EpochMs): EpochMs | null {
  const { cardChangedAt, shareCount, lastShareStartedAt, lastSharedAt } = chat;
  if (!policy.reshareOnCardChange || cardChangedAt === null) return null;
  const shared = lastShareStartedAt ?? lastSharedAt ?? (shareCount > 0 ? 0 : null);
  const pretended = policy.dryRun ? chat.dryRunAt : null;
  const givenAt = latest(latest(shared, countedAttempt(chat, policy, now)), pretended);
  return givenAt === null || givenAt >= cardChangedAt ? null : cardChangedAt + CARD_SETTLES_MS;
}

const retired: Rule = (chat, policy, now) => refusedForGood(chat, policy, now) ?? leftChat(chat, now);

/**
 * An outbound message gives the chat another chance, at most once per window; re-adding our line does so
 * immediately.
 */
function refusedForGood(chat: ChatRecord, policy: Policy, now: EpochMs): Row | null {
  const { retiredAt, retiredReason } = chat;
  if (retiredAt === null || retiredReason === null) return null;
  if (isAfter(chat.joinedAt, retiredAt)) return retiredUntil(retiredReason, retiredAt + 1, now);
  const hasOutbound = isAfter(chat.lastOutboundAt, retiredAt);
  return retiredUntil(retiredReason, hasOutbound ? retiredAt + policy.windowMs : null, now);
}

function leftChat({ leftAt, joinedAt, lastOutboundAt }: ChatRecord, now: EpochMs): Row | null {
  if (leftAt === null) return null;
  const isBack = isAfter(joinedAt, leftAt) || isAfter(lastOutboundAt, leftAt);
  return retiredUntil('chat_left', isBack ? leftAt + 1 : null, now);
}

function retiredUntil(reason: RetiredReason, until: EpochMs | null, now: EpochMs): Row | null {
  return until !== null && now >= until ? null : { state: 'retired', reason, until };
}

/**
 * True if `at` is later than `since`. Future facts are clamped to now, so the earlier one has to have passed:
 * a wait that ends with the later fact ends 1 ms after `since` at the earliest.
 */
function isAfter(at: EpochMs | null, since: EpochMs): boolean {
  return at !== null && at > since;
}

const operatorHeld: Rule = (chat) => {
  if (chat.operatorHeldAt !== null) return held('operator');
  if (chat.parkedAt !== null) return held('parked');
  return chat.blockedAt === null ? null : held('recipient_blocked');
};

const noOutbound: Rule = (chat) => (chat.firstOutboundAt === null ? held('no_outbound') : null);

const lineExcluded: Rule = (chat, policy) =>
  policy.lines !== null && chat.line !== null && !policy.lines.has(chat.line) ? held('line_excluded') : null;

const groupExcluded: Rule = (chat, policy) => {
  const isUnknown = chat.isGroup === null && chat.lookedUpAt !== null;
  return !policy.shareGroups && (chat.isGroup === true || isUnknown) ? held('group_excluded') : null;
};

const notIMessage: Rule = (chat) => {
  if (chat.service === null) return chat.lookedUpAt === null ? null : held('not_imessage');
  return isIMessage(chat.service) ? null : held('not_imessage');
};

const optedOut: Rule = (chat, _policy, now) => {
  const outAt = optedOutAt(chat);
  if (outAt === null) return null;
  if (!isAfter(chat.optedInAt, outAt)) return held('opted_out');
  return now > outAt ? null : { state: 'held', reason: 'opted_out', until: outAt + 1 };
};

const unhealthy: Rule = (chat, policy) => {
  const isFine = chat.health === null || chat.health === 'HEALTHY' || chat.health === 'OPTED_OUT';
  return isFine || (chat.health === 'AT_RISK' && !policy.holdAtRisk) ? null : held('chat_health');
};

const awaitingInbound: Rule = (chat, policy) =>
  policy.requireInbound && chat.lastInboundAt === null ? held('awaiting_inbound') : null;

const shareLimit: Rule = (chat, policy, now) => {
  const shares = countedShares(chat, policy, now);
  const isOnce = policy.reshare === 'once' && shares > 0;
  const isLimit = policy.maxSharesPerChat > 0 && shares >= policy.maxSharesPerChat;
  if (!isOnce && !isLimit) return null;
  const until = changedCardDueAt(chat, policy, now);
  if (until !== null && now >= until) return null;
  return { state: 'done', reason: isOnce ? 'shared_once' : 'share_limit', until };
};

/** A restored backup lacks the shares made since: a chat may have been shared just before the restore. */
const insideWindow: Rule = (chat, policy, now) => {
  const lapse = lapsesAt(chat, policy);
  const restoreEndsAt = chat.restoredAt === null ? null : chat.restoredAt + policy.windowMs;
  const end = latest(lapse, restoreEndsAt);
  if (end === null || now >= end) return null;
  const reason = end === lapse ? 'window' : 'restored';
  return { state: 'waiting', reason, until: nextOf(now, end, countsAt(chat, policy)) };
};

/** A changed card is news even if nothing was sent since the last share, but not in a chat without recent messages. */
const idle: Rule = (chat, policy, now) => {
  const idleAt = becomesIdleAt(chat, policy, now);
  const isOld = idleAt !== null && now >= idleAt;
  const startedAt = chat.lastShareStartedAt;
  const isAnswered =
    policy.reshare === 'active' && startedAt !== null && Math.min(chat.lastOutboundAt ?? 0, now) < startedAt;
  if (!isOld && !isAnswered) return null;
  const dueAt = isOld ? null : changedCardDueAt(chat, policy, now);
  if (dueAt !== null && now >= dueAt) return null;
  return { state: 'idle', reason: 'no_recent_outbound', until: nextOf(now, dueAt, countsAt(chat, policy)) };
};

const lineUnknown: Rule = (chat, policy, now) => {
  const isUnknown = chat.line === null && chat.lookedUpAt !== null;
  return isUnknown ? { ...held('line_unknown'), until: changesWhileDue(chat, policy, now) } : null;
};

const backingOff: Rule = (chat, policy, now) => {
  const { retryAt, retryReason } = chat;
  if (retryAt === null || retryReason === null || now >= retryAt) return null;
  const until = nextOf(now, retryAt, changesWhileDue(chat, policy, now));
  return { state: 'retrying', reason: retryReason, until };
};

/** The rules for an automatic share, in order. */
const AUTOMATIC: readonly Rule[] = [
  retired,
  operatorHeld,
  noOutbound,
  lineExcluded,
  groupExcluded,
  notIMessage,
  optedOut,
  unhealthy,
  awaitingInbound,
  shareLimit,
  insideWindow,
  idle,
  lineUnknown,
  backingOff,
];

/** The rules for a manual share: no policy, window or backoff. */
const MANUAL: readonly Rule[] = [retired, operatorHeld, noOutbound, notIMessage, optedOut, lineUnknown];

/** The first rule that applies, or `due`. */
function firstRow(rules: readonly Rule[], chat: ChatRecord, policy: Policy, now: EpochMs): Row {
  for (const rule of rules) {
    const row = rule(chat, policy, now);
    if (row !== null) return row;
  }
  const reason = lapsesAt(chat, policy) === null ? 'became_eligible' : 'window_lapsed';
  return { state: 'due', reason, until: changesWhileDue(chat, policy, now) };
}

function held(reason: ChatReason): Row {
  return { state: 'held', reason, until: null };
}

/**
 * When a due or backing-off chat changes without an event: it becomes idle, or an uncertain attempt starts to
 * count.
 */
function changesWhileDue(chat: ChatRecord, policy: Policy, now: EpochMs): EpochMs | null {
  return nextOf(now, becomesIdleAt(chat, policy, now), countsAt(chat, policy));
}

/** When an attempt with an unknown outcome starts to count, if it matters. */
function countsAt(chat: ChatRecord, policy: Policy): EpochMs | null {
  const isLimited = policy.reshare === 'once' || policy.maxSharesPerChat > 0;
  const matters = isLimited || (policy.reshareOnCardChange && chat.cardChangedAt !== null);
  return chat.uncertainAt === null || !matters ? null : chat.uncertainAt + policy.windowMs;
}

function becomesIdleAt(chat: ChatRecord, policy: Policy, now: EpochMs): EpochMs | null {
  if (policy.idleAfterMs === 0 || chat.lastOutboundAt === null) return null;
  return Math.min(chat.lastOutboundAt, now) + policy.idleAfterMs;
}
