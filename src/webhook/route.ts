import rateLimit from '@fastify/rate-limit';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { WEBHOOK_PATH } from '../decide/subscription.ts';
import { MINUTE } from '../decide/time.ts';
import { createFairShare, networkOf } from '../http/addresses.ts';
import { answer, ErrorSchema, emptyAnswer } from '../http/answers.ts';
import {
  DRAINING,
  MAX_BODY_BYTES,
  NOT_STORED,
  OVERLOADED,
  type Refusing,
  refusalByHeaders,
  sendRefusal,
  TOO_LARGE,
  tooManyDeliveries,
} from './delivery-answers.ts';
import { type AddressLimiter, createReceiver, type ReceiverDeps } from './receive.ts';
import {
  createReporter,
  type DeliveryLog,
  type Reporter,
  UNDESCRIBED,
  type WebhookCounters,
} from './report.ts';

export interface WebhookDeps extends ReceiverDeps {
  /** True once shutdown has begun: new requests are refused, accepted ones are finished. */
  readonly isDraining: () => boolean;
  /** Deliveries per minute and address; 0: no limit. */
  readonly rateLimit: number;
  readonly counters: WebhookCounters;
  readonly deliveries: DeliveryLog;
}

/** Failed verifications per minute and address, before 401 becomes 429. */
const MAX_FAILURES = 60;

/**
 * `POST /webhooks/linq`: 204 after the commit, or when the event is ignored; 202 when quarantined; 401, 413, 415 or 429
 * when refused; 503 for anything that Linq should send again. Register it in its own scope: there, every error is
 * answered here.
 *
 * Each delivery is answered in fastify's first hook. The steps that fastify would take before the handler (media types,
 * body parsers, validation) have nothing to do for raw bytes, but would cost each delivery as much as its signature.
 */
export async function webhookRoute(app: FastifyInstance, deps: WebhookDeps): Promise<void> {
  const report = createReporter(app.log, deps.clock, deps.counters, deps.deliveries);
  const bodies = createBodyReader(app);
  const receive = createReceiver(deps, report, await createAddressLimiter(app, MAX_FAILURES));
  const limit = deps.rateLimit > 0 ? await createAddressLimiter(app, deps.rateLimit) : null;

  /** Also when the request ends without an answer: its share must be released. */
  function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    bodies.release(request);
    answerError(error, request, reply, report);
  }

  function deliver(request: FastifyRequest, reply: FastifyReply): void {
    bodies.read(request, (error, body) => {
      if (error !== null) fail(error, request, reply);
      else if (Buffer.isBuffer(body)) {
        receive(body, request, reply).then(
          () => bodies.release(request),
          (failure: unknown) => fail(failure, request, reply),
        );
      } else {
        refuseBody(reply, body, report);
        bodies.release(request);
      }
    });
  }

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    bodies.release(request);
    return answerError(error, request, reply, report);
  });
  app.post(
    WEBHOOK_PATH,
    {
      schema: DELIVERY_SCHEMA,
      config: { describedRequest: DELIVERY_REQUEST },
      childLoggerFactory: (log) => log, // deliveries are logged with their own ids
      onRequest(request, reply) {
        if (deps.isDraining()) {
          report.failed(UNDESCRIBED, 'shutting down');
          sendRefusal(reply, DRAINING);
          return;
        }
        const refusing = refusalByHeaders(request.headers);
        if (refusing !== null) refuse(reply, refusing, report);
        else if (limit === null) deliver(request, reply);
        else {
          limit(request).then(
            (waitSeconds) => {
              if (waitSeconds === null) deliver(request, reply);
              else refuseFlood(reply, waitSeconds, report);
            },
            (failure: unknown) => fail(failure, request, reply),
          );
        }
      },
    },
    (_request, reply) => sendRefusal(reply, NOT_STORED), // not reached: the hook answers
  );
}

