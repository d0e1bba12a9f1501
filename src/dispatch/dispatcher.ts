import type { Clock } from '../clock.ts';
import { HOLDS, type Hold, type Line, type StandingHold, stopsReads } from '../decide/holds.ts';
import { classifyAnswer, type LinqAnswer } from '../decide/outcome.ts';
import { doublingMs } from '../decide/pacing.ts';
import type { Policy } from '../decide/policy.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import { StoreError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { runAttempt } from './attempt.ts';
import { createCardChecks, createCards, createProbes } from './card-checks.ts';
import type { ClockGuard } from './clock-guard.ts';
import { createHoldBook } from './hold-book.ts';
import { createHoldKeeper } from './hold-keeper.ts';
import { createManualShares, type ManualShare } from './manual.ts';
import type { LinqCalls, Log, OnSettled } from './ports.ts';
import { createCommits, createTurns } from './turns.ts';

/** Real time: how long a stopping dispatcher waits for running calls before it ends them. */
const STOP_GRACE_MS = 5 * SECOND;

/** Attempts whose ends a start reads, to know what came in a row before it. */
const REMEMBERED = 1_000;

export interface DispatcherOptions {
  readonly store: Store;
  readonly linq: LinqCalls;
  readonly clock: Clock;
  readonly guard: ClockGuard;
  readonly policy: Policy;
  readonly concurrency: number;
  /** Starts a second and line; 0: no limit. */
  readonly ratePerLine: number;
  readonly cardTtlMs: number;
  /** Attempts that ended longer ago are deleted; 0: none. */
  readonly attemptRetentionMs?: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Told of every attempt whose outcome is on disk. */
  readonly onSettled?: OnSettled;
  /** The store is broken beyond recovery in this process. */
  readonly onFatal: (error: StoreError) => void;
}

/** What holds the account and its lines now, and what is under way. */
export interface DispatcherSnapshot {
  readonly account: StandingHold | null;
  readonly holds: readonly Hold[];
  readonly lines: readonly { readonly line: Line; readonly hold: StandingHold | null }[];
  readonly inFlight: number;
  readonly clockDistrustedSince: EpochMs | null;
}

export interface Dispatcher {
  /** Recovers what a crash cut off, then shares whatever is due until stopped. @throws {StoreError} */
  start(): Promise<void>;
  /** New facts may have made a chat due. Losing a nudge costs seconds, never a share. */
  nudge(): void;
  /** Events told something of a line. */
  linesChanged(): void;
  /** A line's contact card changed at Linq: it is looked at again at once. */
  cardChanged(line: string): void;
  /** Another call than ours showed that all have to wait: their rate is limited, or the key is rejected. */
  heardElsewhere(answer: LinqAnswer, startedAt: EpochMs): void;
  /** Shares at an operator's word; see `decideManualShare` for what forbids it. */
  shareManually(chatId: string): Promise<ManualShare>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends whatever holds a line, on disk too; null: unknown line. @throws {StoreError} */
  releaseLine(line: string): Promise<Line | null>;
  snapshot(): DispatcherSnapshot;
  /** `clock.monotonic()` at the end of the last turn that worked. */
  lastTurnAt(): number;
  /**
   * Claims nothing more, lets running calls end (5 s, then cuts them), and settles them. What the store can't take any
   * more is interrupted as by a crash. Never rejects.
   */
  stop(): Promise<void>;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, linq, clock, guard, policy, ratePerLine, random, log } = options;
  const nudge = () => loop.nudge();
  const book = createHoldBook((change, { scope, reason }) =>
    log.warn({ reason, scope: scope === null ? 'account' : 'line' }, `hold.${change}`),
  );
  const keeper = createHoldKeeper(book);
  const cards = createCards({ ttlMs: options.cardTtlMs, random });
  const cut = new AbortController();
  const { signal } = cut;
  const cardChecks = createCardChecks({ linq, keeper, book, cards, clock, log, signal, onDone: nudge });
  const manual = createManualShares({ store, book, cards, policy, ratePerLine, checkCard: cardChecks.start });
  const commits = createCommits({ store, book, cardChecks, manual, log, onSettled: options.onSettled });
  const { ended } = commits;
  const attempts = { linq, store, keeper, book, cardChecks, ended, clock, policy, random };
  const turns = createTurns({
    ...{ store, clock, guard, policy, ratePerLine, book, keeper, cards, cardChecks, manual, commits, log },
    concurrency: options.concurrency,
    attemptRetentionMs: options.attemptRetentionMs ?? 0,
    probeWithLook: createProbes({ book, guard, clock, cardChecks }),
    attempt: (claim, isInTime) => runAttempt(attempts, claim, isInTime, signal),
    onEnd: nudge,
  });
  const loop = createLoop({ takeTurn: turns.take, clock, log, onFatal: options.onFatal });

  /** What ended is written, and nothing is claimed. @throws {StoreError} */
  const settleAll = () => commits.commit(null, clock.now());

  /** A restart may have fixed the key or the lines. */
  function probeSoon(holds: readonly Hold[], now: EpochMs): readonly Hold[] {
    return holds.map((hold) => (HOLDS[hold.reason].isProbedAtStart ? { ...hold, until: now } : hold));
  }

  return {
    async start() {
      const now = clock.now();
      const recovered = await store.recoverInterrupted(now);
      if (recovered.interrupted > 0) log.warn(recovered, 'attempts.interrupted');
      // in a dry run no share is made that could disprove them: then a look at a card that is answered is enough
      if (!policy.dryRun) keeper.remember(await store.recentEnds(REMEMBERED));
      book.load(probeSoon(await store.holds(), now), await store.lines(), now);
      loop.start();
    },
    nudge,
    linesChanged() {
      turns.linesChanged();
      nudge();
    },
    cardChanged(line) {
      if (book.line(line) === null) return; // nothing is known of its card, nor to be remembered of any number that is told
      cards.forget(line);
      nudge();
    },
    heardElsewhere(answer, startedAt) {
      const verdict = classifyAnswer(answer);
      if (!stopsReads(verdict.kind)) return;
      const when = { startedAt, endedAt: clock.now() };
      keeper.heard(verdict, { chatId: null, line: null, isFirst: false, wasUndone: false, ...when });
      nudge();
    },
    shareManually(chatId) {
      const share = manual.request(chatId);
      nudge();
      return share;
    },
    async pause() {
      const paused: Hold = { scope: null, reason: 'paused', since: clock.now(), until: null, step: 0 };
      if (book.find(null, 'paused') !== null) return;
      await store.putHold(paused);
      book.put(paused);
      nudge();
    },
    async resume() {
      await store.endHold(null, 'paused');
      book.end(null, 'paused');
      nudge();
    },
    async releaseLine(line) {
      book.refreshLines(await store.lines(), clock.now());
      if (book.line(line) === null) return null;
      keeper.releaseLine(line, clock.now());
      cards.forget(line);
      if (!loop.isBroken()) await settleAll(); // on disk before anybody is told
      nudge();
      return book.line(line);
    },
    snapshot() {
      const now = clock.now();
      return {
        account: book.accountHold(now),
        holds: book.all(),
        lines: book.lines().map((line) => ({ line, hold: book.lineHold(line.line, now) })),
        inFlight: turns.inFlight(),
        clockDistrustedSince: guard.distrustedSince(),
      };
    },
    lastTurnAt: loop.lastTurnAt,
    async stop() {
      await loop.stop();
      const isOver = new AbortController();
      const grace = clock.sleepUntil(
        clock.now() + clock.toDomain(STOP_GRACE_MS),
        STOP_GRACE_MS,
        isOver.signal,
      );
      await Promise.race([turns.settled(), grace]);
      isOver.abort();
      cut.abort();
      await turns.settled();
      await cardChecks.settled();
      if (!loop.isBroken()) await settleAll().catch(loop.report);
      manual.abandon();
    },
  };
}

