import type { EpochMs } from '../../decide/time.ts';
import type { DeliveryNews } from '../../store/store.ts';

/**
 * Measures for how long no delivery has been accepted. Only time during which the service was up counts, since nobody
 * can deliver to one that is down; and it is measured by a clock that never steps.
 * @param before what the process before had measured
 */
export function createSilence(before: DeliveryNews, startedAt: number) {
  let { lastAcceptedAt, silentMs } = before;
  let lookedAt = startedAt;
  /** @param monotonic domain time that never steps */
  return (acceptedAt: EpochMs | null, now: EpochMs, monotonic: number): DeliveryNews => {
    const passedMs = monotonic - lookedAt;
    const isNew = acceptedAt !== null && acceptedAt !== lastAcceptedAt;
    silentMs = isNew ? Math.min(Math.max(0, now - acceptedAt), passedMs) : silentMs + passedMs;
    lastAcceptedAt = acceptedAt ?? lastAcceptedAt;
    lookedAt = monotonic;
    return { lastAcceptedAt, silentMs: Math.round(silentMs) };
  };
}
