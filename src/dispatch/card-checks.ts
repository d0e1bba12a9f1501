import type { Clock } from '../clock.ts';
import {
  accountHold,
  accountProbeAt,
  activeDigestOf,
  type CardState,
  type CheckedCard,
  cardHold,
  cardStateOf,
  HOLDS,
  type Line,
} from '../decide/holds.ts';
import { classifyAnswer } from '../decide/outcome.ts';
import { backoffMs } from '../decide/pacing.ts';
import { type EpochMs, HOUR, MINUTE, SECOND } from '../decide/time.ts';
import type { Log } from '../log.ts';
import type { QueueHead } from '../store/store.ts';
import type { ClockGuard } from './clock-guard.ts';
import type { HoldBook } from './hold-book.ts';
import type { Call, HoldKeeper } from './hold-keeper.ts';
import type { LinqCalls } from './ports.ts';

/** Concurrent card checks, so that an account with many lines doesn't delay shares and probes. */
const MAX_CHECKS = 4;

export type CardChecks = ReturnType<typeof createCardChecks>;

/** Checks contact cards in the background; the dispatcher's next turn writes the results. */
export function createCardChecks({
  linq,
  keeper,
  book,
  cards,
  clock,
  log,
  signal,
  onDone,
}: {
  linq: LinqCalls;
  keeper: Pick<HoldKeeper, 'heard' | 'reached'>;
  book: HoldBook;
  cards: Cards;
  clock: Clock;
  log: Log;
  /** Aborts the running checks. */
  signal: AbortSignal;
  onDone: () => void;
}) {
  let found: CheckedCard[] = [];
  const running = new Set<Promise<void>>();

  async function check(line: string | null, startedAt: EpochMs, isOnlyProbe: boolean): Promise<void> {
    const isFirst = line !== null && !cards.hasFailed(line);
    const answer = await linq.contactCards(line, signal);
    const call: Call = {
      chatId: null,
      line,
      isFirst,
      wasUndone: false,
      startedAt,
      endedAt: clock.now(),
    };
    if (answer.kind === 'cards') {
      keeper.reached(call, isOnlyProbe);
      if (line === null) return;
      note(line, cardStateOf(line, answer.cards), activeDigestOf(line, answer.cards), call.endedAt);
      return;
    }
    if (signal.aborted && answer.answer.kind === 'unanswered') return; // aborted by us
    const verdict = classifyAnswer(answer.answer);
    keeper.heard(verdict, call);
    const retryAfterMs = verdict.kind === 'transient' ? verdict.retryAfterMs : null;
    if (line !== null) cards.failed(line, call.endedAt, retryAfterMs);
    log.warn({ verdict: verdict.kind, isAllLines: line === null }, 'card.check_failed');
  }

  function note(line: string, card: CardState, digest: string | null, checkedAt: EpochMs): void {
    cards.checked(line, card, checkedAt);
    if (book.line(line)?.card !== card) log.info({ card }, 'card.checked');
    book.setCard(line, card, checkedAt);
    found.push({ line, card, cardCheckedAt: checkedAt, digest });
  }

  return {
    /**
     * The end of a check triggers the next turn, which requests again the checks that didn't fit.
     * @param line null: all lines at once, to see whether Linq answers
     * @param isOnlyProbe no chat can be tried soon, whose share would show more
     */
    start(line: string | null, now: EpochMs, isOnlyProbe = false): void {
      if (line !== null && running.size >= MAX_CHECKS) return;
      if (line !== null) cards.checking(line);
      const run = check(line, now, isOnlyProbe).finally(() => {
        running.delete(run);
        onDone();
      });
      running.add(run);
    },
    isRunning: (): boolean => running.size > 0,
    /** A share was refused because the line has no card. */
    refused(line: string, now: EpochMs): void {
      cards.missing(line, now);
      book.setCard(line, 'missing', now);
      found.push({ line, card: 'missing', cardCheckedAt: now });
    },
    /** What the next turn has to write, in the order of the checks. */
    found: (): readonly CheckedCard[] => found,
    takeFound(): readonly CheckedCard[] {
      const taken = found;
      found = [];
      return taken;
    },
    giveBack: (taken: readonly CheckedCard[]): void => {
      found = [...taken, ...found];
    },
    settled: (): Promise<unknown> => Promise.allSettled(running),
  };
}

