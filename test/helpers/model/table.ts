import type { Policy } from '../../../src/decide/policy.ts';
import type { Told } from './told.ts';

/** What attempts and operators did to a chat, as an onlooker knows it. */
export interface Past {
  /** End and start of the last acknowledged share. */
  readonly sharedAt: number | null;
  readonly shareStartedAt: number | null;
  readonly shares: number;
  /** Start of the earliest attempt since the last acknowledged share whose call may have arrived unanswered. */
  readonly uncertainAt: number | null;
  readonly pretendedAt: number | null;
  readonly restoredAt: number | null;
  /** Linq refused the chat for good. */
  readonly refusal: { readonly at: number; readonly reason: string } | null;
  readonly optOutRefusedAt: number | null;
  readonly isHeld: boolean;
  readonly isParked: boolean;
  readonly isBlocked: boolean;
  readonly failures: number;
  readonly retry: { readonly until: number; readonly reason: 'backoff' | 'rejected' } | null;
  readonly interruptions: number;
  /** The API was asked, and no event told anything since. */
  readonly wasAsked: boolean;
  /** When the card of the chat's line was last seen to change. */
  readonly cardChangedAt: number | null;
}

export const NO_PAST: Past = {
  sharedAt: null,
  shareStartedAt: null,
  shares: 0,
  uncertainAt: null,
  pretendedAt: null,
  restoredAt: null,
  refusal: null,
  optOutRefusedAt: null,
  isHeld: false,
  isParked: false,
  isBlocked: false,
  failures: 0,
  retry: null,
  interruptions: 0,
  wasAsked: false,
  cardChangedAt: null,
};

/**
 * State and reason of a chat as the published table of rules has them, row by row from the top: written down a second
 * time, from the table and not from the program. What closes the account or a line isn't in it.
 */
export function rowOf(told: Told, past: Past, policy: Policy, now: number): string {
  /** What lies ahead is read as now. */
  const read = (at: number | null) => (at === null ? Number.NEGATIVE_INFINITY : Math.min(at, now));
  const within = (at: number | null, ms: number) => at !== null && now < at + ms;
  const { refusal } = past;
  const lastOutboundAt = read(told.lastOutboundAt);
  const joinedAt = read(told.joinedAt);

  const isRefused =
    refusal !== null &&
    joinedAt <= refusal.at &&
    (lastOutboundAt <= refusal.at || within(refusal.at, policy.windowMs));
  const isGone = told.leftAt !== null && read(told.leftAt) >= Math.max(joinedAt, lastOutboundAt);

  const status = told.health?.value ?? 'HEALTHY';
  const optedOutAt = Math.max(
    read(told.optOutWordAt),
    read(past.optOutRefusedAt),
    status === 'OPTED_OUT' ? read(told.health?.at ?? null) : Number.NEGATIVE_INFINITY,
  );
  const isOptedOut = Number.isFinite(optedOutAt) && optedOutAt >= read(told.optedInAt);
  const isUnhealthy = !['HEALTHY', 'OPTED_OUT', ...(policy.holdAtRisk ? [] : ['AT_RISK'])].includes(status);

  const { line, service, isGroup } = told;
  const isOtherService = service === null ? past.wasAsked : !/^imessage$/i.test(service.value);
  const isGroupOrUnknown = isGroup === null ? past.wasAsked : isGroup.value;

  const isCounted = past.uncertainAt !== null && !within(past.uncertainAt, policy.windowMs);
  const shares = past.shares + (isCounted ? 1 : 0);
  const { maxSharesPerChat, idleAfterMs } = policy;

  const isPretended = policy.dryRun && past.pretendedAt !== null;
  const lapseAt = Math.max(past.sharedAt ?? 0, isPretended ? (past.pretendedAt ?? 0) : 0) + policy.windowMs;
  const wasShared = past.sharedAt !== null || isPretended;
  const restoreAt = past.restoredAt === null ? 0 : past.restoredAt + policy.windowMs;

  const { cardChangedAt } = past;
  const givenAt = Math.max(
    past.shareStartedAt ?? (past.shares > 0 ? 0 : Number.NEGATIVE_INFINITY),
    isCounted ? (past.uncertainAt ?? 0) : Number.NEGATIVE_INFINITY,
    isPretended ? (past.pretendedAt ?? 0) : Number.NEGATIVE_INFINITY,
  );
  const hasEarlierCard = cardChangedAt !== null && Number.isFinite(givenAt) && givenAt < cardChangedAt;
  const mayHaveNewCard = policy.reshareOnCardChange && hasEarlierCard && now >= cardChangedAt + 2 * 60_000;

  const isIdle =
    (idleAfterMs > 0 && now - lastOutboundAt >= idleAfterMs) ||
    (policy.reshare === 'active' &&
      !mayHaveNewCard &&
      past.shareStartedAt !== null &&
      lastOutboundAt < past.shareStartedAt);

  const rows: readonly (readonly [boolean, string])[] = [
    [isRefused, `retired ${refusal?.reason}`],
    [isGone, 'retired chat_left'],
    [past.isHeld, 'held operator'],
    [past.isParked, 'held parked'],
    [past.isBlocked, 'held recipient_blocked'],
    [told.firstOutboundAt === null, 'held no_outbound'],
    [policy.lines !== null && line !== null && !policy.lines.has(line.value), 'held line_excluded'],
    [!policy.shareGroups && isGroupOrUnknown, 'held group_excluded'],
    [isOtherService, 'held not_imessage'],
    [isOptedOut, 'held opted_out'],
    [isUnhealthy, 'held chat_health'],
    [policy.requireInbound && told.lastInboundAt === null, 'held awaiting_inbound'],
    [!mayHaveNewCard && policy.reshare === 'once' && shares > 0, 'done shared_once'],
    [!mayHaveNewCard && maxSharesPerChat > 0 && shares >= maxSharesPerChat, 'done share_limit'],
    [wasShared && now < lapseAt && lapseAt >= restoreAt, 'waiting window'],
    [now < restoreAt, 'waiting restored'],
    [wasShared && now < lapseAt, 'waiting window'],
    [isIdle, 'idle no_recent_outbound'],
    [line === null && past.wasAsked, 'held line_unknown'],
    [past.retry !== null && now < past.retry.until, `retrying ${past.retry?.reason}`],
    [wasShared, 'due window_lapsed'],
  ];
  return rows.find(([applies]) => applies)?.[1] ?? 'due became_eligible';
}

/** The same for an operator's own share, which asks neither settings nor window nor backoff. */
export function rowByHand(told: Told, past: Past, { windowMs }: Policy, now: number): string {
  const optedOut = told.health?.value === 'OPTED_OUT' ? told.health : null;
  const free = { ...past, sharedAt: null, uncertainAt: null, restoredAt: null, retry: null };
  return rowOf({ ...told, health: optedOut }, free, { ...ANYTHING, windowMs }, now);
}

const ANYTHING = {
  reshare: 'daily',
  idleAfterMs: 0,
  maxSharesPerChat: 0,
  reshareOnCardChange: false,
  requireInbound: false,
  shareGroups: true,
  holdAtRisk: false,
  lines: null,
  dryRun: false,
} as const;
