import { MINUTE, SECOND } from '../decide/duration.ts';
import type { WebhookCounters } from '../webhook/delivery-log.ts';

interface Sample {
  readonly at: number;
  readonly failures: number;
}

const SPAN_MS = 15 * MINUTE;
const SAMPLE_EVERY_MS = 15 * SECOND;
/** So many within the span are no accident, whatever else arrives. */
const MANY = 10;
/** So many in a row, without an authentic delivery between, look like a wrong secret. */
const IN_A_ROW = 3;

/** `unknown`: this process hasn't seen enough to say so. */
export type SignatureState = 'fine' | 'failing' | 'unknown';

/**
 * Tells whether deliveries fail verification in a way that an operator should know of. Only a wrong or an old signature
 * counts: one that is missing or malformed is somebody's scanner. Many failures are over when it has been quiet
 * for 15 minutes, a few in a row with the next authentic delivery.
 */
export function createSignatureWatch(startedAt: number) {
  let samples: readonly Sample[] = [{ at: startedAt, failures: 0 }];
  let authenticBefore = 0;
  /** Failures up to the last authentic delivery. */
  let excused = 0;
  /** @param at on the same clock as the start: one that never steps */
  return ({ rejected, ...counters }: WebhookCounters, at: number): SignatureState => {
    const failures = rejected.mismatch + rejected.stale;
    const authentic = counters.accepted + counters.ignored + counters.quarantined;
    if (authentic > authenticBefore) excused = failures;
    authenticBefore = authentic;
    if (at - (samples.at(-1)?.at ?? 0) >= SAMPLE_EVERY_MS) samples = [...samples, { at, failures }];
    // the youngest that is older than the span tells where the span began
    while (samples.length > 1 && (samples[1]?.at ?? at) <= at - SPAN_MS) samples = samples.slice(1);
    const recent = failures - (samples[0]?.failures ?? 0);
    if (recent >= MANY || failures - excused >= IN_A_ROW) return 'failing';
    return authentic === 0 && at - startedAt < SPAN_MS ? 'unknown' : 'fine';
  };
}
