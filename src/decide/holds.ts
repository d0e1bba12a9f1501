import type { LineFacts } from './facts.ts';
import { doublingMs } from './pacing.ts';
import { type EpochMs, HOUR, MINUTE, SECOND } from './time.ts';

// What holds chats that could be shared otherwise. Each list is in the order of precedence: the first hold that stands
// is the one that is shown. What holds a single chat is a rule of its own, see `share.ts`.

/** No chat of the account is shared. */
export const ACCOUNT_HOLDS = [
  'paused',
  'api_key_rejected',
  'feature_disabled',
  'rate_limited',
  'api_unavailable',
] as const;

/** No chat of the line is shared. */
export const LINE_HOLDS = ['line_not_ours', 'line_flagged', 'line_paused'] as const;

export const CARD_STATES = ['active', 'inactive', 'missing', 'unknown'] as const;

/** The line has no card to share. Never stored: they follow from the state of the card. */
export const CARD_HOLDS = ['card_missing', 'card_inactive', 'card_unknown'] as const;

export const STORED_HOLDS = [...ACCOUNT_HOLDS, ...LINE_HOLDS] as const;

export type AccountHoldReason = (typeof ACCOUNT_HOLDS)[number];
export type LineHoldReason = (typeof LINE_HOLDS)[number];
export type CardHoldReason = (typeof CARD_HOLDS)[number];
export type StoredHoldReason = (typeof STORED_HOLDS)[number];
export type HoldReason = StoredHoldReason | CardHoldReason;
export type CardState = (typeof CARD_STATES)[number];

/** All that the program knows of a hold; the words for people are in `status/`. */
interface HoldTraits {
  readonly scope: 'account' | 'line';
  /** `verdict`: the verdict of the same name; `streak`: calls for different chats failed in a row; `event`: Linq reported it. */
  readonly openedBy: 'operator' | 'verdict' | 'streak' | 'event';
  /**
   * What ends it: its time, or a successful probe once it has waited. `share`: one chat is the probe; `look`: a look at
   * the contact cards; `share_or_look`: a look if no chat is due. `line release` ends any hold of a line.
   */
  readonly endedBy: 'operator' | 'time' | 'share' | 'look' | 'share_or_look';
  /** The first and the longest wait; it doubles each time a probe fails. */
  readonly waits: readonly [firstMs: number, maxMs: number] | null;
  /** A restart may have fixed the cause, so that it probes without waiting. */
  readonly isProbedAtStart: boolean;
  /** Which calls wait: only shares, or looks at contact cards too, or also those of catching up. */
  readonly stops: 'shares' | 'looks' | 'reads';
}

export const HOLDS = {
  paused: {
    scope: 'account',
    openedBy: 'operator',
    endedBy: 'operator',
    waits: null,
    isProbedAtStart: false,
    stops: 'looks',
  },
  api_key_rejected: {
    scope: 'account',
    openedBy: 'verdict',
    endedBy: 'look',
    waits: [5 * SECOND, 5 * MINUTE],
    isProbedAtStart: true,
    stops: 'reads',
  },
  feature_disabled: {
    scope: 'account',
    openedBy: 'verdict',
    endedBy: 'share',
    waits: [HOUR, HOUR],
    isProbedAtStart: true,
    stops: 'shares', // the feature is that of sharing
  },
  rate_limited: {
    scope: 'account',
    openedBy: 'verdict',
    endedBy: 'time',
    waits: [SECOND, 15 * MINUTE],
    isProbedAtStart: false,
    stops: 'reads',
  },
  /** The breaker. */
  api_unavailable: {
    scope: 'account',
    openedBy: 'streak',
    endedBy: 'share_or_look',
    waits: [SECOND, MINUTE],
    isProbedAtStart: false,
    stops: 'looks',
  },
  line_not_ours: {
    scope: 'line',
    openedBy: 'verdict',
    endedBy: 'share',
    waits: [6 * HOUR, 6 * HOUR],
    isProbedAtStart: true,
    stops: 'shares',
  },
  line_flagged: {
    scope: 'line',
    openedBy: 'event',
    endedBy: 'share',
    waits: [6 * HOUR, 6 * HOUR],
    isProbedAtStart: false,
    stops: 'shares',
  },
  line_paused: {
    scope: 'line',
    openedBy: 'verdict',
    endedBy: 'time',
    waits: [30 * MINUTE, 6 * HOUR],
    isProbedAtStart: false,
    stops: 'shares',
  },
} as const satisfies { readonly [R in AccountHoldReason]: HoldTraits & { readonly scope: 'account' } } & {
  readonly [R in LineHoldReason]: HoldTraits & { readonly scope: 'line' };
};

