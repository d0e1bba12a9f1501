import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { settledCardChanges } from '../decide/holds.ts';
import { afterStarts, LOOK_UP_RATE, pace, type Starts } from '../decide/pacing.ts';
import { type Policy, policyFingerprint } from '../decide/policy.ts';
import { needsLookup } from '../decide/share.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import type { Log } from '../log.ts';
import type { Agenda, Store } from '../store/store.ts';
import type { Claim } from '../store/turn.ts';
import { createInFlight, LEASE_MS } from './attempt.ts';
import type { CardChecks, Cards, ProbeByCardCheck } from './card-checks.ts';
import type { ClockCorrection, ClockGuard } from './clock-guard.ts';
import type { Commits } from './commits.ts';
import type { HoldBook } from './hold-book.ts';
import type { HoldKeeper } from './hold-keeper.ts';
import type { ManualShares } from './manual.ts';
import type { ReplicaRole, SharedState } from './shared-state.ts';
import { type Plan, planTurn } from './turn-plan.ts';

const HEARTBEAT_MS = 30 * SECOND;
/**
 * After this many event-loop turns (about 0.1 ms) without a call ending, we stop waiting for the next end.
 */
const QUIET_TURNS = 10;
/** Chats re-evaluated in one commit: few enough not to delay webhooks. */
const BATCH = 200;
/** Attempts deleted in one commit; few for the same reason. */
const PRUNED_AT_ONCE = 500;
/** Real time, on average, after which we look at what other replicas have changed or left due. */
const POLL_MS = SECOND;
/** Real time after which chats that another replica is just looking at may be claimed; and as much again, by chance. */
const CONTENDED_MS = 20;
const CONTENDED_MORE_MS = 60;

interface TurnDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly guard: Pick<ClockGuard, 'correction' | 'corrected' | 'isDistrusted' | 'linqDateOffMs'>;
  readonly policy: Policy;
  readonly concurrency: number;
  /** Starts per second and line; 0: no limit. */
  readonly ratePerLine: number;
  /** Attempts that ended longer ago than this are deleted; 0: none. */
  readonly attemptRetentionMs: number;
  /** Without a heartbeat for longer than this, webhooks may have been lost. */
  readonly awayAfterMs: number;
  readonly book: HoldBook;
  readonly keeper: Pick<HoldKeeper, 'untried' | 'beginProbing'>;
  readonly cards: Cards;
  readonly cardChecks: Pick<CardChecks, 'start' | 'isRunning'>;
  readonly probeByCardCheck: ProbeByCardCheck;
  readonly manual: Pick<ManualShares, 'isWaiting' | 'claim'>;
  readonly shared: SharedState;
  readonly role: ReplicaRole;
  /** In [0, 1). */
  readonly random: () => number;
  readonly commits: Pick<Commits, 'commit' | 'doubt' | 'shift'>;
  /** Makes one claimed attempt. @param isInTime the call would end before the lease of the claim */
  readonly attempt: (claim: Claim, isInTime: () => boolean) => Promise<void>;
  /** An attempt has ended. */
  readonly onEnd: () => void;
  readonly log: Log;
}

/** What holds for a whole turn. */
interface Circumstances {
  /** A call outlasts its lease, which stays its own until it ends. */
  readonly hasOutrunLease: boolean;
  readonly isLeader: boolean;
  readonly agenda: Agenda;
}

