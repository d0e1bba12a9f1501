import type { Clock } from '../clock.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';

/** More than this between two clocks is a wrong clock, not delay or rounding. */
const MAX_DISAGREEMENT_MS = 30 * SECOND;

/** The `Date` header of an answer, and the wall clock around the call; epoch ms. */
export interface ServerDate {
  readonly serverAt: EpochMs;
  readonly requestedAt: EpochMs;
  readonly receivedAt: EpochMs;
}

export type ClockGuard = ReturnType<typeof createClockGuard>;

/** What is to be set right: `followsWall` when the wall clock was corrected and domain time is to follow it. */
export interface ClockCorrection {
  readonly followsWall: boolean;
}

/**
 * Says whether our clock can be believed. A step of the wall clock, a heartbeat of the future or a `Date` of Linq's that
 * disagrees stop automatic sharing until an answer's `Date` agrees with the time that we share by, and until what is
 * stored was set right.
 * @param lastHeartbeatAt of the process before, or null; a past that lies in our future means a clock set back
 * @param onCorrected told, when all is set right, by how many ms `clock.now()` has moved
 */
export function createClockGuard({
  clock,
  lastHeartbeatAt,
  onCorrected,
}: {
  clock: Clock;
  lastHeartbeatAt: EpochMs | null;
  onCorrected: (byMs: number) => void;
}) {
  /** Linq's clock minus our wall clock at the last answer. */
  let wallOffMs: number | null = null;
  let isBehindPast =
    lastHeartbeatAt !== null && lastHeartbeatAt - clock.now() > clock.toDomain(MAX_DISAGREEMENT_MS);
  let isDateWrong = false;
  /** The step of the wall clock that an answer has shown to be the wall clock's fault. */
  let confirmedStepMs = 0;
  let correction: ClockCorrection | null = null;
  let distrustedSince: EpochMs | null = null;
  const isOff = (ms: number) => Math.abs(ms) > MAX_DISAGREEMENT_MS;

  function isDistrusted(): boolean {
    const isWrong =
      isBehindPast || isDateWrong || correction !== null || isOff(clock.stepMs() - confirmedStepMs);
    distrustedSince = isWrong ? (distrustedSince ?? clock.now()) : null;
    return isWrong;
  }

  return {
    /** True while automatic shares must wait. */
    isDistrusted,
    distrustedSince: (): EpochMs | null => (isDistrusted() ? distrustedSince : null),
    /** Linq's clock minus our wall clock at the last answer, in ms; null: no answer told it yet. */
    linqDateOffMs: (): number | null => wallOffMs,
    /** What the dispatcher has to set right before it goes on, and to tell by `corrected`; null: nothing. */
    correction: (): ClockCorrection | null => correction,
    corrected(byMs: number): void {
      correction = null;
      isBehindPast = false;
      onCorrected(byMs);
    },
    heard({ serverAt, requestedAt, receivedAt }: ServerDate): void {
      // The header has whole seconds, and was written somewhere between request and answer.
      const isEarly = serverAt + SECOND < requestedAt;
      wallOffMs = isEarly ? serverAt + SECOND - requestedAt : Math.max(0, serverAt - receivedAt);
      const stepMs = clock.stepMs();
      isDateWrong = isOff(wallOffMs) && isOff(wallOffMs + stepMs);
      if (isDateWrong) return;
      // a wall clock that was set wrong changes nothing: the time that we share by runs on as before
      const isWallRight = !isOff(wallOffMs);
      confirmedStepMs = isWallRight ? 0 : stepMs;
      const isDue = correction !== null || isBehindPast || (isWallRight && isOff(stepMs));
      correction = isDue ? { followsWall: isWallRight } : null;
    },
  };
}
