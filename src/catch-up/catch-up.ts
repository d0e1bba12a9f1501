import type { Clock } from '../clock.ts';
import {
  beginRun,
  type CatchUpReason,
  type CatchUpRun,
  type CatchUpState,
  countFailure,
  NO_CATCH_UP,
  nextRunAt,
  nextSweepAt,
  wishFor,
} from '../decide/catch-up.ts';
import { doublingMs } from '../decide/pacing.ts';
import { type EpochMs, MINUTE, SECOND } from '../decide/time.ts';
import { CatchUpError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { CatchUpStore } from '../store/store.ts';
import { type Account, createCalls, type LinqReads, SUPERSEDED } from './calls.ts';
import { createReader } from './reader.ts';
import { performRun, performSweep } from './run.ts';
import { createSubscriptionCheck, type SubscriptionState } from './subscription-check.ts';

export interface CatchUpOptions {
  readonly store: CatchUpStore;
  readonly linq: LinqReads;
  readonly account: Account;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Time between two automatic runs; 0: only on demand. */
  readonly everyMs: number;
  /** Real time during which Linq still redelivers, or a delivery's signature is still accepted. */
  readonly toleratedMs: number;
  /** Chats with no outbound message for this long are idle; 0: never. */
  readonly idleAfterMs: number;
  readonly publicUrl: string | null;
  /** Other replicas may request a run, or stop leading. */
  readonly isShared: boolean;
  /** What the replica that leads says that it does; null: none says it. */
  readonly leadersView: () => { readonly activity: string; readonly cause: string | null } | null;
  /** A chat's facts changed, or everything has been read. */
  readonly onNews: () => void;
}

export interface CatchUp {
  /** Returns at once; reading happens in the background. */
  start(): void;
  /** Stops at once, at a point from which a restart can resume. Never rejects. */
  stop(): Promise<void>;
  /** Requests a run, on demand, that covers everything up to now. @throws {StoreError} */
  request(): Promise<void>;
  /** A correctly signed delivery was stale: others may have been lost. */
  onStale(): void;
  /** @param stored as read just now; without it, as last read or written here: other replicas change it, too */
  view(stored?: CatchUpState): CatchUpView;
  subscription(): SubscriptionState;
  /** Attempts that failed in a row here, because of calls to Linq. */
  failures(): number;
}

/** Real time between two runs triggered by stale deliveries: anyone who recorded one can replay it. */
const STALE_EVERY_MS = 15 * MINUTE;
const RETRY_MS = [SECOND, 15 * MINUTE] as const;
/** Real time between two looks at what other replicas did. */
const LOOK_EVERY_MS = 5 * SECOND;

/** Reads from the API what webhooks missed, one task at a time. */
export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { store, linq, clock, log, everyMs, idleAfterMs, account } = options;
  const isAutomatic = everyMs > 0;
  const stopping = new AbortController();
  let wake = new AbortController();
  let known = NO_CATCH_UP;
  let failedFor: string | null = null;
  let failuresHere = 0;
  let staleAt = Number.NEGATIVE_INFINITY;
  let hereAt = clock.now();
  let running: Promise<void> = Promise.resolve();
  const startedAt = clock.now();
  const now = () => clock.now();
  const onState = (state: CatchUpState): void => {
    known = state;
    failedFor = null;
  };

  const calls = createCalls({ ...options, signal: stopping.signal, onTick: noticeGap });
  const subscription = createSubscriptionCheck({ ...options, calls });
  const reader = createReader({ ...options, calls });

  async function wish(reason: CatchUpReason): Promise<void> {
    known = await store.changeCatchUp((state) => wishFor(state, reason, clock.now()));
    wake.abort();
  }

  function wishQuietly(reason: CatchUpReason): void {
    wish(reason).catch((error: unknown) => log.error({ err: error, reason }, 'catch-up.not_requested'));
  }

  /**
   * A process that was suspended missed deliveries just like one that had exited. If there are several, the store's heartbeat
   * shows whether all of them were.
   */
  function noticeGap(): void {
    const before = hereAt;
    hereAt = clock.now();
    const isGap = hereAt - before > clock.toDomain(options.toleratedMs + MINUTE);
    if (isAutomatic && !options.isShared && isGap) wishQuietly('away');
  }

  async function run(): Promise<void> {
    const begun = await store.changeCatchUp((state) => beginRun(state, idleAfterMs, clock.now()));
    known = begun;
    if (begun.run === null) return;
    const { reason, since } = begun.run;
    log.info({ reason, since }, 'catch-up.started');
    await subscription.check();
    await performRun(begun.run, { linq, calls, store, reader, now, onState });
    if (known.completed !== null) log.info(countsOf(known.completed), 'catch-up.completed');
    options.onNews(); // chats may have been waiting for this
  }

  const isRunWanted = ({ run: cut, wanted, ...state }: CatchUpState) =>
    cut !== null ||
    wanted !== null ||
    (isAutomatic && nextRunAt({ ...state, run: cut, wanted }, startedAt, everyMs) <= clock.now());

  /** Does what is due, most urgent first. Resolves to the time of the next task. */
  async function step(): Promise<EpochMs> {
    known = await store.catchUp();
    const lookAt = options.isShared ? clock.now() + clock.toDomain(LOOK_EVERY_MS) : Number.POSITIVE_INFINITY;
    if (!account.isLeader()) return lookAt;
    if (isRunWanted(known)) {
      if (known.run === null && known.wanted === null) await wish('periodic');
      await run();
      return clock.now();
    }
    if (subscription.dueInMs() <= 0) await subscription.check();
    const sweepAt = isAutomatic ? nextSweepAt(known) : null;
    if (sweepAt !== null && sweepAt <= clock.now()) {
      const isDone = await performSweep(known, {
        ...{ store, reader, now, idleAfterMs, onState },
        hasToYield: () => isRunWanted(known),
      });
      if (isDone) log.info({}, 'catch-up.swept');
      return clock.now();
    }
    const checkAt = clock.now() + clock.toDomain(subscription.dueInMs());
    const runAt = isAutomatic ? nextRunAt(known, startedAt, everyMs) : Number.POSITIVE_INFINITY;
    return Math.min(checkAt, runAt, sweepAt ?? Number.POSITIVE_INFINITY, lookAt);
  }

  /** Resolves to the real ms to wait before retrying. Never rejects. */
  async function report(error: unknown, failures: number): Promise<number> {
    if (error instanceof CatchUpError && error.message === SUPERSEDED) return 0;
    const isOurs = error instanceof CatchUpError;
    if (isOurs) failuresHere++;
    const cause = isOurs ? error.message : 'unforeseen';
    if (isRunWanted(known)) failedFor = cause;
    await count(cause);
    const inARow = isOurs ? Math.max(failures, calls.failures()) : failures;
    const retryInMs = doublingMs(inARow - 1, ...RETRY_MS);
    if (isOurs) log.warn({ cause: error.message, retryInMs, ...countsOf(known.run) }, 'catch-up.failed');
    else log.error({ err: error, retryInMs }, 'catch-up.failed');
    return retryInMs;
  }

  async function count(cause: string): Promise<void> {
    try {
      known = await store.changeCatchUp((state) => countFailure(state, cause, clock.now()));
    } catch {
      // a failing store is reported as its own problem
    }
  }

  /** Waits before retrying, unless a run is requested, here or at another replica. @throws when stopped */
  async function rest(ms: number): Promise<void> {
    const end = clock.monotonic() + ms;
    const hasNewWish = async () =>
      options.isShared && known.wanted === null && (await store.catchUp().catch(() => known)).wanted !== null;
    for (let leftMs = ms; leftMs > 0 && !wake.signal.aborted; leftMs = end - clock.monotonic()) {
      await calls.pause(options.isShared ? Math.min(leftMs, LOOK_EVERY_MS) : leftMs, wake.signal);
      if (await hasNewWish()) return;
    }
  }

  async function live(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      wake = new AbortController();
      try {
        const nextAt = await step();
        failures = 0;
        failuresHere = 0;
        await clock.sleepUntil(nextAt, Number.POSITIVE_INFINITY, wake.signal);
        noticeGap();
      } catch (error) {
        if (stopping.signal.aborted) return;
        await rest(await report(error, ++failures)).catch(() => {});
      }
    }
  }

  function viewContext(): ViewContext {
    if (account.isLeader()) return { isAutomatic, failedFor, waitingFor: calls.waitingFor() };
    const leaders = options.leadersView();
    const causeOf = (activity: CatchUpActivity) =>
      leaders?.activity === activity ? (leaders.cause ?? 'unknown') : null;
    const waitingFor = leaders === null ? 'no_leader' : causeOf('waiting');
    return { isAutomatic, failedFor: causeOf('failed'), waitingFor };
  }

  return {
    start() {
      running = live();
    },
    async stop() {
      stopping.abort();
      wake.abort();
      await running;
    },
    request() {
      failedFor = null; // it is retried at once
      return wish('manual');
    },
    onStale() {
      const at = clock.monotonic();
      if (!isAutomatic || at - staleAt < STALE_EVERY_MS) return;
      staleAt = at;
      wishQuietly('stale');
    },
    view: (stored = known) => viewOf(stored, viewContext()),
    failures: () => failuresHere,
    subscription: () => (account.isLeader() ? subscription.state() : 'unknown'), // it may be outdated
  };
}

