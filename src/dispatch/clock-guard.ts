import { type Clock, MAX_DISAGREEMENT_MS } from '../clock.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';

/** Domain time that is known less exactly than this isn't known at all. */
const MAX_UNCERTAINTY_MS = SECOND;

/** The `Date` header of an answer, and the wall clock (`Clock.wallNow`) around the call; epoch ms. */
export interface ServerDate {
  readonly serverAt: EpochMs;
  readonly requestedAt: EpochMs;
  readonly receivedAt: EpochMs;
  /** How long the call took by the monotonic clock. */
  readonly tookMs: number;
}

export type ClockGuard = ReturnType<typeof createClockGuard>;

/** The correction to make. `followsWall`: the wall clock was corrected, and domain time has to follow it. */
export interface ClockCorrection {
  readonly followsWall: boolean;
  /** Another replica has corrected the stored times already. */
  readonly isStored?: boolean;
}

const ADOPTION: ClockCorrection = { followsWall: true, isStored: true };

/**
 * Decides whether our clock can be trusted. A step of the wall clock, a heartbeat in the future, or a `Date`
 * from Linq that disagrees stops automatic sharing until an answer's `Date` agrees with domain time and the
 * stored times have been corrected. So does domain time that isn't known exactly, until it is.
 * @param lastHeartbeatAt of the previous process, or null; one in our future means that the clock was set
 * back
 * @param followed how many corrections of the stored times our clock follows, see `Store.followedCorrections`
 * @param onCorrected called once everything is corrected, with the ms by which `clock.now()` has moved
 */
export function createClockGuard({
  clock,
  lastHeartbeatAt,
  followed = () => 0,
  onCorrected,
}: {
  clock: Clock;
  lastHeartbeatAt: EpochMs | null;
  followed?: () => number;
  onCorrected: (byMs: number) => void;
}) {
  /** Linq's clock minus this machine's at the last answer. */
  let machineOffMs: number | null = null;
  let isBehindPast =
    lastHeartbeatAt !== null && lastHeartbeatAt - clock.now() > clock.toDomain(MAX_DISAGREEMENT_MS);
  let isDateWrong = false;
  /** The step that an answer has shown to be an error of the wall clock. */
  let confirmedStepMs = 0;
  let correction: ClockCorrection | null = null;
  let distrustedSince: EpochMs | null = null;
  const isOff = (ms: number) => Math.abs(ms) > MAX_DISAGREEMENT_MS;
  const isUncertain = () => clock.latest() - clock.now() > clock.toDomain(MAX_UNCERTAINTY_MS);
  const due = (): ClockCorrection | null => (clock.corrections() > followed() ? ADOPTION : correction);

  function isDistrusted(): boolean {
    const isStepped = isOff(clock.stepMs() - confirmedStepMs);
    const isWrong = isBehindPast || isDateWrong || due() !== null || isStepped || isUncertain();
    distrustedSince = isWrong ? (distrustedSince ?? clock.now()) : null;
    return isWrong;
  }

  return {
    /** True while automatic shares must wait. */
    isDistrusted,
    distrustedSince: (): EpochMs | null => (isDistrusted() ? distrustedSince : null),
    /** Linq's clock minus this machine's at the last answer, in ms; null: no answer yet. */
    linqDateOffMs: (): number | null => machineOffMs,
    /**
     * What the dispatcher has to correct before it continues, and to confirm with `corrected`; null: nothing.
     */
    correction: due,
    corrected(byMs: number, isStored = false): void {
      correction = null;
      if (isStored) confirmedStepMs = 0;
      isBehindPast = false;
      onCorrected(byMs);
    },
    heard({ serverAt, requestedAt, receivedAt, tookMs }: ServerDate): void {
      // between the readings of a wall clock that was set meanwhile, any `Date` would seem right
      if (isOff(receivedAt - requestedAt - tookMs)) return;
      // The header has whole seconds, and was written somewhere between request and answer.
      const isEarly = serverAt + SECOND < requestedAt;
      const wallOffMs = isEarly ? serverAt + SECOND - requestedAt : Math.max(0, serverAt - receivedAt);
      machineOffMs = wallOffMs + clock.wallNow() - clock.systemNow();
      const stepMs = clock.stepMs();
      isDateWrong = isOff(wallOffMs) && isOff(wallOffMs + stepMs);
      if (isDateWrong) return;
      // a wall clock that was set wrong changes nothing: domain time runs on as before
      const isWallRight = !isOff(wallOffMs);
      confirmedStepMs = isWallRight ? 0 : stepMs;
      const isDue = correction !== null || isBehindPast || (isWallRight && isOff(stepMs));
      correction = isDue ? { followsWall: isWallRight } : null;
    },
  };
}