/** A missing or inactive card is rechecked after at most this, so that a newly set-up card is used soon. */
const RECHECK_MS = 2 * MINUTE;

/** The replica that checked a card may check it again before the others do, so that one call serves all. */
const FOLLOWED_MS = 5 * SECOND;

export type Cards = ReturnType<typeof createCards>;

interface Cached {
  readonly state: CardState;
  /** 0: never, as far as we know. */
  readonly checkedAt: EpochMs;
  /** When the card is checked next. */
  readonly checkAt: EpochMs;
  readonly failures: number;
  readonly isChecking: boolean;
  /** A check is wanted whether or not a chat needs it. */
  readonly isWanted: boolean;
  /** The running check began before the request, so it may miss the change. */
  readonly isOutdated: boolean;
}

const UNKNOWN: Cached = {
  state: 'unknown',
  checkedAt: 0,
  checkAt: 0,
  failures: 0,
  isChecking: false,
  isWanted: false,
  isOutdated: false,
};

/**
 * What we know about each line's contact card, and when to check it next. Lost at a restart, which checks
 * again.
 */
export function createCards({ ttlMs, random }: { ttlMs: number; random: () => number }) {
  const cached = new Map<string, Cached>();
  const of = (line: string): Cached => cached.get(line) ?? UNKNOWN;
  const freshMs = (state: CardState) => (state === 'active' ? ttlMs : Math.min(ttlMs, RECHECK_MS));
  /**
   * Linq has answered a call of ours. Until then no share begins, whatever other replicas have found: the answer shows
   * whether the clock by which chats seem due is right.
   */
  let hasAnswer = false;
  const checkAtOf = (line: string): EpochMs => {
    const { checkAt, failures } = of(line);
    return hasAnswer || failures > 0 ? checkAt : 0;
  };

  return {
    isFresh: (line: string, now: EpochMs): boolean =>
      hasAnswer && of(line).state !== 'unknown' && now < of(line).checkAt,
    isCheckDue: (line: string, now: EpochMs): boolean => !of(line).isChecking && now >= checkAtOf(line),
    /** When the line's card is checked next; null: a check is running. */
    checkAt: (line: string): EpochMs | null => (of(line).isChecking ? null : checkAtOf(line)),
    isWanted: (line: string): boolean => of(line).isWanted,
    /** The last check of it failed. */
    hasFailed: (line: string): boolean => of(line).failures > 0,
    checking: (line: string): void =>
      void cached.set(line, { ...of(line), isChecking: true, isOutdated: false }),
    checked(line: string, state: CardState, now: EpochMs): void {
      const { isOutdated } = of(line);
      hasAnswer = true;
      cached.set(line, {
        ...UNKNOWN,
        state,
        checkedAt: now,
        checkAt: isOutdated ? now : now + freshMs(state),
        isWanted: isOutdated,
      });
    },
    /** What is stored of a line may be newer than what we know: another replica checked its card. */
    adopt({ line, card, cardCheckedAt }: Pick<Line, 'line' | 'card' | 'cardCheckedAt'>): void {
      const { isChecking, isWanted, checkedAt } = of(line);
      const isNews = card !== 'unknown' && cardCheckedAt !== null && cardCheckedAt > checkedAt;
      if (!isNews || isChecking || isWanted) return;
      const checkAt = cardCheckedAt + freshMs(card) + FOLLOWED_MS;
      cached.set(line, { ...UNKNOWN, state: card, checkedAt: cardCheckedAt, checkAt });
    },
    failed(line: string, now: EpochMs, retryAfterMs: number | null): void {
      const failures = of(line).failures + 1;
      const checkAt = now + backoffMs(failures, retryAfterMs, random());
      cached.set(line, { ...of(line), checkAt, failures, isChecking: false });
    },
    /**
     * A share was refused because the line has no card, whatever the last check found. A wanted or running
     * check stays so.
     */
    missing(line: string, now: EpochMs): void {
      const known = of(line);
      hasAnswer = true;
      const checkAt = known.isWanted ? known.checkAt : now + RECHECK_MS;
      cached.set(line, { ...known, state: 'missing', checkedAt: now, checkAt, failures: 0 });
    },
    /** An operator wants the card checked now, or Linq reported a change. */
    forget(line: string): void {
      const { isChecking } = of(line);
      cached.set(line, { ...UNKNOWN, isChecking, isWanted: true, isOutdated: isChecking });
    },
    /** The clock was corrected, so the times of the next checks are wrong. */
    forgetAll(): void {
      cached.clear();
      hasAnswer = false;
    },
  };
}

