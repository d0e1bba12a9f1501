import { DAY, type EpochMs, HOUR, MINUTE } from './time.ts';

/** Why chats are read from the API. `away`: nobody took deliveries for longer than Linq's are believed. */
export type CatchUpReason = 'away' | 'periodic' | 'stale' | 'manual';

/** Something happened that the next run has to cover. */
export interface CatchUpWish {
  readonly reason: CatchUpReason;
  readonly at: EpochMs;
}

/** One reading of all that changed. */
export interface CatchUpRun {
  readonly reason: CatchUpReason;
  /** It covers what happened up to then. */
  readonly startedAt: EpochMs;
  /** Chats that were last updated up to then aren't read; null: all are. */
  readonly since: EpochMs | null;
  /** Different chats of the listing that are dealt with. */
  readonly chatsSeen: number;
  /** Null until the listing has been seen to its end. */
  readonly chatsTotal: number | null;
  readonly chatsRead: number;
  /** Chats of which something was read that nobody had told. */
  readonly chatsChanged: number;
  /** Chats that couldn't be read: the next run tries them again. */
  readonly chatsUnread: number;
}

export interface CompletedRun extends CatchUpRun {
  readonly endedAt: EpochMs;
}

/** What is remembered of catching up, across restarts. */
export interface CatchUpState {
  /** The earliest wish that came since the run under way began, or since the last one. */
  readonly wanted: CatchUpWish | null;
  /** Under way, or cut off. */
  readonly run: CatchUpRun | null;
  readonly completed: CompletedRun | null;
  /** The daily reading of active chats, as far as it went: `after` is a place in the store. */
  readonly sweep: { readonly startedAt: EpochMs; readonly after: number } | null;
  /** When the last one that completed began. */
  readonly sweptAt: EpochMs | null;
  /** Tries that were given up since the last one that completed; null: none was. */
  readonly failing: CatchUpFailing | null;
}

export interface CatchUpFailing {
  readonly since: EpochMs;
  readonly lastAt: EpochMs;
  readonly tries: number;
  /** Why the last one was: one short word. */
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

/** When a chat was read is noted as this, if it couldn't be: it is read next time, whatever its `updatedAt`. */
export const UNREAD: EpochMs = 0;

/** So many tries in a row, or so long a time, are no hiccup. */
const FAILING_TRIES = 3;
const FAILING_MS = 2 * HOUR;

/** Linq may note a change late, and its clock may differ from ours. */
const OVERLAP_MS = HOUR;
const MARGIN_MS = 5 * MINUTE;

/** True when this long without anybody there means that deliveries may have been lost. */
export function wasAway(lastHeartbeatAt: EpochMs | null, now: EpochMs, toleratedMs: number): boolean {
  // a heartbeat of the future tells of a wrong clock, and so nothing of how long it was
  return lastHeartbeatAt === null || Math.abs(now - lastHeartbeatAt) > toleratedMs;
}

/** With a wish added; one run covers all that came before it. */
export function wishFor(state: CatchUpState, reason: CatchUpReason, now: EpochMs): CatchUpState {
  const isComing = state.wanted !== null || (reason === 'periodic' && state.run !== null);
  return isComing ? state : { ...state, wanted: { reason, at: now } };
}

/**
 * With a run under way. One that was cut off goes on from its beginning, since pages may have shifted, but reads no
 * chat twice; a wish that came meanwhile makes it cover up to now.
 * @param idleAfterMs the first run of all reads what is younger; 0: everything
 */
export function beginRun(state: CatchUpState, idleAfterMs: number, now: EpochMs): CatchUpState {
  const { wanted, run, completed } = state;
  if (run !== null && wanted === null) {
    return { ...state, run: { ...run, chatsSeen: 0, chatsTotal: null, chatsUnread: 0 } }; // these are tried again
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

/** With the run under way completed. A wish that came since its start stays, for the next one. */
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

/** With the daily reading completed that began at `startedAt`. */
export function completeSweep(state: CatchUpState, startedAt: EpochMs): CatchUpState {
  return { ...state, sweep: null, sweptAt: startedAt, failing: null };
}

/** With a try that was given up. One that a restart cut off isn't counted, and doesn't end the count. */
export function countFailure(state: CatchUpState, cause: string, now: EpochMs): CatchUpState {
  const { since = now, tries = 0 } = state.failing ?? {};
  return { ...state, failing: { since, lastAt: now, tries: tries + 1, cause } };
}

/** Whether catching up fails for more than a hiccup. */
export function isCatchUpFailing(failing: CatchUpFailing | null): failing is CatchUpFailing {
  if (failing === null) return false;
  // up to the last of them: a run that has been reading well since may take longer than that
  return failing.tries >= FAILING_TRIES || failing.lastAt - failing.since >= FAILING_MS;
}

/**
 * Whether a run has to read a chat's messages.
 * @param updatedAt as Linq tells it; null: it doesn't
 * @param readAt when the run under way, or one that was cut off, read it; null: neither did
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

/** When the next run begins by itself. */
export function nextRunAt({ completed }: CatchUpState, processStartedAt: EpochMs, everyMs: number): EpochMs {
  return (completed?.startedAt ?? processStartedAt) + everyMs;
}

/** When active chats are read again whatever their `updatedAt`; null: not before the first run completed. */
export function nextSweepAt({ sweep, sweptAt }: CatchUpState): EpochMs | null {
  if (sweptAt === null) return null;
  return sweep === null ? sweptAt + DAY : sweep.startedAt;
}

/**
 * The state after the clock was corrected by `byMs` and reads `now`. What a wrong time says of how far we had caught up
 * isn't believed: rather too much is read again.
 * @param lastHeartbeatAt the latest by the time of before
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
