import { DAY, type EpochMs, HOUR, MINUTE } from './time.ts';

/**
 * Why chats are read from the API. `away`: the service was down for longer than we trust Linq's retries to
 * last.
 */
export type CatchUpReason = 'away' | 'periodic' | 'stale' | 'manual';

/** A reason for the next run, which has to cover it. */
export interface CatchUpWish {
  readonly reason: CatchUpReason;
  readonly at: EpochMs;
}

/** One pass over everything that changed. */
export interface CatchUpRun {
  readonly reason: CatchUpReason;
  /** The run covers everything up to this instant. */
  readonly startedAt: EpochMs;
  /** Chats last updated at or before this are skipped; null: all chats are read. */
  readonly since: EpochMs | null;
  /** Distinct chats of the listing that have been handled. */
  readonly chatsSeen: number;
  /** Null until the whole listing has been read. */
  readonly chatsTotal: number | null;
  readonly chatsRead: number;
  /** Chats whose messages contained something that no webhook had reported. */
  readonly chatsChanged: number;
  /** Chats that couldn't be read: the next run retries them. */
  readonly chatsUnread: number;
}

export interface CompletedRun extends CatchUpRun {
  readonly endedAt: EpochMs;
}

/** The state of catching up that survives restarts. */
export interface CatchUpState {
  /** The earliest request since the current run, or else the last one, began. */
  readonly wanted: CatchUpWish | null;
  /** In progress, or interrupted. */
  readonly run: CatchUpRun | null;
  readonly completed: CompletedRun | null;
  /** Progress of the daily sweep of active chats; `after` is a position in the store. */
  readonly sweep: { readonly startedAt: EpochMs; readonly after: number } | null;
  /** When the last completed sweep began. */
  readonly sweptAt: EpochMs | null;
  /** Attempts that have failed since the last completed run; null: none. */
  readonly failing: CatchUpFailing | null;
}

export interface CatchUpFailing {
  readonly since: EpochMs;
  readonly lastAt: EpochMs;
  readonly tries: number;
  /** Why the last attempt failed: one short word. */
  readonly cause: string;
}

export const NO_CATCH_UP: CatchUpState = Object.freeze({
  wanted: null,
  run: null,
  completed: null,
  sweep: null,
  sweptAt: null,
  failing: null,
});

/** The read time of a chat that couldn't be read: the next run reads it, whatever its `updatedAt`. */
export const UNREAD: EpochMs = 0;

/** A failure that lasts this many attempts, or this long, is more than a hiccup. */
const FAILING_TRIES = 3;
const FAILING_MS = 2 * HOUR;

/** Linq may record a change late, and its clock may differ from ours. */
const OVERLAP_MS = HOUR;
const MARGIN_MS = 5 * MINUTE;

/** True if the gap since the last heartbeat is so long that webhooks may have been lost. */
export function wasAway(lastHeartbeatAt: EpochMs | null, now: EpochMs, toleratedMs: number): boolean {
  // a heartbeat in the future means a wrong clock, so it says nothing about how long the gap was
  return lastHeartbeatAt === null || Math.abs(now - lastHeartbeatAt) > toleratedMs;
}

/** Adds a request; one run covers all requests made before it begins. */
export function wishFor(state: CatchUpState, reason: CatchUpReason, now: EpochMs): CatchUpState {
  const isComing = state.wanted !== null || (reason === 'periodic' && state.run !== null);
  return isComing ? state : { ...state, wanted: { reason, at: now } };
}

/**
 * Starts a run. An interrupted run restarts from the beginning, since pages may have shifted, but reads no
 * chat twice; a request made meanwhile extends it to cover up to now.
 * @param idleAfterMs the very first run reads only chats younger than this; 0: all chats
 */
export function beginRun(state: CatchUpState, idleAfterMs: number, now: EpochMs): CatchUpState {
  const { wanted, run, completed } = state;
  if (run !== null && wanted === null) {
    return { ...state, run: { ...run, chatsSeen: 0, chatsTotal: null, chatsUnread: 0 } }; // these are retried
  }
  const isDated = completed !== null && completed.startedAt <= now;
  const lastCovered = isDated ? completed.startedAt - OVERLAP_MS : null;
  const first = idleAfterMs === 0 ? null : now - idleAfterMs;
  const since = run === null ? (lastCovered ?? first) : run.since;
  const { chatsRead = 0, chatsChanged = 0 } = run ?? {};
  const counts = { chatsSeen: 0, chatsTotal: null, chatsRead, chatsChanged, chatsUnread: 0 };
  const begun = { reason: wanted?.reason ?? 'manual', startedAt: now, since, ...counts };
  return { ...state, wanted: null, run: begun };
}

