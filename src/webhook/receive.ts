import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { ReactorEvent } from '../decide/event.ts';
import { PayloadError, SignatureError } from '../errors.ts';
import type { QuarantinedDelivery } from '../store/store.ts';
import { CLOCK_SUSPECT, NOT_STORED, sendRefusal, tooManyFailures, unauthorized } from './delivery-answers.ts';
import { SENDER_CONFLICT } from './event-readers.ts';
import type { ParsedDelivery } from './parse.ts';
import { createProbeProof, PROBE_EVENT_TYPE, PROBE_PROOF_HEADER } from './probe.ts';
import type { Described, Reporter } from './report.ts';
import {
  claimedWebhookId,
  createStalenessTracker,
  isClockSuspect,
  type Verified,
  type Verify,
} from './verify.ts';

export interface ReceiverDeps {
  readonly verify: Verify;
  /** @throws PayloadError */
  readonly parse: (raw: Buffer) => ParsedDelivery;
  /** Resolves after the commit; rejects when the store can't commit now. */
  readonly record: (event: ReactorEvent) => Promise<'stored' | { readonly unstorable: string }>;
  /** Encrypts a body under the secret (by its index) that verified it. */
  readonly seal: (raw: Buffer, secretIndex: number) => Buffer;
  /** Resolves when the row is durable. */
  readonly quarantine: (row: QuarantinedDelivery) => Promise<void>;
  readonly clock: Pick<Clock, 'now' | 'systemNow' | 'monotonic'>;
  /** A correctly signed delivery was too old (positive) or too new. */
  readonly onStale: (skewMs: number) => void;
  /** How far the `Date` of Linq's last answer is from our wall clock; null: unknown. */
  readonly linqDateOffMs: () => number | null;
}

/** Counts a request against its address. Resolves to the seconds to wait if over the limit, else to null. */
export type AddressLimiter = (request: FastifyRequest) => Promise<number | null>;

/** Resolves once the delivery is answered. */
type Receive = (raw: Buffer, request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Verify, parse, record, answer. Nothing is parsed before it is verified, and nothing is answered 2xx before it is
 * durable. An authentic, fresh delivery gets 2xx or 503, whatever goes wrong here.
 * @param limitFailures counts an address's failed verifications
 */
export function createReceiver(deps: ReceiverDeps, report: Reporter, limitFailures: AddressLimiter): Receive {
  const refuse = createRefuser(deps, report, limitFailures);
  const proveProbe = createProbeProof();
  return async (raw, request, reply) => {
    let verified: Verified;
    try {
      verified = deps.verify(raw, request.headers, request.raw.rawHeaders, deps.clock.systemNow());
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      await refuse(request, reply, error);
      return;
    }
    const delivery = { webhookId: verified.webhookId, eventType: null, chatId: null };
    try {
      const statusCode = await handle(deps, report, delivery, raw, verified.secretIndex);
      if (isProbe(delivery)) reply.header(PROBE_PROOF_HEADER, proveProbe(delivery.webhookId));
      reply.code(statusCode).send();
    } catch (error) {
      report.failed(delivery, error);
      sendRefusal(reply, NOT_STORED);
    }
  };
}

/** Resolves to the answer's status once the delivery is durable. @param delivery filled in as it is parsed */
async function handle(
  deps: ReceiverDeps,
  report: Reporter,
  delivery: Writable<Described>,
  raw: Buffer,
  secretIndex: number,
): Promise<204 | 202> {
  const quarantine = async (cause: string) => {
    const { webhookId, eventType } = delivery;
    const sealed = deps.seal(raw, secretIndex);
    await deps.quarantine({ receivedAt: deps.clock.now(), webhookId, eventType, cause, sealed });
    report.quarantined(delivery, cause);
    return 202 as const;
  };

  let parsed: ParsedDelivery;
  try {
    parsed = deps.parse(raw);
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    delivery.eventType = error.eventType;
    return quarantine(error.message);
  }
  delivery.eventType = parsed.eventType;
  if (isProbe(delivery)) {
    report.probed(delivery);
    return 204;
  }
  if (parsed.kind === 'ignored') {
    report.ignored(delivery, parsed.reason, parsed.reason === SENDER_CONFLICT);
    return 204;
  }
  delivery.chatId = parsed.event.kind === 'chat' ? parsed.event.chatId : null;
  const result = await deps.record(parsed.event);
  if (result !== 'stored') return quarantine(result.unstorable);
  report.accepted(delivery);
  return 204;
}

/** A legacy signature covers no id, so there is nothing to base a proof on. */
function isProbe(delivery: Described): delivery is Described & { readonly webhookId: string } {
  return delivery.eventType === PROBE_EVENT_TYPE && delivery.webhookId !== null;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

type Refuse = (request: FastifyRequest, reply: FastifyReply, error: SignatureError) => Promise<void>;

function createRefuser(deps: ReceiverDeps, report: Reporter, limitFailures: AddressLimiter): Refuse {
  const staleness = createStalenessTracker();

  const isOurClockWrong = (request: FastifyRequest, skewMs: number) => {
    const { 'webhook-id': id, 'x-webhook-signature': legacySignature } = request.headers;
    const now = deps.clock.monotonic();
    staleness.note(String(id ?? legacySignature), skewMs, now);
    return isClockSuspect(staleness.isOneSided(now), deps.linqDateOffMs());
  };

  return async (request, reply, error) => {
    const { fault, message, skewMs } = error;
    const webhookId = claimedWebhookId(request.headers);
    if (fault === 'stale' && skewMs !== null) {
      deps.onStale(skewMs);
      if (isOurClockWrong(request, skewMs)) {
        report.refused('stale', webhookId, CLOCK_SUSPECT.message, skewMs);
        sendRefusal(reply, CLOCK_SUSPECT);
        return;
      }
    }
    const waitSeconds = await limitFailures(request);
    if (waitSeconds === null) {
      report.refused(fault, webhookId, message, skewMs);
      sendRefusal(reply, unauthorized(fault, message));
      return;
    }
    report.refused('limited', webhookId, message, skewMs);
    sendRefusal(reply, tooManyFailures(waitSeconds));
  };
}
