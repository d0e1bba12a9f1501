import type { ChatReason, ChatRecord, ChatState } from './chat.ts';
import type { EpochMs } from './duration.ts';
import { isIMessage, latest } from './facts.ts';
import type { Policy } from './policy.ts';

/** What a rule that applies says of a chat. */
export interface Row {
  readonly state: ChatState;
  readonly reason: ChatReason;
  /** When time alone may end this row; null: it won't. */
  readonly until: EpochMs | null;
}

type Rule = (chat: ChatRecord, policy: Policy, now: EpochMs) => Row | null;

/** When the recipient last opted out (by word, by health, by Linq's refusal); null: never, or health took it back. */
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

/** Shares as far as limits count them: an attempt without known outcome counts once its window is over. */
export function countedShares(chat: ChatRecord, policy: Policy, now: EpochMs): number {
  const isLate = chat.uncertainAt !== null && now >= chat.uncertainAt + policy.windowMs;
  return chat.shareCount + (isLate ? 1 : 0);
}

const retired: Rule = (chat, policy, now) => {
  const { lastOutboundAt, joinedAt, leftAt, retiredAt, retiredReason } = chat;
  const isAddedSince = (at: EpochMs) => joinedAt !== null && joinedAt > at;
  if (retiredAt !== null && retiredReason !== null && !isAddedSince(retiredAt)) {
    const hasOutbound = lastOutboundAt !== null && lastOutboundAt > retiredAt;
    const endsAt = retiredAt + policy.windowMs;
    if (!hasOutbound) return { state: 'retired', reason: retiredReason, until: null };
    if (now < endsAt) return { state: 'retired', reason: retiredReason, until: endsAt };
  }
  const hasLeft =
    leftAt !== null && !isAddedSince(leftAt) && (lastOutboundAt === null || lastOutboundAt <= leftAt);
  return hasLeft ? { state: 'retired', reason: 'chat_left', until: null } : null;
};

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
  const isBack = chat.optedInAt !== null && Math.min(chat.optedInAt, now) > Math.min(outAt, now);
  return isBack ? null : held('opted_out');
};

const unhealthy: Rule = (chat, policy) => {
  const isFine = chat.health === null || chat.health === 'HEALTHY' || chat.health === 'OPTED_OUT';
  return isFine || (chat.health === 'AT_RISK' && !policy.holdAtRisk) ? null : held('chat_health');
};

const awaitingInbound: Rule = (chat, policy) =>
  policy.requireInbound && chat.lastInboundAt === null ? held('awaiting_inbound') : null;

const enough: Rule = (chat, policy, now) => {
  const shares = countedShares(chat, policy, now);
  if (policy.reshare === 'once' && shares > 0) return { state: 'done', reason: 'shared_once', until: null };
  const isLimit = policy.maxSharesPerChat > 0 && shares >= policy.maxSharesPerChat;
  return isLimit ? { state: 'done', reason: 'share_limit', until: null } : null;
};

const insideWindow: Rule = (chat, policy, now) => {
  const lapse = lapsesAt(chat, policy);
  return lapse !== null && now < lapse ? { state: 'waiting', reason: 'window', until: lapse } : null;
};

const idle: Rule = (chat, policy, now) => {
  const idleAt = becomesIdleAt(chat, policy, now);
  const startedAt = chat.lastShareStartedAt;
  const isAnswered =
    policy.reshare === 'active' && startedAt !== null && Math.min(chat.lastOutboundAt ?? 0, now) < startedAt;
  const isIdle = isAnswered || (idleAt !== null && now >= idleAt);
  return isIdle ? { state: 'idle', reason: 'no_recent_outbound', until: null } : null;
};

const lineUnknown: Rule = (chat) =>
  chat.line === null && chat.lookedUpAt !== null ? held('line_unknown') : null;

const backingOff: Rule = (chat, policy, now) => {
  const { retryAt, retryReason } = chat;
  if (retryAt === null || retryReason === null || now >= retryAt) return null;
  const until = earliestOf([retryAt, ...changesWhileDue(chat, policy, now)]);
  return { state: 'retrying', reason: retryReason, until };
};

/** The rules of an automatic share, in their order. */
export const AUTOMATIC: readonly Rule[] = [
  retired,
  operatorHeld,
  noOutbound,
  lineExcluded,
  groupExcluded,
  notIMessage,
  optedOut,
  unhealthy,
  awaitingInbound,
  enough,
  insideWindow,
  idle,
  lineUnknown,
  backingOff,
];

/** The rules that an operator's own share obeys: neither policy, window nor backoff. */
export const MANUAL: readonly Rule[] = [
  retired,
  operatorHeld,
  noOutbound,
  notIMessage,
  optedOut,
  lineUnknown,
];

/** The first rule that applies, or `due`. */
export function firstRow(rules: readonly Rule[], chat: ChatRecord, policy: Policy, now: EpochMs): Row {
  for (const rule of rules) {
    const row = rule(chat, policy, now);
    if (row !== null) return row;
  }
  const reason = lapsesAt(chat, policy) === null ? 'became_eligible' : 'window_lapsed';
  return { state: 'due', reason, until: earliestOf(changesWhileDue(chat, policy, now)) };
}

function held(reason: ChatReason): Row {
  return { state: 'held', reason, until: null };
}

/** What time may change of a chat that is due or backing off: it becomes idle, or an uncertain attempt starts to count. */
function changesWhileDue(chat: ChatRecord, policy: Policy, now: EpochMs): EpochMs[] {
  const isLimited = policy.reshare === 'once' || policy.maxSharesPerChat > 0;
  const countsAt = chat.uncertainAt === null || !isLimited ? null : chat.uncertainAt + policy.windowMs;
  return [becomesIdleAt(chat, policy, now), countsAt].filter((at) => at !== null && at > now) as EpochMs[];
}

function becomesIdleAt(chat: ChatRecord, policy: Policy, now: EpochMs): EpochMs | null {
  if (policy.idleAfterMs === 0 || chat.lastOutboundAt === null) return null;
  return Math.min(chat.lastOutboundAt, now) + policy.idleAfterMs;
}

function earliestOf(instants: readonly EpochMs[]): EpochMs | null {
  return instants.length === 0 ? null : Math.min(...instants);
}