const STORE_RETRY_MS = [SECOND, 30 * SECOND] as const;

/**
 * Takes turn after turn until stopped. A turn that fails is repeated after 1 s doubling to 30 s, whatever nudges come
 * meanwhile, so that a failing store is neither hammered nor fills the log. A store that is broken for good ends it.
 * @param takeTurn resolves to when the next turn is due
 */
function createLoop({
  takeTurn,
  clock,
  log,
  onFatal,
}: {
  takeTurn: () => Promise<EpochMs>;
  clock: Clock;
  log: Log;
  onFatal: (error: StoreError) => void;
}) {
  let wake = new AbortController();
  const stopping = new AbortController();
  let isBroken = false;
  let running: Promise<void> | null = null;
  let lastTurnAt = clock.monotonic();

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted && !isBroken) {
      wake = new AbortController();
      let nextAt: EpochMs;
      try {
        nextAt = await takeTurn();
        lastTurnAt = clock.monotonic();
        failures = 0;
      } catch (error) {
        nextAt = clock.now() + clock.toDomain(doublingMs(failures, ...STORE_RETRY_MS));
        failures++;
        report(error);
      }
      const signal = failures > 0 ? stopping.signal : wake.signal;
      await clock.sleepUntil(nextAt, Number.POSITIVE_INFINITY, signal);
    }
  }

  function report(error: unknown): void {
    const fault = error instanceof StoreError ? error.fault : 'unforeseen';
    log.error({ err: error, fault }, 'turn.failed');
    if (isBroken || !(error instanceof StoreError) || (fault !== 'corrupt' && fault !== 'io')) return;
    isBroken = true;
    onFatal(error);
  }

  return {
    start(): void {
      running = run();
    },
    /** The next turn is due now, or as soon as the one under way is over. */
    nudge: (): void => wake.abort(),
    /** Resolves when the last turn is over. */
    async stop(): Promise<void> {
      stopping.abort();
      wake.abort();
      await running;
    },
    report,
    /** Nothing may be written any more. */
    isBroken: (): boolean => isBroken,
    /** `clock.monotonic()` at the end of the last turn that worked. */
    lastTurnAt: (): number => lastTurnAt,
  };
}
