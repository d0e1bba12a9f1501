import type { EpochMs } from '../decide/time.ts';
import type { SignatureFault } from '../errors.ts';

/** Why a delivery was refused: its signature, its size or type, or too many of them. */
export type Refusal = SignatureFault | 'size' | 'type' | 'limited';

/** Since start. Each delivery counts once; one that we asked to be sent again (503) counts as failed, or as stale if it was. */
export interface WebhookCounters {
  accepted: number;
  ignored: number;
  quarantined: number;
  failed: number;
  readonly rejected: Record<Refusal, number>;
  /** When the last authentic delivery was answered 2xx. */
  lastAcceptedAt: EpochMs | null;
  readonly signatures: SignatureRun;
}

/** How verification went, in the order of arrival. Here doctor's test deliveries count as well. */
export interface SignatureRun {
  /** An authentic delivery came. */
  isProven: boolean;
  /** Wrong or stale signatures since the last authentic delivery, and when the first of them came. */
  failedInARow: number;
  failingSince: EpochMs | null;
  /** Those of them that were wrong: a stale one proves that the secret is right. */
  mismatchedInARow: number;
  /** How often a failure came right after an authentic delivery. */
  relapses: number;
}

export function createWebhookCounters(): WebhookCounters {
  return {
    accepted: 0,
    ignored: 0,
    quarantined: 0,
    failed: 0,
    rejected: { missing: 0, malformed: 0, mismatch: 0, stale: 0, size: 0, type: 0, limited: 0 },
    lastAcceptedAt: null,
    signatures: { isProven: false, failedInARow: 0, failingSince: null, mismatchedInARow: 0, relapses: 0 },
  };
}

export function noteAuthentic({ signatures }: WebhookCounters): void {
  Object.assign(signatures, { isProven: true, failedInARow: 0, failingSince: null, mismatchedInARow: 0 });
}

/** Only a wrong or a stale signature says something: one that is missing or malformed is somebody's scanner. */
export function noteRefused(counters: WebhookCounters, refusal: Refusal, now: EpochMs): void {
  counters.rejected[refusal]++;
  if (refusal !== 'mismatch' && refusal !== 'stale') return;
  const { signatures } = counters;
  if (signatures.isProven && signatures.failedInARow === 0) signatures.relapses++;
  signatures.failedInARow++;
  signatures.failingSince ??= now;
  if (refusal === 'mismatch') signatures.mismatchedInARow++;
}

/** What the status page shows of a delivery. */
export interface SeenDelivery {
  readonly at: EpochMs;
  readonly eventType: string | null;
  readonly chatId: string | null;
  readonly verdict: Verdict;
}

/** `failed`: answered 503, so that Linq sends it again. */
export type Verdict = 'accepted' | 'ignored' | 'quarantined' | 'failed' | Refusal;

/** The last deliveries, in memory. */
export interface DeliveryLog {
  push(delivery: SeenDelivery): void;
  /** Newest first. */
  newest(): readonly SeenDelivery[];
}

export function createDeliveryLog(capacity = 200): DeliveryLog {
  const ring: SeenDelivery[] = [];
  let next = 0;
  return {
    push(delivery) {
      ring[next] = delivery;
      next = (next + 1) % capacity;
    },
    newest: () => [...ring.slice(next), ...ring.slice(0, next)].reverse(),
  };
}
