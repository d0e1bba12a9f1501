import type { ChatReason, ChatRecord, ChatState } from './chat.ts';
import type { LineFacts } from './facts.ts';
import { doublingMs } from './pacing.ts';
import { type EpochMs, HOUR, MINUTE, SECOND } from './time.ts';

/** Why the account (`scope` null) or a line is closed. A hold stays on record after `until`, since `step` counts on. */
export interface Hold {
  readonly scope: string | null;
  readonly reason: HoldReason;
  readonly since: EpochMs;
  /** When it ends or is probed; null: when an operator ends it. */
  readonly until: EpochMs | null;
  /** How often it was prolonged: the wait doubles with it. */
  readonly step: number;
}

export type AccountHoldReason =
  | 'paused'
  | 'api_key_rejected'
  | 'feature_disabled'
  | 'rate_limited'
  | 'api_unavailable';
export type LineHoldReason = 'line_not_ours' | 'line_flagged' | 'line_paused';
export type HoldReason = AccountHoldReason | LineHoldReason;

export type CardState = 'active' | 'inactive' | 'missing' | 'unknown';

/** One of our lines. `clearedAt`: flags that Linq raised up to then don't hold it any more (a share worked, or an operator said so). */
export interface Line extends LineFacts {
  readonly line: string;
  readonly card: CardState;
  readonly cardCheckedAt: EpochMs | null;
  readonly clearedAt: EpochMs | null;
}

/** Why an account or a line is closed to automatic shares. */
export type ClosedReason = HoldReason | 'line_unknown' | 'card_missing' | 'card_inactive' | 'card_unknown';

export interface Closure {
  readonly reason: ClosedReason;
  readonly since: EpochMs | null;
  /** When it ends by itself or is probed next; null: neither. */
  readonly until: EpochMs | null;
}

/** First wait and longest wait of each hold; it doubles each time a probe fails. */
const WAITS: Readonly<Record<Exclude<HoldReason, 'paused'>, readonly [firstMs: number, maxMs: number]>> = {
  api_key_rejected: [5 * SECOND, 5 * MINUTE],
  feature_disabled: [HOUR, HOUR],
  rate_limited: [SECOND, 15 * MINUTE],
  api_unavailable: [SECOND, MINUTE],
  line_not_ours: [6 * HOUR, 6 * HOUR],
  line_flagged: [6 * HOUR, 6 * HOUR],
  line_paused: [30 * MINUTE, 6 * HOUR],
};

const ACCOUNT_ORDER: readonly HoldReason[] = [
  'paused',
  'api_key_rejected',
  'feature_disabled',
  'rate_limited',
  'api_unavailable',
];

/** The first reason for which no chat of the account may be shared, or null. */
export function accountClosure(holds: readonly Hold[], now: EpochMs): Closure | null {
  for (const reason of ACCOUNT_ORDER) {
    const hold = holds.find((candidate) => candidate.scope === null && candidate.reason === reason);
    if (hold !== undefined && isHolding(hold, now)) return hold as Closure;
  }
  return null;
}

/** When every hold of the account has waited long enough for a call that finds out whether it still stands; null: never. */
export function accountProbeAt(holds: readonly Hold[], now: EpochMs): EpochMs | null {
  const standing = holds.filter((hold) => hold.scope === null && isHolding(hold, now));
  const ends = standing.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const at = Math.max(now, ...ends);
  return Number.isFinite(at) ? at : null;
}

/**
 * The first reason for which no chat of this line may be shared, or null. `until` is when all of its holds have waited
 * long enough: the try that ends one of them must not fall into the pause of another.
 */
export function lineClosure(line: Line, holds: readonly Hold[], now: EpochMs): Closure | null {
  const standing = standingHolds(line, holds, now);
  const first = standing[0];
  if (first === undefined) return cardClosure(line);
  const until = Math.max(...standing.map(({ until }) => until));
  return { ...first, until: Number.isFinite(until) ? until : null };
}

interface StandingHold {
  readonly reason: LineHoldReason;
  readonly since: EpochMs;
  readonly until: EpochMs;
}