type ReasonsWith<Trait extends keyof HoldTraits, Value extends HoldTraits[Trait]> = {
  [R in StoredHoldReason]: (typeof HOLDS)[R][Trait] extends Value ? R : never;
}[StoredHoldReason];

/** Opened by the verdict of the same name. */
export type VerdictHoldReason = ReasonsWith<'openedBy', 'verdict'>;

/** Those that wait and then end or are probed. */
export type WaitingHoldReason = Exclude<StoredHoldReason, ReasonsWith<'endedBy', 'operator'>>;

/** Why the account (`scope` null) or a line is closed, as it is stored. It stays on record after `until`, since `step` counts on. */
export interface Hold {
  readonly scope: string | null;
  readonly reason: StoredHoldReason;
  readonly since: EpochMs;
  /** When it ends or is probed; null: when an operator ends it. */
  readonly until: EpochMs | null;
  /** How often it was prolonged: the wait doubles with it. */
  readonly step: number;
}

/** One of our lines. `clearedAt`: flags that Linq raised up to then don't hold it any more (a share worked, or an operator said so). */
export interface Line extends LineFacts {
  readonly line: string;
  readonly card: CardState;
  readonly cardCheckedAt: EpochMs | null;
  readonly clearedAt: EpochMs | null;
}

/** The hold by which the account or a line is closed to automatic shares now. */
export interface StandingHold<Reason extends HoldReason = HoldReason> {
  readonly reason: Reason;
  readonly since: EpochMs | null;
  /** When it ends by itself or is probed next; null: neither. */
  readonly until: EpochMs | null;
}

/** The first hold for which no chat of the account may be shared, or null. */
export function accountHold(holds: readonly Hold[], now: EpochMs): StandingHold<AccountHoldReason> | null {
  for (const reason of ACCOUNT_HOLDS) {
    const standing = standingHold(holds, reason, now);
    if (standing !== null) return standing;
  }
  return null;
}

/** This hold of the account, whatever else closes it; null if it doesn't stand. */
export function standingHold<Reason extends AccountHoldReason>(
  holds: readonly Hold[],
  reason: Reason,
  now: EpochMs,
): StandingHold<Reason> | null {
  const hold = holds.find((candidate) => candidate.scope === null && candidate.reason === reason);
  return hold !== undefined && isStanding(hold, now)
    ? { reason, since: hold.since, until: hold.until }
    : null;
}

/** The first hold for which catching up may not read chats either, or null. */
export function holdOnReads(holds: readonly Hold[], now: EpochMs): StandingHold<AccountHoldReason> | null {
  return accountHold(
    holds.filter(({ reason }) => stopsReads(reason)),
    now,
  );
}

/** True if a verdict, or the hold that it opens, makes every call wait, whatever it is for. */
export function stopsReads(kind: string): boolean {
  return isStored(kind) && HOLDS[kind].stops === 'reads';
}

/** Its end is a look at the line's card. */
export function isCardHold(reason: HoldReason): reason is CardHoldReason {
  return !isStored(reason);
}

function isStored(kind: string): kind is StoredHoldReason {
  return kind in HOLDS;
}

/** When every hold of the account has waited long enough for a call that finds out whether it still stands; null: never. */
export function accountProbeAt(holds: readonly Hold[], now: EpochMs): EpochMs | null {
  const standing = holds.filter((hold) => hold.scope === null && isStanding(hold, now));
  const ends = standing.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const at = Math.max(now, ...ends);
  return Number.isFinite(at) ? at : null;
}

/**
 * The first hold for which no chat of this line may be shared, or null. `until` is when all of its holds have waited
 * long enough: the try that ends one of them must not fall into the pause of another.
 */
export function lineHold(line: Line, holds: readonly Hold[], now: EpochMs): StandingHold | null {
  const own = (reason: LineHoldReason) =>
    holds.find((hold) => hold.scope === line.line && hold.reason === reason) ?? null;
  const standing = LINE_HOLDS.flatMap((reason) => {
    const hold = reason === 'line_flagged' ? flagHold(line, own(reason)) : own(reason);
    return hold !== null && isStanding(hold, now) ? [{ ...hold, reason }] : [];
  });
  const first = standing[0];
  if (first === undefined) return cardHold(line);
  const until = Math.max(...standing.map((hold) => hold.until ?? Number.POSITIVE_INFINITY));
  return { reason: first.reason, since: first.since, until: Number.isFinite(until) ? until : null };
}