/** One turn settles what has ended, writes what was learned, claims what is due, and starts it. */
export function createTurns(deps: TurnDeps) {
  const { store, clock, book, cards, cardChecks, manual, commits, shared, role, log } = deps;
  const inFlight = createInFlight(clock);
  const fingerprint = policyFingerprint(deps.policy);
  const running = new Set<Promise<void>>();
  const starts = new Map<string, Starts>();
  let lookUps: Starts = [];
  let areLinesStale = false;
  /** The changes of cards by which chats are decided, besides the settings. */
  let cardMark = '';
  let heartbeatAt = Number.NEGATIVE_INFINITY;
  let isPruned = true;
  let wasLeader = false;
  let turnCount = 0;
  /** How far our time has moved without the store having followed yet. */
  let unstoredShiftMs = 0;

  /**
   * Chats that failed before may use half of the concurrent calls: each may fail slowly, and must not keep
   * chats waiting that never failed.
   */
  const roomForTried = () =>
    Math.max(1, Math.floor(deps.concurrency / 2)) - (inFlight.size() - inFlight.untried());

  const leaseUntil = (now: EpochMs) => now + clock.toDomain(LEASE_MS);

  /** Whoever begins to lead does what a restart does. */
  function isLeading(now: EpochMs): boolean {
    const isLeader = role.isLeader();
    if (isLeader && !wasLeader) {
      book.hasten(now);
      deps.keeper.beginProbing();
    }
    wasLeader = isLeader;
    return isLeader;
  }

  /** Events have reported something about lines. */
  async function refreshLines(now: EpochMs): Promise<void> {
    if (shared.isShared) await shared.load();
    else book.refreshLines(await store.lines(), now);
  }

  function start(claims: readonly Claim[], now: EpochMs): void {
    for (const claim of claims) {
      const { line } = claim.chat;
      inFlight.add(claim);
      if (line !== null) starts.set(line, afterStarts(starts.get(line) ?? [], 1, deps.ratePerLine, now));
      if (needsLookup(claim.chat, deps.policy)) lookUps = afterStarts(lookUps, 1, LOOK_UP_RATE, now);
      const run = deps
        .attempt(claim, () => inFlight.isInTime(claim))
        .catch((error: unknown) => log.error({ err: error, chatId: claim.chat.chatId }, 'attempt.failed'))
        .finally(() => {
          inFlight.remove(claim);
          running.delete(run);
          deps.onEnd();
        });
      running.add(run);
    }
  }

  /** Runs before claims are planned, since these starts count towards the pace of their lines. */
  async function startManual(now: EpochMs): Promise<void> {
    await commits.commit(null, now); // a call that ended after its lease must not count as interrupted
    await refreshLines(now); // the line may have no due chat, so it may not be loaded yet
    const free = deps.concurrency - inFlight.size();
    const claiming = { free, starts, lookUps, leaseUntil: leaseUntil(now), now };
    const claims = await manual.claim(claiming).catch((error: unknown) => {
      commits.doubt();
      throw error;
    });
    start(claims, now);
  }

  async function planNow(
    now: EpochMs,
    { agenda: { heads, isShifting }, hasOutrunLease, isLeader }: Circumstances,
  ): Promise<Plan> {
    if (areLinesStale || heads.some(({ line }) => line !== null && book.line(line) === null)) {
      areLinesStale = false;
      await refreshLines(now);
    }
    const first = heads.length === 0 ? 0 : turnCount++ % heads.length;
    return planTurn({
      now,
      heads: [...heads.slice(first), ...heads.slice(0, first)],
      book,
      cards,
      starts,
      ratePerLine: deps.ratePerLine,
      free: deps.concurrency - inFlight.size(),
      untried: deps.keeper.untried(),
      inFlight: inFlight.size(),
      untriedInFlight: inFlight.untried(),
      inFlightOf: inFlight.sizeOf,
      isCheckingCards: cardChecks.isRunning(),
      isFollower: !isLeader,
      isHalted: deps.guard.isDistrusted() || hasOutrunLease || isShifting,
    });
  }

  /** All chats are decided anew once changed cards have settled. @returns when the next one will have; null: none */
  function followCards(now: EpochMs): EpochMs | null {
    if (!deps.policy.reshareOnCardChange) return null;
    const { mark, nextAt } = settledCardChanges(book.lines(), now);
    cardMark = mark;
    return nextAt;
  }

  /**
   * Deletes some of the expired attempts, and of the deliveries in quarantine. It runs here, where shares are made, so that
   * it can't be forgotten. It doesn't trust a clock that no answer from Linq has confirmed: what seems old may be from
   * today. True: there may be more.
   */
  async function prune(now: EpochMs): Promise<boolean> {
    const { guard, attemptRetentionMs } = deps;
    const isClockRight = guard.linqDateOffMs() !== null && !guard.isDistrusted();
    if (isPruned || !isClockRight) return false;
    const isKept = attemptRetentionMs === 0;
    const attempts = isKept ? 0 : await store.pruneAttempts(attemptRetentionMs, PRUNED_AT_ONCE, now);
    isPruned = attempts + (await store.expireQuarantined(now)) === 0;
    return !isPruned;
  }

  /** Resolves to true when it may have made chats due, or has more to do. */
  async function keepUp(
    now: EpochMs,
    { agenda: { wakeAt, isShifting, isRestored, decidedAs }, hasOutrunLease, isLeader }: Circumstances,
  ): Promise<boolean> {
    const silentMs = clock.monotonic() - heartbeatAt;
    if (silentMs >= HEARTBEAT_MS) {
      heartbeatAt = clock.monotonic();
      isPruned = false;
      // a replica that was suspended, or whose database was down, may have been the only one
      const isBack = shared.isShared && clock.toDomain(silentMs) > deps.awayAfterMs;
      await store.heartbeat(now, isBack ? deps.awayAfterMs : undefined);
    }
    const isPruning = isLeader && (await prune(now));
    // until a correction has reached all chats, wake-ups follow the wrong time, and all chats are
    // re-evaluated anyway
    const isToWake = !hasOutrunLease && !isShifting && wakeAt !== null && wakeAt <= now;
    const woken = isToWake ? await store.wakeChats(now, BATCH) : 0;
    const isReleasing = isLeader && isRestored && (await store.releaseRestored(BATCH, now));
    // chats may be decided under other settings, by others even now, or under a wrong clock; each turn re-evaluates a batch
    const decidingAs = fingerprint + cardMark;
    // a correction goes on whatever the settings are: nothing is shared until then
    const isDeciding = isLeader && decidedAs !== decidingAs && (isShifting || role.mayRedecide());
    if (!isDeciding) return isPruning || isReleasing || woken > 0;
    await store.redecide(decidingAs, BATCH, now);
    return true;
  }

  /**
   * Shifts our time to the corrected wall clock, and stored times with it, unless another replica has done that. What ended
   * before is written first, since its times are in the old time. The chats follow batch by batch, as they are re-evaluated.
   */
  async function setClockRight({ followsWall, isStored = false }: ClockCorrection): Promise<void> {
    if (!isStored) await commits.commit(null, clock.now());
    if (followsWall) {
      const movedMs = clock.reanchor();
      unstoredShiftMs += movedMs;
      commits.shift({ byMs: movedMs, now: clock.latest(), windowMs: deps.policy.windowMs });
    }
    const byMs = unstoredShiftMs;
    if (isStored) store.followCorrections(clock.corrections());
    else await store.shiftClock(byMs, clock.latest()); // the end of a call is dated so late
    unstoredShiftMs = 0; // what fails from here on must not shift a second time
    cards.forgetAll();
    await shared.load();
    starts.clear();
    lookUps = [];
    deps.guard.corrected(byMs, isStored);
  }

  /** When to look again at a store that others change, too. */
  function pollAts(isContended: boolean): readonly EpochMs[] {
    if (!shared.isShared) return [];
    const after = (realMs: number) => clock.now() + Math.ceil(clock.toDomain(realMs));
    const pollAt = after(POLL_MS * (0.8 + 0.4 * deps.random()));
    return isContended ? [pollAt, after(CONTENDED_MS + CONTENDED_MORE_MS * deps.random())] : [pollAt];
  }

  /** Calls that end together are settled together: a commit costs a sync, whatever is in it. */
  async function gatherEnds(): Promise<void> {
    await eventLoopTurn();
    for (let quietTurns = 0; inFlight.size() > 0 && quietTurns < QUIET_TURNS; quietTurns++) {
      const before = inFlight.size();
      await eventLoopTurn();
      if (inFlight.size() < before) quietTurns = 0;
    }
  }

  return {
    /** Follows a correction of the clock that another replica has made, if our clock knows of one. @throws {StoreError} */
    async followCorrection(): Promise<void> {
      const correction = deps.guard.correction();
      if (correction?.isStored === true) await setClockRight(correction);
    },
    /** Resolves to when the next turn is due. @throws {StoreError} */
    async take(): Promise<EpochMs> {
      await gatherEnds();
      let agenda = await store.agenda(clock.now());
      await shared.follow(agenda.version);
      const correction = deps.guard.correction();
      // one correction at a time
      if (correction !== null && (!agenda.isShifting || correction.isStored)) {
        await setClockRight(correction);
        agenda = await store.agenda(clock.now());
      }
      inFlight.beginTurn();
      const now = clock.now();
      const hasOutrunLease = inFlight.outlastsLease();
      const isLeader = isLeading(now);
      const isManual = manual.isWaiting() && !hasOutrunLease;
      if (isManual) await startManual(now);
      const circumstances = { hasOutrunLease, isLeader, agenda };
      const plan = await planNow(now, circumstances);
      for (const line of plan.checkCards) cardChecks.start(line, now);
      const { lines, total, probe: choice } = plan;
      const isClaiming = total > 0 && lines.length > 0;
      const calling = { heads: agenda.heads, isCalling: isClaiming || inFlight.size() > 0 };
      const probeAt = deps.probeByCardCheck(calling, now);
      const lookUpPace = pace(lookUps, LOOK_UP_RATE, now);
      const { ratePerLine } = deps;
      const request = {
        ...{ lines, total, probe: choice, ratePerLine },
        lookUps: lookUpPace.available,
        tried: roomForTried(),
      };
      const committed = await commits.commit(
        isClaiming ? { ...request, leaseUntil: leaseUntil(now) } : null,
        now,
      );
      const { claims, isDueAgain, lacksLookUps } = committed;
      start(claims, now);
      for (const [line, all] of committed.starts) starts.set(line, all);
      if (committed.hasNewCard && deps.policy.reshareOnCardChange) await refreshLines(now);
      const cardsSettleAt = followCards(now);
      const isBusy = await keepUp(now, circumstances);
      const isFull = inFlight.size() >= deps.concurrency; // then the next call to end triggers the next turn
      if (isBusy || isDueAgain || shared.isBehind() || (claims.length > 0 && !isFull)) return now;
      const isAsRead = committed.isNothing && !isManual;
      const wakeAt = hasOutrunLease ? null : isAsRead ? agenda.wakeAt : await store.nextWakeAt(now);
      // what should have been woken by now is locked by another replica, or follows a correction that another one makes
      const isLeftToOthers = shared.isShared && wakeAt !== null && wakeAt <= now;
      const wakes = [
        ...pollAts(committed.isContended || (isLeftToOthers && !agenda.isShifting)),
        plan.nextAt,
        probeAt,
        cardsSettleAt,
        isLeftToOthers ? null : wakeAt,
        manual.isWaiting() ? now + SECOND / 2 : null,
        lacksLookUps ? pace(lookUps, LOOK_UP_RATE, now).nextAt : null,
        // the next due untried chat may be queued behind due chats that failed
        (choice.untriedSince ?? null) === null && roomForTried() > 0 ? null : await store.nextDueAfter(now),
      ];
      return Math.min(...wakes.map((at) => at ?? Number.POSITIVE_INFINITY));
    },
    linesChanged: (): void => {
      areLinesStale = true;
    },
    inFlight: inFlight.size,
    settled: (): Promise<unknown> => Promise.allSettled(running),
  };
}
