import type { CatchUpRun, CatchUpState } from '../decide/catch-up.ts';
import type { EpochMs } from '../decide/time.ts';

/**
 * `waiting`: the account is closed to calls, or one that failed is about to be repeated; `failed`: given up for now,
 * and tried again later; `off`: only on demand.
 */
export type CatchUpActivity = 'idle' | 'running' | 'waiting' | 'failed' | 'off';

/** For people and machines to see. */
export interface CatchUpView {
  readonly activity: CatchUpActivity;
  /** Why it waits or failed: one short word. */
  readonly cause: string | null;
  /** The run under way, else the last one that completed. */
  readonly run: (CatchUpRun & { readonly endedAt?: EpochMs }) | null;
  readonly completedAt: EpochMs | null;
}

interface Circumstances {
  /** Runs begin by themselves. */
  readonly isAutomatic: boolean;
  /** Why the latest try was given up; null: it wasn't. */
  readonly failedFor: string | null;
  readonly waitingFor: string | null;
}

export function viewOf(state: CatchUpState, circumstances: Circumstances): CatchUpView {
  const { run, completed } = state;
  const { failedFor, waitingFor } = circumstances;
  const activity = activityOf(state, circumstances);
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
  { isAutomatic, failedFor, waitingFor }: Circumstances,
): CatchUpActivity {
  if (run === null && wanted === null) return isAutomatic ? 'idle' : 'off';
  if (failedFor !== null) return 'failed';
  return waitingFor === null ? 'running' : 'waiting';
}

/** For the log. */
export function countsOf(run: CatchUpRun | null) {
  if (run === null) return {};
  const { chatsSeen, chatsTotal, chatsRead, chatsChanged, chatsUnread } = run;
  return { chatsSeen, chatsTotal, chatsRead, chatsChanged, chatsUnread };
}
