import {
  type AccountHoldReason,
  accountProbeAt,
  cardHold,
  isProbedByShare,
  isProbeOf,
  type Line,
} from '../decide/holds.ts';
import { type Pace, pace, type Starts } from '../decide/pacing.ts';
import type { EpochMs } from '../decide/time.ts';
import type { QueueHead } from '../store/store.ts';
import type { ClaimedLine, Probe } from '../store/turn.ts';
import type { Cards } from './card-checks.ts';
import type { HoldBook } from './hold-book.ts';

export interface PlanInput {
  readonly now: EpochMs;
  /** The earliest claimable instant of each line. */
  readonly heads: readonly QueueHead[];
  readonly book: HoldBook;
  readonly cards: Cards;
  readonly starts: ReadonlyMap<string, Starts>;
  readonly ratePerLine: number;
  /** How many attempts may start now. */
  readonly free: number;
  /** From `at` on, an untried chat that became due after `since` may probe the breaker early. */
  readonly untried: { readonly at: EpochMs; readonly since: EpochMs };
  readonly inFlight: number;
  /** Those of them whose chats hadn't failed before. */
  readonly untriedInFlight: number;
  readonly inFlightOf: (line: string) => number;
  /** A card check is running. */
  readonly isCheckingCards: boolean;
  /** Another replica probes what is closed, and checks the cards that can't be shared. */
  readonly isFollower: boolean;
  /**
   * Nothing starts automatically: the clock isn't trusted, its correction hasn't reached all chats, or a call
   * outlasts its lease.
   */
  readonly isHalted: boolean;
}

export interface Plan {
  readonly lines: readonly ClaimedLine[];
  readonly total: number;
  readonly probe: Probe;
  readonly checkCards: readonly string[];
  /**
   * When to plan again at the latest, unless new facts or ending calls come first; null: nothing to wait for.
   */
  readonly nextAt: EpochMs | null;
}

/**
 * Plans which lines may start attempts now and how many, whose cards to check first, and when to plan again.
 */
export function planTurn(input: PlanInput): Plan {
  const { now, book, cards, free } = input;
  const account = book.accountHold(now);
  const probeAt = accountProbeAt(book.all(), now);
  // a probe that is due now has no time to wait for; wait for its end instead
  const nextProbeAt = probeAt === now ? null : probeAt;
  const mode = account === null ? 'open' : probeMode(account.reason, probeAt === now, input);
  if (mode === 'closed') {
    const untriedAt = account?.reason === 'api_unavailable' ? input.untried.at : null;
    return { ...NOTHING, nextAt: earliest([nextProbeAt, untriedAt], now) };
  }
  const isProbe = mode !== 'open';
  const isUntriedOnly = mode === 'untried';
  // chats that always fail may stand at either end of the queue
  const isNewestFirst = isUntriedOnly || (book.find(null, 'api_unavailable')?.step ?? 1) % 2 === 0;
  const probe: Probe = { isNewestFirst, untriedSince: isUntriedOnly ? input.untried.since : null };
  const wakeAts: (EpochMs | null)[] = [];
  const lines: ClaimedLine[] = [];
  const checkCards = watchedCards(input, wakeAts);
  for (const { line, nextAttemptAt } of input.heads) {
    if (nextAttemptAt > now) {
      wakeAts.push(nextAttemptAt);
      continue;
    }
    if (input.isHalted) continue;
    if (line === null) {
      lines.push({ line, limit: free, isProbe });
      continue;
    }
    if (!cards.isFresh(line, now)) {
      if (input.isFollower && isUnusable(book.line(line))) continue;
      if (cards.isCheckDue(line, now)) checkCards.push(line);
      else wakeAts.push(cards.checkAt(line));
      continue;
    }
    const { limit, nextAt, isProbe: isLineProbe } = openingOf(line, input);
    wakeAts.push(nextAt);
    if (limit > 0) lines.push({ line, limit, isProbe: isProbe || isLineProbe });
  }
  const toCheck = [...new Set(checkCards)];
  const nextAt = earliest(wakeAts, now);
  if (!isProbe) return { lines, total: free, probe, checkCards: toCheck, nextAt };
  // chats that failed on one line mustn't keep untried ones of another from the card check that they need
  const mayCheck = !input.isCheckingCards && (lines.length === 0 || isUntriedOnly);

  return {
    lines,
    total: Math.min(free, 1),
    probe,
    checkCards: mayCheck ? toCheck.slice(0, 1) : [],
    nextAt: earliest([nextAt, nextProbeAt], now),
  };
}

/**
 * Whether a closed account may be probed with a chat now: one probe at a time, with any chat, or between
 * those probes only with one that hasn't failed yet.
 */
function probeMode(
  reason: AccountHoldReason,
  isTime: boolean,
  input: PlanInput,
): 'any' | 'untried' | 'closed' {
  if (input.isFollower) return 'closed';
  if (isProbedByShare(reason) && isTime && input.inFlight === 0 && !input.isCheckingCards) return 'any';
  const mayTry = reason === 'api_unavailable' && input.now >= input.untried.at;
  return mayTry && input.untriedInFlight === 0 ? 'untried' : 'closed';
}

const NOTHING: Plan = { lines: [], total: 0, probe: {}, checkCards: [], nextAt: null };

/** How many attempts may start now on a line with a known card, and when more may. */
function openingOf(
  line: string,
  input: PlanInput,
): { limit: number; nextAt: EpochMs | null; isProbe: boolean } {
  const { now, book } = input;
  const hold = book.lineHold(line, now);
  if (hold !== null) {
    const isProbe = isProbeOf(hold, now);
    if (!isProbe) return { limit: 0, nextAt: hold.until, isProbe };
    if (input.isFollower) return { limit: 0, nextAt: null, isProbe };
    const known = book.line(line);
    const isCardless = known !== null && cardHold(known) !== null; // a card check ends that
    if (isCardless || input.inFlightOf(line) > 0) return { limit: 0, nextAt: null, isProbe };
  }
  const { available, nextAt }: Pace = pace(input.starts.get(line) ?? [], input.ratePerLine, now);
  const limit = Math.min(input.free, available, hold === null ? Number.POSITIVE_INFINITY : 1);
  return { limit, nextAt: available > 0 ? null : nextAt, isProbe: hold !== null };
}

/**
 * Unusable and changed cards are checked even if no chat needs it, so that their problem ends automatically. Only the
 * replica that heard of a change knows of it.
 */
function watchedCards({ now, book, cards, isFollower }: PlanInput, wakeAts: (EpochMs | null)[]): string[] {
  const watched = book
    .lines()
    .filter((known) => (!isFollower && isUnusable(known)) || cards.isWanted(known.line));
  for (const { line } of watched) wakeAts.push(cards.checkAt(line));
  return watched.filter(({ line }) => cards.isCheckDue(line, now)).map(({ line }) => line);
}

function isUnusable(line: Line | null): boolean {
  return line !== null && (line.card === 'missing' || line.card === 'inactive');
}

/**
 * The earliest future instant. What could already have begun but hasn't lacks capacity: it waits for another
 * call to end, not for an instant.
 */
function earliest(instants: readonly (EpochMs | null)[], now: EpochMs): EpochMs | null {
  const ahead = instants.filter((at): at is EpochMs => at !== null && at > now);
  return ahead.length === 0 ? null : Math.min(...ahead);
}
