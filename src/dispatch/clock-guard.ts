import type { Clock } from '../clock.ts';
import { type EpochMs, SECOND } from '../decide/duration.ts';

/** More than this between two clocks is a wrong clock, not delay or rounding. */
const MAX_DISAGREEMENT_MS = 30 * SECOND;

/** The `Date` header of an answer, and the wall clock around the call; epoch ms. */
export interface ServerDate {
  readonly serverAt: EpochMs;
  readonly requestedAt: EpochMs;
  readonly receivedAt: EpochMs;
}

export type ClockGuard = ReturnType<typeof createClockGuard>;

/**
 * Says whether our clock can be believed. A step of the wall clock, a heartbeat of the future or a `Date` of Linq's that
 * disagrees stop automatic sharing until an answer's `Date` agrees with the time that we share by.
 * @param lastHeartbeatAt of the process before, or null; a past that lies in our future means a clock set back
 * @param onCorrected told by how many ms `clock.now()` has moved when domain time follows the corrected wall clock
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
  let distrustedSince: EpochMs | null = null;
  const isOff = (ms: number) => Math.abs(ms) > MAX_DISAGREEMENT_MS;

  function isDistrusted(): boolean {
    const isWrong = isBehindPast || isDateWrong || isOff(clock.stepMs() - confirmedStepMs);
    distrustedSince = isWrong ? (distrustedSince ?? clock.now()) : null;
    return isWrong;
  }

  return {
    /** True while automatic shares must wait for an answer whose `Date` agrees. */
    isDistrusted,
    distrustedSince: (): EpochMs | null => (isDistrusted() ? distrustedSince : null),
    /** Linq's clock minus our wall clock at the last answer, in ms; null: no answer told it yet. */
    linqDateOffMs: (): number | null => wallOffMs,
    heard({ serverAt, requestedAt, receivedAt }: ServerDate): void {
      // The header has whole seconds, and was written somewhere between request and answer.
      const isEarly = serverAt + SECOND < requestedAt;
      wallOffMs = isEarly ? serverAt + SECOND - requestedAt : Math.max(0, serverAt - receivedAt);
      const stepMs = clock.stepMs();
      isDateWrong = isOff(wallOffMs) && isOff(wallOffMs + stepMs);
      if (isDateWrong) return;
      if (isOff(wallOffMs)) {
        confirmedStepMs = stepMs; // the wall clock was set wrong; the time that we share by runs on as before
      } else if (isBehindPast || isOff(stepMs)) {
        onCorrected(clock.reanchor());
        confirmedStepMs = 0;
      }
      isBehindPast = false;
    },
  };
}