/** Real time between two card checks whose `Date` headers show whether our clock can be trusted again. */
const CLOCK_PROBE_MS = 5 * SECOND;

interface ProbeDeps {
  readonly isLeader: () => boolean;
  readonly book: Pick<HoldBook, 'all' | 'find' | 'line' | 'lineHold'>;
  readonly guard: Pick<ClockGuard, 'isDistrusted'>;
  readonly clock: Clock;
  readonly cardChecks: Pick<CardChecks, 'isRunning' | 'start'>;
}

/** A chat that failed is tried again within this, unless Linq asked for longer. */
const SOON_MS = HOUR;

interface Calling {
  /** The earliest claimable instant of each line. */
  readonly heads: readonly QueueHead[];
  /** A chat is tried now. */
  readonly isCalling: boolean;
}

export type ProbeByCardCheck = (calling: Calling, now: EpochMs) => EpochMs | null;

/**
 * Checks the cards to probe a rejected key, an unreachable API with nothing due, or a distrusted clock. The
 * returned function starts the probe that is due and returns when the next one is; null: none.
 */
export function createProbes({ book, guard, clock, cardChecks, isLeader }: ProbeDeps): ProbeByCardCheck {
  let clockProbedAt = Number.NEGATIVE_INFINITY;

  const checkCards = (now: EpochMs, isOnlyProbe = false): void => {
    if (!cardChecks.isRunning()) cardChecks.start(null, now, isOnlyProbe);
  };

  function probeClock(now: EpochMs): EpochMs {
    const waitMs = clockProbedAt + CLOCK_PROBE_MS - clock.monotonic();
    if (waitMs > 0) return now + clock.toDomain(waitMs);
    clockProbedAt = clock.monotonic();
    checkCards(now);
    return now + clock.toDomain(CLOCK_PROBE_MS);
  }

  /** When a chat of this line may be tried; infinity: once its card is there, and nobody knows when. */
  function opensAt(line: string | null, now: EpochMs): EpochMs {
    const known = line === null ? null : book.line(line);
    if (known === null) return now;
    const card = cardHold(known);
    if (card !== null && card.reason !== 'card_unknown') return Number.POSITIVE_INFINITY;
    return book.lineHold(known.line, now)?.until ?? now;
  }

  const canTrySoon = (heads: readonly QueueHead[], now: EpochMs): boolean =>
    book.find(null, 'paused') === null &&
    heads.some(({ line, nextAttemptAt }) => Math.max(nextAttemptAt, opensAt(line, now)) <= now + SOON_MS);

  return ({ heads, isCalling }, now) => {
    // a pause stops shares, not what shows whether the clock, the key and the API are right: catching up needs them
    const holds = book.all().filter(({ reason }) => reason !== 'paused');
    const account = accountHold(holds, now);
    const mayCheck = account === null || HOLDS[account.reason].stops === 'shares';
    if (guard.isDistrusted() && mayCheck) return probeClock(now);
    if (account === null) return null;
    const at = accountProbeAt(holds, now);
    if (at !== now) return at;
    const { endedBy } = HOLDS[account.reason];
    const isEnough = endedBy === 'card_check' || (endedBy === 'share_or_card_check' && !isCalling);
    if (isEnough && isLeader()) checkCards(now, !canTrySoon(heads, now));
    return null; // the end of the check triggers the next turn
  };
}
