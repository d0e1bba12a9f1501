import type { LineFacts } from './facts.ts';
import { doublingMs } from './pacing.ts';
import { type EpochMs, HOUR, MINUTE, SECOND } from './time.ts';

// What stops chats that could otherwise be shared. Each list is in order of precedence: the first hold
// in effect is the one shown. Holds of a single chat are rules in `share.ts`.

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

/** The line has no card to share. Never stored: derived from the state of the card. */
export const CARD_HOLDS = ['card_missing', 'card_inactive', 'card_unknown'] as const;

export const STORED_HOLDS = [...ACCOUNT_HOLDS, ...LINE_HOLDS] as const;

export type AccountHoldReason = (typeof ACCOUNT_HOLDS)[number];
export type LineHoldReason = (typeof LINE_HOLDS)[number];
export type CardHoldReason = (typeof CARD_HOLDS)[number];
export type StoredHoldReason = (typeof STORED_HOLDS)[number];
export type HoldReason = StoredHoldReason | CardHoldReason;
export type CardState = (typeof CARD_STATES)[number];
/** What a check of the card found. */
export type KnownCardState = Exclude<CardState, 'unknown'>;

/** A contact card as Linq lists it. `isActive`: it is on the device; only then can it be shared. */
export interface ContactCard {
  readonly line: string;
  readonly isActive: boolean;
  /** Differs if the name or the picture does; null: neither was readable. */
  readonly digest?: string | null;
}

/** Everything the program knows about a hold; the user-facing words are in `status/`. */
interface HoldTraits {
  readonly scope: 'account' | 'line';
  /**
   * `verdict`: the verdict of the same name; `streak`: calls for distinct chats failed in a row; `event`:
   * Linq reported it.
   */
  readonly openedBy: 'operator' | 'verdict' | 'streak' | 'event';
  /**
   * What ends it: time, or a successful probe after its wait. `share`: the probe shares one chat; `card_check`:
   * it checks the contact cards; `share_or_card_check`: it checks the cards if no chat is due. `line release`
   * ends any hold of a line.
   */
  readonly endedBy: 'operator' | 'time' | 'share' | 'card_check' | 'share_or_card_check';
  /** The first and the longest wait; it doubles each time a probe fails. */
  readonly waits: readonly [firstMs: number, maxMs: number] | null;
  /** A restart may have fixed the cause, so it is probed without waiting. */
  readonly isProbedAtStart: boolean;
  /** Which calls wait: only shares; or also contact-card checks; or also the reads of catching up. */
  readonly stops: 'shares' | 'card_checks' | 'reads';
}

