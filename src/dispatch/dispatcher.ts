import type { Clock } from '../clock.ts';
import { type Hold, type Line, type StandingHolds, stopsReads } from '../decide/holds.ts';
import { classifyAnswer, type LinqAnswer } from '../decide/outcome.ts';
import { doublingMs } from '../decide/pacing.ts';
import type { Policy } from '../decide/policy.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import { StoreError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { runAttempt } from './attempt.ts';
import { createCardChecks, createCards, createProbes } from './card-checks.ts';
import type { ClockGuard } from './clock-guard.ts';
import { createCommits } from './commits.ts';
import { createHoldBook, type HoldSnapshot } from './hold-book.ts';
import { createHoldKeeper } from './hold-keeper.ts';
import { createManualShares, type ManualShare } from './manual.ts';
import type { LinqCalls, OnSettled } from './ports.ts';
import { ALONE, createSharedState, createStoreVersion, type ReplicaRole } from './shared-state.ts';
import { createTurns } from './turns.ts';

/** Real time: how long a stopping dispatcher waits for running calls before it ends them. */
const STOP_GRACE_MS = 5 * SECOND;

/** Real time between two tries to write the last ends. */
const SETTLE_AGAIN_MS = SECOND / 4;

/** How many past outcomes a start reads, to resume the streaks of failures. */
const REMEMBERED = 1_000;

export interface DispatcherOptions {
  readonly store: Store;
  readonly linq: LinqCalls;
  readonly clock: Clock;
  readonly guard: ClockGuard;
  readonly policy: Policy;
  readonly concurrency: number;
  /** Starts per second and line; 0: no limit. */
  readonly ratePerLine: number;
  readonly cardTtlMs: number;
  /** Attempts that ended longer ago than this are deleted; 0: none. */
  readonly attemptRetentionMs?: number;
  /** If no replica has been heard for longer than this, a catch-up is requested; by default never. */
  readonly awayAfterMs?: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** By default this is the only replica. */
  readonly replica?: ReplicaRole;
  /** Called for every attempt once its outcome is on disk. */
  readonly onSettled?: OnSettled;
  /** The store is broken beyond recovery in this process. */
  readonly onFatal: (error: StoreError) => void;
}

/** The current holds of the account and its lines, and what is in progress. */
export interface DispatcherSnapshot extends HoldSnapshot {
  readonly inFlight: number;
  readonly clockDistrustedSince: EpochMs | null;
}