/** A flag holds as long as it stands; what is stored only counts the probes that failed. */
function flagHold(line: Line, stored: Hold | null): Hold | null {
  const since = flaggedSince(line);
  if (since === null) return null;
  const until = Math.max(stored?.until ?? 0, since + HOLDS.line_flagged.waits[0]);
  return { scope: line.line, reason: 'line_flagged', since, until, step: 0 };
}

/** The line has no card that can be shared, whatever else closes it. */
export function cardHold(line: Line): StandingHold<CardHoldReason> | null {
  if (line.card === 'active') return null;
  return { reason: `card_${line.card}`, since: line.cardCheckedAt, until: null };
}

/** Pauses end by time; the other holds when a probe or an operator ends them. */
function isStanding(hold: Hold, now: EpochMs): boolean {
  return !endsByTime(hold.reason) || hold.until === null || now < hold.until;
}

export function endsByTime(reason: HoldReason): boolean {
  return isStored(reason) && HOLDS[reason].endedBy === 'time';
}

/** One chat is shared to find out whether the hold still stands. */
export function isProbedByShare(
  reason: StoredHoldReason,
): reason is ReasonsWith<'endedBy', 'share' | 'share_or_look'> {
  const { endedBy } = HOLDS[reason];
  return endedBy === 'share' || endedBy === 'share_or_look';
}

/** Looking at contact cards is enough to find out. */
export function isProbedByLook(reason: StoredHoldReason): reason is ReasonsWith<'endedBy', 'look'> {
  return HOLDS[reason].endedBy === 'look';
}

/** A hold that the verdict of the same name opens. */
export function isVerdictHold(kind: string): kind is VerdictHoldReason {
  return isStored(kind) && HOLDS[kind].openedBy === 'verdict';
}

/** Since when Linq flags a line (status FLAGGED or reputation CRITICAL) that nothing cleared since; or null. */
export function flaggedSince(line: Line): EpochMs | null {
  const isStanding = (at: EpochMs | null) => at !== null && (line.clearedAt === null || at > line.clearedAt);
  if (line.status === 'FLAGGED' && isStanding(line.statusAt)) return line.statusAt;
  return line.reputation === 'CRITICAL' && isStanding(line.reputationAt) ? line.reputationAt : null;
}

/** True if an ACTIVE event ended this pause of its line. */
export function isLifted(hold: Hold, { line, status, statusAt }: Line): boolean {
  const isPause = hold.reason === 'line_paused' && hold.scope === line;
  return isPause && status === 'ACTIVE' && statusAt !== null && statusAt >= hold.since;
}

/**
 * The hold after an attempt that says the account or line is closed. An attempt that was under way when the hold
 * began changes nothing, except that a longer `Retry-After` counts.
 * @param retryAfterMs what Linq asked for, or null; a floor
 */
export function holdAfter(
  previous: Hold | null,
  { scope, reason }: { scope: string | null; reason: WaitingHoldReason },
  { startedAt, endedAt }: { startedAt: EpochMs; endedAt: EpochMs },
  retryAfterMs: number | null = null,
): Hold {
  const [firstMs, maxMs] = HOLDS[reason].waits;
  const waitOf = (step: number) => Math.max(doublingMs(step, firstMs, maxMs), retryAfterMs ?? 0);
  if (previous === null) return { scope, reason, since: endedAt, until: endedAt + waitOf(0), step: 0 };
  const previousUntil = previous.until ?? endedAt;
  if (startedAt < previousUntil) {
    const askedUntil = retryAfterMs === null ? previousUntil : endedAt + retryAfterMs;
    return { ...previous, until: Math.max(previousUntil, askedUntil) };
  }
  const step = previous.step + 1;
  const since = isStanding(previous, endedAt) ? previous.since : endedAt;
  return { ...previous, since, until: endedAt + waitOf(step), step };
}

/** True if an attempt that began at `startedAt` was made after the hold's wait, so that its success ends the hold. */
export function isProbeOf(hold: Pick<Hold, 'until'>, startedAt: EpochMs): boolean {
  return hold.until !== null && startedAt >= hold.until;
}