function refuseFlood(reply: FastifyReply, waitSeconds: number, report: Reporter): FastifyReply {
  report.refused('limited', null, 'more deliveries in a minute than WEBHOOK_RATE_LIMIT', null);
  return sendRefusal(reply, tooManyDeliveries(waitSeconds));
}

function refuse(reply: FastifyReply, refusing: Refusing, report: Reporter): FastifyReply {
  report.refused(refusing.statusCode === 413 ? 'size' : 'type', null, refusing.message, null);
  return sendRefusal(reply, refusing);
}

function refuseBody(reply: FastifyReply, refusing: Refusing, report: Reporter): FastifyReply {
  if (refusing.statusCode !== 503) return refuse(reply, refusing, report);
  report.failed(UNDESCRIBED, 'too many bytes in flight');
  return sendRefusal(reply, refusing);
}

/** Never reveals the error itself. A sender that disconnected isn't a failure and gets no answer. */
function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  report: Reporter,
): FastifyReply {
  if (!request.raw.destroyed || request.raw.complete) report.failed(UNDESCRIBED, error);
  return sendRefusal(reply, NOT_STORED);
}

/** Per minute and address (IPv6 by /64). Remembers 5,000 addresses and drops the least recent first. */
async function createAddressLimiter(app: FastifyInstance, max: number): Promise<AddressLimiter> {
  if (!app.hasDecorator('createRateLimit')) await app.register(rateLimit, { global: false });
  const limit = app.createRateLimit({ max, timeWindow: MINUTE });
  return async (request) => {
    const result = await limit(request);
    return !result.isAllowed && result.isExceeded ? Math.max(1, result.ttlInSeconds) : null;
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** This request's share of the bytes in flight; null: none yet, or released. */
    webhookBytes: { readonly sender: string; taken: number } | null;
  }
}

/** The raw bytes, or the reason for refusing them. */
type Body = Buffer | Refusing;

interface BodyReader {
  /** Reads the body until it ends or must be refused. Calls back with an error if the sender disconnected. */
  read(request: FastifyRequest, done: (error: Error | null, body: Body) => void): void;
  /** Releases the request's share, if any. Must be called when the request ends, however it ends. */
  release(request: FastifyRequest): void;
}

/** Total limit for all bodies being received or handled. A body that exceeds its sender's share gets 503. */
const MAX_BYTES_IN_FLIGHT = 64 * MAX_BODY_BYTES;
const MIN_ROOM_BYTES = 1024;
const NOTHING = Buffer.alloc(0);

/** Counts the bytes received, not the content-length: announcing a size costs no one anything. */
function createBodyReader(app: FastifyInstance): BodyReader {
  app.decorateRequest('webhookBytes', null);
  const inFlight = createFairShare(MAX_BYTES_IN_FLIGHT);

  function take(request: FastifyRequest, bytes: number): boolean {
    // stored, since a closed connection no longer has an address
    request.webhookBytes ??= { sender: networkOf(request.ip), taken: 0 };
    const held = request.webhookBytes;
    if (!inFlight.take(held.sender, bytes, held.taken)) return false;
    held.taken += bytes;
    return true;
  }

  return {
    read(request, done) {
      const payload = request.raw;
      const most = Number(request.headers['content-length'] ?? MAX_BODY_BYTES);
      let room: Buffer = NOTHING;
      let length = 0;
      const onData = (piece: Buffer) => {
        const needed = length + piece.length;
        if (needed > MAX_BODY_BYTES) return stopWith(TOO_LARGE);
        const size = length === 0 ? needed : roomFor(needed, room.length, most);
        if (size > room.length && !take(request, size - room.length)) return stopWith(OVERLOADED);
        // most bodies are one piece; others are joined on arrival: a small piece costs some 600 extra bytes
        if (length === 0) room = piece;
        else {
          if (size > room.length) room = enlarged(room, length, size);
          piece.copy(room, length);
        }
        length = needed;
      };
      const onEnd = () => finish(null, room.length === length ? room : room.subarray(0, length));
      const onError = (error: Error) => finish(error, NOTHING);
      const finish = (error: Error | null, body: Body) => {
        payload.off('data', onData).off('end', onEnd).off('error', onError);
        done(error, body);
      };
      const stopWith = (refusing: Refusing) => {
        finish(null, refusing);
        payload.resume(); // discards the rest, so that the client reads the answer
      };
      payload.on('data', onData).on('end', onEnd).on('error', onError);
    },
    release(request) {
      const held = request.webhookBytes;
      if (held !== null) inFlight.giveBack(held.sender, held.taken);
      request.webhookBytes = null;
    },
  };
}