export const HOLDS = {
  paused: {
    scope: 'account',
    openedBy: 'operator',
    endedBy: 'operator',
    waits: null,
    isProbedAtStart: false,
    stops: 'card_checks',
  },
  api_key_rejected: {
    scope: 'account',
    openedBy: 'verdict',
    endedBy: 'card_check',
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
    stops: 'shares', // only the sharing feature is affected
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
    endedBy: 'share_or_card_check',
    waits: [SECOND, MINUTE],
    isProbedAtStart: false,
    stops: 'card_checks',
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

/** Holds that end or are probed after a wait. */
export type WaitingHoldReason = Exclude<StoredHoldReason, ReasonsWith<'endedBy', 'operator'>>;

/**
 * Why the account (`scope` null) or a line is closed, as stored. It is kept after `until`, since `step` keeps
 * counting.
 */
export interface Hold {
  readonly scope: string | null;
  readonly reason: StoredHoldReason;
  readonly since: EpochMs;
  /** When it ends or is probed; null: only an operator ends it. */
  readonly until: EpochMs | null;
  /** How often it was extended; each time doubles the wait. */
  readonly step: number;
}

/**
 * One of our lines. `clearedAt`: flags that Linq raised before it no longer hold the line (a share worked, or
 * an operator said so).
 */
export interface Line extends LineFacts {
  readonly line: string;
  readonly card: CardState;
  readonly cardCheckedAt: EpochMs | null;
  readonly clearedAt: EpochMs | null;
  /** The digest of the last active card that a check found. */
  readonly cardDigest: string | null;
  /** When the card last changed, as far as the policy asked for it. */
  readonly cardChangedAt: EpochMs | null;
}

/** What a check found of a line's card. */
export interface CheckedCard extends Pick<Line, 'line' | 'card' | 'cardCheckedAt'> {
  readonly digest?: string | null;
}

/** The hold that now closes the account or a line to automatic shares. */
export interface StandingHold<Reason extends HoldReason = HoldReason> {
  readonly reason: Reason;
  readonly since: EpochMs | null;
  /** When it ends automatically or is probed next; null: neither is scheduled. */
  readonly until: EpochMs | null;
}

/** The first hold that closes the whole account, or null. */
export function accountHold(holds: readonly Hold[], now: EpochMs): StandingHold<AccountHoldReason> | null {
  for (const reason of ACCOUNT_HOLDS) {
    const standing = standingHold(holds, reason, now);
    if (standing !== null) return standing;
  }
  return null;
}

/** This hold of the account, whatever else closes the account; null if it isn't in effect. */
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

/** The first hold that also stops catching up from reading chats, or null. */
export function holdOnReads(holds: readonly Hold[], now: EpochMs): StandingHold<AccountHoldReason> | null {
  return accountHold(
    holds.filter(({ reason }) => stopsReads(reason)),
    now,
  );
}

/** True if a verdict, or the hold that it opens, makes every call wait, whatever its purpose. */
export function stopsReads(kind: string): boolean {
  return isStored(kind) && HOLDS[kind].stops === 'reads';
}

/** True if a check of the line's card ends it. */
export function isCardHold(reason: HoldReason): reason is CardHoldReason {
  return !isStored(reason);
}

function isStored(kind: string): kind is StoredHoldReason {
  return kind in HOLDS;
}

/** The holds of the account and its lines that are in effect at one moment. */
export interface StandingHolds {
  readonly account: StandingHold | null;
  /** Of the lines that have one. */
  readonly lines: ReadonlyMap<string, StandingHold>;
  /** The hold on a chat of this line (null: its line is unknown); the account's goes first. */
  of(line: string | null): StandingHold | null;
}

export function standingHolds({
  account,
  lines,
}: {
  readonly account: StandingHold | null;
  readonly lines: readonly { readonly line: Line; readonly hold: StandingHold | null }[];
}): StandingHolds {
  const held = new Map<string, StandingHold>();
  for (const { line, hold } of lines) if (hold !== null) held.set(line.line, hold);
  return {
    account,
    lines: held,
    of: (line) => account ?? (line === null ? null : (held.get(line) ?? null)),
  };
}

/** When every hold of the account has waited long enough to be probed; null: never. */
export function accountProbeAt(holds: readonly Hold[], now: EpochMs): EpochMs | null {
  const standing = holds.filter((hold) => hold.scope === null && isStanding(hold, now));
  const ends = standing.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const at = Math.max(now, ...ends);
  return Number.isFinite(at) ? at : null;
}

/**
 * The first hold that closes this line, or null. `until` is when all of its holds have waited long enough:
 * the probe of one hold must not fall into the pause of another.
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

/** A flag holds the line while it is raised; the stored hold only counts failed probes. */
function flagHold(line: Line, stored: Hold | null): Hold | null {
  const since = flaggedSince(line);
  if (since === null) return null;
  const until = Math.max(stored?.until ?? 0, since + HOLDS.line_flagged.waits[0]);
  return { scope: line.line, reason: 'line_flagged', since, until, step: 0 };
}

/** The state of a line's contact card. @param cards all cards of the account, or of the line */
export function cardStateOf(line: string, cards: readonly ContactCard[]): KnownCardState {
  const own = cards.filter((card) => card.line === line);
  if (own.some(({ isActive }) => isActive)) return 'active';
  return own.length > 0 ? 'inactive' : 'missing';
}

/** The digest of the card that is shared on this line; null: there is none, or it isn't readable. */
export function activeDigestOf(line: string, cards: readonly ContactCard[]): string | null {
  return cards.find((card) => card.line === line && card.isActive)?.digest ?? null;
}

/**
 * What a check of the card changes of the line. Only an active card counts, since no other is shared. The first one sets
 * what later ones are compared with; and a difference that a change reported since the last check explains isn't another
 * change.
 * @param isChangeNoted else nothing is kept to compare with: what changes until it is true never counts
 */
export function afterCardCheck(
  known: Pick<Line, 'cardCheckedAt' | 'cardDigest' | 'cardChangedAt'> | null,
  { card, cardCheckedAt, digest = null }: CheckedCard,
  isChangeNoted: boolean,
): Partial<Omit<Line, 'line'>> {
  const checked = { card, cardCheckedAt };
  if (!isChangeNoted) return known?.cardDigest == null ? checked : { ...checked, cardDigest: null };
  if (card !== 'active' || digest === null || digest === known?.cardDigest) return checked;
  const { cardDigest = null, cardChangedAt = null } = known ?? {};
  const isExplained = cardChangedAt !== null && cardChangedAt > (known?.cardCheckedAt ?? 0);
  const isChange = cardDigest !== null && !isExplained;
  return { ...checked, cardDigest: digest, ...(isChange ? { cardChangedAt: cardCheckedAt } : {}) };
}

/** Changes of a card in quick succession count as one: it is shared again once it has stayed the same for this long. */
export const CARD_SETTLES_MS = 2 * MINUTE;

/**
 * Which changes of cards now count. All chats have to be decided again when `mark` changes, and it may do so at `nextAt`.
 */
export function settledCardChanges(
  lines: readonly Pick<Line, 'cardChangedAt'>[],
  now: EpochMs,
): { readonly mark: string; readonly nextAt: EpochMs | null } {
  let sum = 0;
  let nextAt = Number.POSITIVE_INFINITY;
  for (const { cardChangedAt } of lines) {
    if (cardChangedAt === null) continue;
    const settledAt = cardChangedAt + CARD_SETTLES_MS;
    if (settledAt > now) nextAt = Math.min(nextAt, settledAt);
    else sum = (sum + cardChangedAt) % MARKS; // it grows with every change of any line
  }
  return { mark: sum === 0 ? '' : ` cards ${sum}`, nextAt: Number.isFinite(nextAt) ? nextAt : null };
}
/** So many sums are told apart exactly. */
const MARKS = 2 ** 52;

/** The line's card hold, whatever else closes the line; null if it has a card to share. */
export function cardHold(line: Line): StandingHold<CardHoldReason> | null {
  if (line.card === 'active') return null;
  return { reason: `card_${line.card}`, since: line.cardCheckedAt, until: null };
}

/** Pauses end with time; a probe or an operator ends the other holds. */
function isStanding(hold: Hold, now: EpochMs): boolean {
  return !endsByTime(hold.reason) || hold.until === null || now < hold.until;
}

export function endsByTime(reason: HoldReason): boolean {
  return isStored(reason) && HOLDS[reason].endedBy === 'time';
}

/** True if sharing one chat tests whether the hold still applies. */
export function isProbedByShare(
  reason: StoredHoldReason,
): reason is ReasonsWith<'endedBy', 'share' | 'share_or_card_check'> {
  const { endedBy } = HOLDS[reason];
  return endedBy === 'share' || endedBy === 'share_or_card_check';
}

/** True if checking the contact cards is a sufficient probe. */
export function isProbedByCardCheck(
  reason: StoredHoldReason,
): reason is ReasonsWith<'endedBy', 'card_check'> {
  return HOLDS[reason].endedBy === 'card_check';
}

/** A hold that the verdict of the same name opens. */
export function isVerdictHold(kind: string): kind is VerdictHoldReason {
  return isStored(kind) && HOLDS[kind].openedBy === 'verdict';
}

/** A verdict on the line of the chat: it is closed, or has no card. */
export function isAboutLine({ kind }: { readonly kind: string }): boolean {
  return kind === 'card_missing' || (isVerdictHold(kind) && HOLDS[kind].scope === 'line');
}

/** When Linq flagged the line (status FLAGGED or reputation CRITICAL), unless cleared since; else null. */
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
 * The hold after an attempt that says the account or line is closed. An attempt that was already in progress
 * when the hold began changes nothing, except that a longer `Retry-After` applies.
 * @param retryAfterMs what Linq asked for, or null; a minimum
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

/** True if an attempt that began at `startedAt` came after the hold's wait, so its success ends the hold. */
export function isProbeOf(hold: Pick<Hold, 'until'>, startedAt: EpochMs): boolean {
  return hold.until !== null && startedAt >= hold.until;
}