/**
 * `waiting`: the account is closed to calls, or a failed call is about to be repeated; `failed`: gave up for
 * now and will retry later; `off`: only on demand.
 */
export type CatchUpActivity = 'idle' | 'running' | 'waiting' | 'failed' | 'off';

/** As the status shows it. */
export interface CatchUpView {
  readonly activity: CatchUpActivity;
  /** Why it is waiting or has failed: one short word. */
  readonly cause: string | null;
  /** The run in progress, else the last completed one. */
  readonly run: (CatchUpRun & { readonly endedAt?: EpochMs }) | null;
  readonly completedAt: EpochMs | null;
}

interface ViewContext {
  /** Runs start automatically. */
  readonly isAutomatic: boolean;
  /** Why the latest attempt gave up; null: it didn't. */
  readonly failedFor: string | null;
  readonly waitingFor: string | null;
}

function viewOf(state: CatchUpState, context: ViewContext): CatchUpView {
  const { run, completed } = state;
  const { failedFor, waitingFor } = context;
  const activity = activityOf(state, context);
  const isHeld = activity === 'waiting' || activity === 'failed';
  return {
    activity,
    cause: isHeld ? (failedFor ?? waitingFor) : null,
    run: run ?? completed,
    completedAt: completed?.endedAt ?? null,
  };
}

function activityOf(
  { run, wanted }: CatchUpState,
  { isAutomatic, failedFor, waitingFor }: ViewContext,
): CatchUpActivity {
  if (run === null && wanted === null) return isAutomatic ? 'idle' : 'off';
  if (failedFor !== null) return 'failed';
  return waitingFor === null ? 'running' : 'waiting';
}

/** For the log. */
function countsOf(run: CatchUpRun | null) {
  if (run === null) return {};
  const { chatsSeen, chatsTotal, chatsRead, chatsChanged, chatsUnread } = run;
  return { chatsSeen, chatsTotal, chatsRead, chatsChanged, chatsUnread };
}