/** Doubles, so that the total copying costs no more than the body itself. */
function roomFor(needed: number, room: number, most: number): number {
  if (needed <= room) return room;
  return Math.max(needed, Math.min(most, Math.max(2 * room, MIN_ROOM_BYTES)));
}

function enlarged(room: Buffer, length: number, size: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(size);
  room.copy(larger, 0, 0, length);
  return larger;
}

const REPEATED = 'Linq sends it again.';
const NOT_REPEATED = 'Linq does not send it again.';

/** The route's OpenAPI description, which also serializes its answers. */
const DELIVERY_SCHEMA = {
  operationId: 'receiveDelivery',
  summary: 'Receive a webhook from Linq',
  description:
    'Use this address as the `target_url` of your webhook subscription. The signature covers the raw bytes of the body, so a proxy must pass them on unchanged.',
  tags: ['Webhooks'],
  security: [{ webhookSignature: [] }],
  response: {
    202: emptyAnswer('Authentic, but this version can’t read or store the event: it is in quarantine.'),
    204: emptyAnswer('The event is stored durably, or the service ignores its type.'),
    401: answer(
      `\`SIGNATURE_MISSING\`, \`SIGNATURE_MALFORMED\`, \`SIGNATURE_MISMATCH\` or \`SIGNATURE_STALE\`. ${NOT_REPEATED}`,
      ErrorSchema,
    ),
    413: answer(`Larger than 1 MiB. ${NOT_REPEATED}`, ErrorSchema),
    415: answer(`Not \`application/json\`, or with a \`Content-Encoding\`. ${NOT_REPEATED}`, ErrorSchema),
    429: answer(
      `Too many deliveries from the address failed verification (\`TOO_MANY_FAILURES\`), or it sends more than WEBHOOK_RATE_LIMIT (\`RATE_LIMITED\`). ${REPEATED}`,
      ErrorSchema,
    ),
    503: answer(
      `The database fails, there are too many deliveries at once, the service is shutting down, or its clock is wrong. ${REPEATED}`,
      ErrorSchema,
    ),
  },
};

/** The request, described but not validated: bodies arrive as bytes, and the verifier reads the headers itself. */
const DELIVERY_REQUEST = {
  headers: Type.Object({
    'webhook-id': Type.String({
      description: 'Standard Webhooks: the delivery’s id, the same on every redelivery.',
    }),
    'webhook-timestamp': Type.String({
      description: 'When it was signed, in Unix seconds; at most WEBHOOK_TOLERANCE from now.',
      examples: ['1793722805'],
    }),
  }),
  querystring: Type.Object({
    version: Type.Optional(
      Type.String({
        description:
          'The payload’s version, as in the subscription’s `target_url`. Both known versions are always read.',
        examples: ['2026-02-03'],
      }),
    ),
  }),
  body: Type.Object(
    {
      event_type: Type.String({ examples: ['message.sent'] }),
      event_id: Type.String(),
      created_at: Type.String({ format: 'date-time' }),
      data: Type.Object({}),
    },
    {
      title: 'Delivery',
      description: 'An event as Linq sends it; see Linq’s documentation for all of its fields.',
    },
  ),
};