/** Completes the current run. A request made since its start stays, for the next run. */
export function completeRun(state: CatchUpState, now: EpochMs): CatchUpState {
  const { run, sweptAt } = state;
  if (run === null) return state;
  return {
    ...state,
    run: null,
    completed: { ...run, endedAt: now },
    sweptAt: sweptAt ?? run.startedAt, // the first run reads what a sweep would
    failing: null,
  };
}

/** Completes the daily sweep that began at `startedAt`. */
export function completeSweep(state: CatchUpState, startedAt: EpochMs): CatchUpState {
  return { ...state, sweep: null, sweptAt: startedAt, failing: null };
}

/**
 * Counts a failed attempt. An attempt that a restart interrupted isn't counted, and doesn't reset the count.
 */
export function countFailure(state: CatchUpState, cause: string, now: EpochMs): CatchUpState {
  const { since = now, tries = 0 } = state.failing ?? {};
  return { ...state, failing: { since, lastAt: now, tries: tries + 1, cause } };
}

/** True if catching up keeps failing, beyond a hiccup. */
export function isCatchUpFailing(failing: CatchUpFailing | null): failing is CatchUpFailing {
  if (failing === null) return false;
  // measured up to the last failure: a run that has been reading well since may take longer than the limit
  return failing.tries >= FAILING_TRIES || failing.lastAt - failing.since >= FAILING_MS;
}

/**
 * Whether a run has to read a chat's messages.
 * @param updatedAt as Linq reports it; null: not reported
 * @param readAt when the current or interrupted run read it; null: not yet
 */
export function needsReading(
  updatedAt: EpochMs | null,
  readAt: EpochMs | null,
  run: Pick<CatchUpRun, 'startedAt' | 'since'>,
): boolean {
  if (readAt === UNREAD) return true;
  const isRead =
    readAt !== null && (readAt >= run.startedAt || (updatedAt !== null && readAt > updatedAt + MARGIN_MS));
  return !isRead && (updatedAt === null || run.since === null || updatedAt > run.since);
}

/** When the next scheduled run begins. */
export function nextRunAt({ completed }: CatchUpState, processStartedAt: EpochMs, everyMs: number): EpochMs {
  return (completed?.startedAt ?? processStartedAt) + everyMs;
}

/**
 * When active chats are next read regardless of their `updatedAt`; null: not before the first run completes.
 */
export function nextSweepAt({ sweep, sweptAt }: CatchUpState): EpochMs | null {
  if (sweptAt === null) return null;
  return sweep === null ? sweptAt + DAY : sweep.startedAt;
}

/**
 * The state after the clock was corrected by `byMs` and reads `now`. Progress recorded under the wrong time
 * isn't trusted: reading too much is the safe side.
 * @param lastHeartbeatAt the latest heartbeat, by the old clock
 */
export function afterClockShift(
  state: CatchUpState,
  byMs: number,
  lastHeartbeatAt: EpochMs | null,
  now: EpochMs,
): CatchUpState {
  const { wanted, run, completed, sweptAt, failing } = state;
  const isFromFuture = (at: EpochMs) => at > now || (lastHeartbeatAt ?? 0) > now;
  const earlier = (at: EpochMs) => at + Math.min(byMs, 0);
  const wish = wanted ?? run;
  return {
    wanted: wish === null ? null : { reason: wish.reason, at: now },
    run: null,
    completed:
      completed === null || isFromFuture(completed.startedAt)
        ? null
        : { ...completed, startedAt: earlier(completed.startedAt), endedAt: earlier(completed.endedAt) },
    sweep: null,
    sweptAt: sweptAt === null ? null : Math.min(sweptAt, now),
    failing: failing && {
      ...failing,
      since: Math.min(failing.since, now),
      lastAt: Math.min(failing.lastAt, now),
    },
  };
}