export interface Dispatcher {
  /** Recovers what a crash interrupted, then shares whatever is due until stopped. @throws {StoreError} */
  start(): Promise<void>;
  /** New facts may have made a chat due. Losing a nudge costs seconds, never a share. */
  nudge(): void;
  /** Events reported something about a line. */
  linesChanged(): void;
  /** A line's contact card changed at Linq: it is rechecked immediately. */
  cardChanged(line: string): void;
  /**
   * A call outside the dispatcher showed that all calls have to wait: they are rate-limited, or the key is
   * rejected.
   */
  noteExternalAnswer(answer: LinqAnswer, startedAt: EpochMs): void;
  /** Shares on an operator's request; see `decideManualShare` for what forbids it. */
  shareManually(chatId: string): Promise<ManualShare>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends every hold of a line, on disk too; null: unknown line. @throws {StoreError} */
  releaseLine(line: string): Promise<Line | null>;
  /** The holds alone: all that showing a chat needs. */
  standingHolds(now: EpochMs): StandingHolds;
  snapshot(): DispatcherSnapshot;
  /** Probes of the account's holds that failed in a row at this replica. */
  failedProbes(): number;
  /** `clock.monotonic()` at the end of the last successful turn. */
  lastTurnAt(): number;
  /**
   * Stops claiming, lets running calls end (aborts them after 5 s), and settles them. Attempts that the store
   * can no longer write count as interrupted, as after a crash. Never rejects.
   */
  stop(): Promise<void>;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, linq, clock, guard, policy, ratePerLine, random, log } = options;
  const { replica: role = ALONE } = options;
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
  const version = createStoreVersion(store.kind === 'postgres');
  const { isShared } = version;
  const { onSettled } = options;
  const commits = createCommits({ store, book, cardChecks, manual, version, log, onSettled });
  const { ended, unwritten } = commits;
  const { dryRun: isDryRun } = policy;
  const inStore = { store, version, book, keeper, cards, cardChecks, clock };
  const shared = createSharedState({ ...inStore, unwritten, isDryRun });
  const attempts = { linq, store, keeper, book, cardChecks, ended, clock, policy, random };
  const turns = createTurns({
    ...{ store, clock, guard, policy, ratePerLine, book, keeper, cards, cardChecks, manual, commits, log },
    ...{ shared, role, random },
    concurrency: options.concurrency,
    attemptRetentionMs: options.attemptRetentionMs ?? 0,
    awayAfterMs: options.awayAfterMs ?? Number.POSITIVE_INFINITY,
    probeByCardCheck: createProbes({ book, guard, clock, cardChecks, isLeader: role.isLeader }),
    attempt: (claim, isInTime) => runAttempt(attempts, claim, isInTime, signal),
    onEnd: nudge,
  });
  const loop = createLoop({ takeTurn: turns.take, isShared, clock, log, onFatal: options.onFatal });

  /** Writes what has ended and claims nothing. @throws {StoreError} */
  const settleAll = () => commits.commit(null, clock.now());

  /**
   * Writes the last ends. If replicas share the store, it tries for a while: another one may just have corrected the clock, and
   * ours knows of it within a second; or the server restarts. What stays unwritten is called again. Never rejects.
   */
  async function settleLast(): Promise<void> {
    const until = clock.monotonic() + STOP_GRACE_MS;
    for (;;) {
      try {
        await turns.followCorrection();
        await settleAll();
        return;
      } catch (error) {
        if (!isShared || clock.monotonic() >= until) return loop.report(error);
      }
      await clock.sleepUntil(Number.POSITIVE_INFINITY, SETTLE_AGAIN_MS, new AbortController().signal);
    }
  }

  return {
    async start() {
      const recovered = await store.recoverInterrupted(clock.now());
      if (recovered.interrupted > 0) log.warn(recovered, 'attempts.interrupted');
      // a dry run makes no share that could disprove past failures; there, an answered card check is enough
      if (!policy.dryRun) keeper.remember(await store.recentEnds(REMEMBERED));
      await shared.load();
      loop.start();
    },
    nudge,
    linesChanged() {
      turns.linesChanged();
      nudge();
    },
    cardChanged(line) {
      // nothing is known of its card, and numbers that aren't our lines aren't remembered
      if (book.line(line) === null) return;
      cards.forget(line);
      turns.linesChanged(); // when it changed is stored with the line
      nudge();
    },
    noteExternalAnswer(answer, startedAt) {
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
      // another replica may have ended the pause that we know of
      if (!isShared && book.find(null, 'paused') !== null) return;
      await store.putHold(paused);
      if (isShared) await shared.load();
      else book.put(paused);
      nudge();
    },
    async resume() {
      await store.endHold(null, 'paused');
      if (isShared) await shared.load();
      else book.end(null, 'paused');
      nudge();
    },
    async releaseLine(line) {
      if (isShared) await shared.load();
      else book.refreshLines(await store.lines(), clock.now());
      if (book.line(line) === null) return null;
      keeper.releaseLine(line, clock.now());
      cards.forget(line);
      if (!loop.isBroken()) await settleAll(); // on disk before it is reported
      if (isShared) await shared.load();
      nudge();
      return book.line(line);
    },
    standingHolds: book.standing,
    snapshot() {
      return {
        ...book.snapshot(clock.now()),
        inFlight: turns.inFlight(),
        clockDistrustedSince: guard.distrustedSince(),
      };
    },
    failedProbes: keeper.failedProbes,
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
      if (!loop.isBroken()) await settleLast();
      manual.abandon();
    },
  };
}

/** Without a reason, each abort builds an error with its stack. */
const NUDGED = 'nudged';

const STORE_RETRY_MS = [SECOND, 30 * SECOND] as const;
/** A database server is back within seconds, or is another one then: waiting longer would only make shares late. */
const SERVER_RETRY_MS = [SECOND, 3 * SECOND] as const;

/**
 * Takes turn after turn until stopped. A failed turn is retried after 1 s, doubling to 30 s (3 s if replicas share the
 * store), regardless of nudges, so that a failing store is neither hammered nor fills the log. A store that is broken for good ends
 * the loop.
 * @param takeTurn resolves to when the next turn is due
 */
function createLoop({
  takeTurn,
  isShared,
  clock,
  log,
  onFatal,
}: {
  takeTurn: () => Promise<EpochMs>;
  isShared: boolean;
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
        nextAt =
          clock.now() +
          clock.toDomain(doublingMs(failures, ...(isShared ? SERVER_RETRY_MS : STORE_RETRY_MS)));
        failures++;
        report(error);
      }
      const signal = failures > 0 ? stopping.signal : wake.signal;
      await clock.sleepUntil(nextAt, Number.POSITIVE_INFINITY, signal);
    }
  }

  function report(error: unknown): void {
    const fault = error instanceof StoreError ? error.fault : 'unforeseen';
    if (fault === 'outdated') return; // the next turn follows the correction, and logs it
    log.error({ err: error, fault }, 'turn.failed');
    if (isBroken || !(error instanceof StoreError) || (fault !== 'corrupt' && fault !== 'io')) return;
    isBroken = true;
    onFatal(error);
  }

  return {
    start(): void {
      running = run();
    },
    /** The next turn is due now, or as soon as the current one ends. */
    nudge: (): void => wake.abort(NUDGED),
    /** Resolves when the last turn has ended. */
    async stop(): Promise<void> {
      stopping.abort();
      wake.abort();
      await running;
    },
    report,
    /** True once nothing may be written any more. */
    isBroken: (): boolean => isBroken,
    /** `clock.monotonic()` at the end of the last successful turn. */
    lastTurnAt: (): number => lastTurnAt,
  };
}