function standingHolds(line: Line, holds: readonly Hold[], now: EpochMs): readonly StandingHold[] {
  const standing: StandingHold[] = [];
  const own = (reason: LineHoldReason) =>
    holds.find((hold) => hold.scope === line.line && hold.reason === reason);
  const add = (reason: LineHoldReason, since: EpochMs, until: EpochMs | null) =>
    standing.push({ reason, since, until: until ?? Number.POSITIVE_INFINITY });
  const notOurs = own('line_not_ours');
  if (notOurs !== undefined) add('line_not_ours', notOurs.since, notOurs.until);
  const flaggedAt = flaggedSince(line);
  if (flaggedAt !== null) {
    const until = Math.max(own('line_flagged')?.until ?? 0, flaggedAt + WAITS.line_flagged[0]);
    add('line_flagged', flaggedAt, until);
  }
  const paused = own('line_paused');
  if (paused !== undefined && isHolding(paused, now)) add('line_paused', paused.since, paused.until);
  return standing;
}

/** Closed for lack of a usable card, whatever else closes the line. */
export function cardClosure(line: Line): Closure | null {
  if (line.card === 'active') return null;
  return { reason: `card_${line.card}`, since: line.cardCheckedAt, until: null };
}

/** Pauses end by time; the other holds until a probe or an operator ends them. */
function isHolding(hold: Hold, now: EpochMs): boolean {
  const endsByTime = hold.reason === 'rate_limited' || hold.reason === 'line_paused';
  return !endsByTime || hold.until === null || now < hold.until;
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
  { scope, reason }: { scope: string | null; reason: Exclude<HoldReason, 'paused'> },
  { startedAt, endedAt }: { startedAt: EpochMs; endedAt: EpochMs },
  retryAfterMs: number | null = null,
): Hold {
  const [firstMs, maxMs] = WAITS[reason];
  const waitOf = (step: number) => Math.max(doublingMs(step, firstMs, maxMs), retryAfterMs ?? 0);
  if (previous === null) return { scope, reason, since: endedAt, until: endedAt + waitOf(0), step: 0 };
  const previousUntil = previous.until ?? endedAt;
  if (startedAt < previousUntil) {
    const askedUntil = retryAfterMs === null ? previousUntil : endedAt + retryAfterMs;
    return { ...previous, until: Math.max(previousUntil, askedUntil) };
  }
  const step = previous.step + 1;
  const since = isHolding(previous, endedAt) ? previous.since : endedAt;
  return { ...previous, since, until: endedAt + waitOf(step), step };
}

/** True if an attempt that began at `startedAt` was made after the hold's wait, so that its success ends the hold. */
export function isProbeOf(hold: Hold, startedAt: EpochMs): boolean {
  return hold.until !== null && startedAt >= hold.until;
}

export interface ShownDecision {
  readonly state: ChatState;
  readonly reason: ChatReason | ClosedReason;
  readonly nextAttemptAt: EpochMs | null;
}

/** States that an account's or a line's closure covers: the chat itself would be shared, or tried again. */
export const COVERED_STATES: readonly ChatState[] = ['due', 'retrying'];

/** The only reason to hold a chat that comes after what closes the account; such a chat has no line that could be closed. */
export const COVERED_REASON: ChatReason = 'line_unknown';

/** Lays what closes the account or the line over a chat's own decision. */
export function layOver(
  decision: Pick<ChatRecord, 'state' | 'reason' | 'nextAttemptAt'>,
  closure: Closure | null,
): ShownDecision {
  const { state, reason, nextAttemptAt } = decision;
  if (state === 'sharing') return { state, reason, nextAttemptAt: null };
  const isLineUnknown = state === 'held' && reason === COVERED_REASON;
  if (closure === null || !(COVERED_STATES.includes(state) || isLineUnknown))
    return { state, reason, nextAttemptAt };
  if (isLineUnknown) return { state, reason: closure.reason, nextAttemptAt };
  const endsByTime = closure.reason === 'rate_limited' || closure.reason === 'line_paused';
  const until = endsByTime ? closure.until : null;
  return {
    state: 'held',
    reason: closure.reason,
    nextAttemptAt: until === null ? null : Math.max(until, nextAttemptAt ?? until),
  };
}
