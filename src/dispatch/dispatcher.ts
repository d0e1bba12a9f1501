import type { Clock } from '../clock.ts';
import type { Closure, Hold, Line } from '../decide/holds.ts';
import { classifyAnswer, type LinqAnswer } from '../decide/outcome.ts';
import { type Policy, policyFingerprint } from '../decide/policy.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import type { StoreError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { createCardChecks } from './card-checks.ts';
import { createCards } from './cards.ts';
import type { ClockGuard } from './clock-guard.ts';
import { createGates } from './gates.ts';
import { createHoldBook } from './hold-book.ts';
import { createLoop } from './loop.ts';
import { createManualShares, type ManualShare } from './manual.ts';
import type { LinqCalls, Log, OnSettled } from './ports.ts';
import { createTurns } from './turns.ts';

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

/** The gates as they are now, for people and machines to see. */
export interface GateView {
  readonly account: Closure | null;
  readonly holds: readonly Hold[];
  readonly lines: readonly { readonly line: Line; readonly closure: Closure | null }[];
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
  view(): GateView;
  /** `clock.monotonic()` at the end of the last turn that worked. */
  lastTurnAt(): number;
  /**
   * Claims nothing more, lets running calls end (5 s, then cuts them), and settles them. What the store can't take any
   * more is interrupted as by a crash. Never rejects.
   */
  stop(): Promise<void>;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, linq, clock, guard, policy, log } = options;
  const nudge = () => loop.nudge();
  const book = createHoldBook((change, { scope, reason }) =>
    log.warn({ reason, scope: scope === null ? 'account' : 'line' }, `hold.${change}`),
  );
  const gates = createGates(book);
  const cards = createCards({ ttlMs: options.cardTtlMs, random: options.random });
  const cut = new AbortController();
  const cardChecks = createCardChecks({ linq, gates, book, cards, clock, log, onDone: nudge });
  const manual = createManualShares({
    ...options,
    book,
    cards,
    checkCard: (line, now) => cardChecks.start(line, now, cut.signal),
  });
  const turns = createTurns({
    ...options,
    gates,
    book,
    cards,
    cardChecks,
    manual,
    nudge,
    signal: cut.signal,
  });
  const loop = createLoop({ takeTurn: turns.take, clock, log, onFatal: options.onFatal });

  /** A restart may have mended key or lines: what only a probe ends is probed now. */
  function probeSoon(holds: readonly Hold[], now: EpochMs): readonly Hold[] {
    const mayBeMended = ['api_key_rejected', 'feature_disabled', 'line_not_ours'];
    return holds.map((hold) => (mayBeMended.includes(hold.reason) ? { ...hold, until: now } : hold));
  }

  return {
    async start() {
      const now = clock.now();
      const recovered = await store.recoverInterrupted(now);
      if (recovered.interrupted > 0) log.warn(recovered, 'attempts.interrupted');
      // in a dry run no share is made that could disprove them: then a look at a card that is answered is enough
      if (!policy.dryRun) gates.remember(await store.recentEnds(REMEMBERED));
      book.load(probeSoon(await store.holds(), now), await store.lines(), now);
      turns.useFingerprint(policyFingerprint(policy));
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
      if (verdict.kind !== 'rate_limited' && verdict.kind !== 'api_key_rejected') return;
      const when = { startedAt, endedAt: clock.now() };
      gates.heard(verdict, { chatId: null, line: null, isFirst: false, wasUndone: false, ...when });
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
      gates.releaseLine(line, clock.now());
      cards.forget(line);
      if (!loop.isBroken()) await turns.settleAll(); // on disk before anybody is told
      nudge();
      return book.line(line);
    },
    view() {
      const now = clock.now();
      return {
        account: book.account(now),
        holds: book.all(),
        lines: book.lines().map((line) => ({ line, closure: book.closureOf(line.line, now) })),
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
      if (!loop.isBroken()) await turns.settleAll().catch(loop.report);
      manual.abandon();
    },
  };
}
