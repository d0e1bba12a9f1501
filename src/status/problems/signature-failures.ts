import { type EpochMs, MINUTE, SECOND } from '../../decide/time.ts';
import type { WebhookCounters } from '../../webhook/report.ts';

interface Sample {
  readonly at: number;
  readonly relapses: number;
}

const SPAN_MS = 15 * MINUTE;
const SAMPLE_EVERY_MS = 15 * SECOND;
/** So many within the span, each after an authentic delivery, are no accident: something harms some deliveries only. */
const MANY = 10;
/** So many in a row, without an authentic delivery between, are no accident either. */
const IN_A_ROW = 3;

/** `unknown`: this process hasn't seen enough to say so. */
export type SignatureState = 'fine' | 'unknown' | SignatureFailures;

export interface SignatureFailures {
  readonly since: EpochMs | null;
  /** Nothing of Linq's was accepted since the start. */
  readonly isAll: boolean;
}

/**
 * Tells whether deliveries fail verification in a way that an operator should know of. As long as nothing of Linq's was
 * accepted, a single signature of another secret is enough: a wrong secret loses every delivery. Junk doesn't get that
 * far, since it has no signature of the right form. Failures in a row end with the next authentic delivery, doctor's
 * among them, however many they were; those that come again and again among authentic ones, when they stay out for
 * 15 minutes.
 */
export function createSignatureWatch(startedAt: number) {
  let samples: readonly Sample[] = [{ at: startedAt, relapses: 0 }];
  /** @param at on the same clock as the start: one that never steps */
  return ({ signatures, ...counters }: WebhookCounters, at: number): SignatureState => {
    const { failedInARow, mismatchedInARow, failingSince, isProven, relapses } = signatures;
    const isAll = counters.accepted + counters.ignored + counters.quarantined === 0;
    if (at - (samples.at(-1)?.at ?? 0) >= SAMPLE_EVERY_MS) samples = [...samples, { at, relapses }];
    // the youngest that is older than the span tells where the span began
    while (samples.length > 1 && (samples[1]?.at ?? at) <= at - SPAN_MS) samples = samples.slice(1);
    const recent = relapses - (samples[0]?.relapses ?? 0);
    const isFailing = failedInARow >= IN_A_ROW || (isAll && mismatchedInARow > 0) || recent >= MANY;
    if (isFailing) return { since: failingSince, isAll };
    return !isProven && at - startedAt < SPAN_MS ? 'unknown' : 'fine';
  };
}
