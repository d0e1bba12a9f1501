import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../clock.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import { ReactorError, type SignatureFault } from '../errors.ts';
import { createLineLimiter } from '../log.ts';

/** What is known about a delivery when it is reported; null until it is verified and parsed. */
export interface Described {
  readonly webhookId: string | null;
  readonly eventType: string | null;
  readonly chatId: string | null;
}

/** Counts, remembers and logs the verdict on each delivery, with its ids, never a header or a body. */
export interface Reporter {
  accepted(delivery: Described): void;
  /** @param isOdd worth a warning */
  ignored(delivery: Described, reason: string, isOdd: boolean): void;
  quarantined(delivery: Described, cause: string): void;
  /** Our own test delivery: authentic and shown, but not counted as one from Linq. */
  probed(delivery: Described): void;
  refused(refusal: Refusal, webhookId: string | null, reason: string, skewMs: number | null): void;
  /** Answered 503. @param error a reason in words, or the thrown value */
  failed(delivery: Described, error: unknown): void;
}

export const UNDESCRIBED: Described = { webhookId: null, eventType: null, chatId: null };

export function createReporter(
  log: FastifyBaseLogger,
  clock: Pick<Clock, 'now' | 'monotonic'>,
  counters: WebhookCounters,
  seen: DeliveryLog,
): Reporter {
  // a flood of forgeries must not hide a failing store, so each has its own ten lines per second
  const refusals = createLineLimiter();
  const troubles = createLineLimiter();

  const keep = ({ eventType, chatId }: Described, verdict: Verdict) => {
    seen.push({ at: clock.now(), eventType, chatId, verdict });
  };
  const countAuthentic = (delivery: Described, verdict: 'accepted' | 'ignored' | 'quarantined') => {
    counters[verdict]++;
    noteAuthentic(counters);
    counters.lastAcceptedAt = clock.now();
    keep(delivery, verdict);
  };
  const warn = (delivery: Described, verdict: Verdict, message: string, fields: object) => {
    const leftOut = troubles.admit(clock.monotonic());
    if (leftOut !== null) log.warn({ ...delivery, verdict, ...fields, ...andLeftOut(leftOut) }, message);
  };

  return {
    accepted(delivery) {
      countAuthentic(delivery, 'accepted');
      log.debug({ ...delivery, verdict: 'accepted' }, 'delivery.received');
    },
    ignored(delivery, reason, isOdd) {
      countAuthentic(delivery, 'ignored');
      if (isOdd) warn(delivery, 'ignored', 'delivery.received', { reason });
      else log.debug({ ...delivery, verdict: 'ignored', reason }, 'delivery.received');
    },
    quarantined(delivery, cause) {
      countAuthentic(delivery, 'quarantined');
      warn(delivery, 'quarantined', 'delivery.quarantined', { cause });
    },
    probed(delivery) {
      noteAuthentic(counters);
      keep(delivery, 'ignored');
      log.debug({ ...delivery, verdict: 'ignored', reason: 'a test by doctor' }, 'delivery.received');
    },
    refused(refusal, webhookId, reason, skewMs) {
      noteRefused(counters, refusal, clock.now());
      const leftOut = refusals.admit(clock.monotonic());
      if (leftOut === null) return;
      const skew = skewMs === null ? {} : { skewSeconds: Math.round(skewMs / SECOND) };
      log.warn({ webhookId, verdict: refusal, ...skew, reason, ...andLeftOut(leftOut) }, 'delivery.rejected');
      // in a flood the page shows only as many as the log, so that they don't push out the others
      keep(UNDESCRIBED, refusal);
    },
    failed(delivery, error) {
      counters.failed++;
      keep(delivery, 'failed');
      warn(
        delivery,
        'failed',
        'delivery.failed',
        typeof error === 'string' ? { reason: error } : describe(error),
      );
    },
  };
}

function andLeftOut(linesLeftOut: number): object {
  return linesLeftOut === 0 ? {} : { linesLeftOut };
}

/** An unexpected error's message may quote the delivery, so only its name, code and place are logged. */
function describe(error: unknown): object {
  if (error instanceof ReactorError) return { errorCode: error.code, reason: error.message };
  if (!(error instanceof Error)) return { reason: 'a value that is not an error was thrown' };
  const errorCode = 'code' in error && typeof error.code === 'string' ? { errorCode: error.code } : {};
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { errorName: error.name, ...errorCode, at: frames.slice(0, 6).map((line) => line.trim()) };
}

/** Why a delivery was refused: its signature, its size or type, or too many of them. */
export type Refusal = SignatureFault | 'size' | 'type' | 'limited';

/** Since start. Each delivery counts once; one answered 503 counts as failed, or as stale if it was stale. */
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

/** Results of verification, in order of arrival. Doctor's test deliveries count here too. */
export interface SignatureRun {
  /** An authentic delivery has arrived. */
  isProven: boolean;
  /** Wrong or stale signatures since the last authentic delivery, and when the first of them arrived. */
  failedInARow: number;
  failingSince: EpochMs | null;
  /** The wrong ones among them: a stale signature proves that the secret is right. */
  mismatchedInARow: number;
  /** How often a failure came directly after an authentic delivery. */
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
  signatures.isProven = true;
  signatures.failedInARow = 0;
  signatures.failingSince = null;
  signatures.mismatchedInARow = 0;
}

/** Only wrong and stale signatures count as failures in a row: a missing or malformed one comes from a scanner. */
export function noteRefused(counters: WebhookCounters, refusal: Refusal, now: EpochMs): void {
  counters.rejected[refusal]++;
  if (refusal !== 'mismatch' && refusal !== 'stale') return;
  const { signatures } = counters;
  if (signatures.isProven && signatures.failedInARow === 0) signatures.relapses++;
  signatures.failedInARow++;
  signatures.failingSince ??= now;
  if (refusal === 'mismatch') signatures.mismatchedInARow++;
}

/** A delivery as the status page shows it. */
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
