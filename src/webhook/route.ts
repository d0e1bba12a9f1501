import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import rateLimit from '@fastify/rate-limit';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { WEBHOOK_PATH } from '../decide/subscription.ts';
import { MINUTE } from '../decide/time.ts';
import { createFairShare, networkOf } from '../http/addresses.ts';
import { answer, ErrorSchema, emptyAnswer } from '../http/answers.ts';
import {
  DRAINING,
  ENCODED,
  MAX_BODY_BYTES,
  NOT_JSON,
  NOT_STORED,
  OVERLOADED,
  type Refusing,
  sendRefusal,
  TOO_LARGE,
  tooManyDeliveries,
} from './answers.ts';
import { type AddressLimiter, createReceiver, type ReceiverDeps } from './receive.ts';
import {
  createReporter,
  type DeliveryLog,
  type Reporter,
  UNDESCRIBED,
  type WebhookCounters,
} from './report.ts';

export interface WebhookDeps extends ReceiverDeps {
  /** True from the moment of shutting down: newcomers are sent away, those inside are finished. */
  readonly isDraining: () => boolean;
  /** Deliveries per minute and address; 0: no limit. */
  readonly rateLimit: number;
  readonly counters: WebhookCounters;
  readonly deliveries: DeliveryLog;
}

/** Failed verifications per minute and address, before 401 becomes 429. */
const MAX_FAILURES = 60;

/**
 * `POST /webhooks/linq`: 204 after the commit, or when there is nothing for us in it; 202 when quarantined; 401, 413,
 * 415 or 429 when refused; 503 for whatever Linq should send again. Register it in a scope of its own: in it, bodies
 * arrive as bytes and every error is answered here.
 */
export async function webhookRoute(app: FastifyInstance, deps: WebhookDeps): Promise<void> {
  const report = createReporter(app.log, deps.clock, deps.counters, deps.deliveries);
  const bodies = createBodyReader(app);
  const receive = createReceiver(deps, report, await createAddressLimiter(app, MAX_FAILURES));

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', bodies.read);
  refuseUnfit(app, deps, report);
  if (deps.rateLimit > 0) await refuseFloods(app, deps.rateLimit, report);

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    bodies.release(request);
    return answerError(error, request, reply, report);
  });
  const described = { schema: DELIVERY_SCHEMA, config: { describedRequest: DELIVERY_REQUEST } };
  app.post<{ Body: Body }>(WEBHOOK_PATH, described, async (request, reply) => {
    const { body } = request;
    try {
      return Buffer.isBuffer(body) ? await receive(body, request, reply) : refuseBody(reply, body, report);
    } finally {
      bodies.release(request);
    }
  });
}

function refuseUnfit(app: FastifyInstance, deps: WebhookDeps, report: Reporter): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (deps.isDraining()) {
      report.failed(UNDESCRIBED, 'shutting down');
      sendRefusal(reply, DRAINING);
      return;
    }
    const refusing = refusalByHeaders(request.headers);
    if (refusing === null) return done();
    refuse(reply, refusing, report);
  });
}

async function refuseFloods(app: FastifyInstance, perMinute: number, report: Reporter): Promise<void> {
  const limit = await createAddressLimiter(app, perMinute);
  app.addHook('onRequest', async (request, reply) => {
    const waitSeconds = await limit(request);
    if (waitSeconds === null) return;
    report.refused('limited', null, 'more deliveries in a minute than WEBHOOK_RATE_LIMIT', null);
    return sendRefusal(reply, tooManyDeliveries(waitSeconds));
  });
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

/** Nothing of the error itself is told. A sender that went away is nobody's fault and hears no answer. */
function answerError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  report: Reporter,
): FastifyReply {
  if (error.statusCode === 415) return refuse(reply, NOT_JSON, report);
  if (!request.raw.destroyed || request.raw.complete) report.failed(UNDESCRIBED, error);
  return sendRefusal(reply, NOT_STORED);
}

/** What can be refused by the headers alone, before a byte of the body is read; null: nothing. */
function refusalByHeaders(headers: IncomingHttpHeaders): Refusing | null {
  if (mediaType(headers['content-type'] ?? '') !== 'application/json') return NOT_JSON;
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return ENCODED;
  return Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES ? TOO_LARGE : null;
}

function mediaType(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Per minute and address (IPv6 by /64), over a table of 5,000 addresses from which the least recent go first. */
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
    /** What this request's body takes of the bytes in flight; null: nothing yet, or no more. */
    webhookBytes: { readonly sender: string; taken: number } | null;
  }
}

/** The raw bytes, or why they weren't taken. */
type Body = Buffer | Refusing;

interface BodyReader {
  /** Reads it to its end, or to where it must be refused; an error when the sender went away. */
  read(
    request: FastifyRequest,
    payload: IncomingMessage,
    done: (error: Error | null, body?: Body) => void,
  ): void;
  /** Gives back what the request holds, if anything: to be called when it is over, however it ended. */
  release(request: FastifyRequest): void;
}

/** All bodies being received or handled together; what arrives beyond a sender's part of it must come again. */
const MAX_BYTES_IN_FLIGHT = 64 * MAX_BODY_BYTES;
const LEAST_ROOM_BYTES = 1024;
const NOTHING = Buffer.alloc(0);

/** Counts what is kept, not what headers promise: a promise takes no memory, and costs its sender nothing. */
function createBodyReader(app: FastifyInstance): BodyReader {
  app.decorateRequest('webhookBytes', null);
  const inFlight = createFairShare(MAX_BYTES_IN_FLIGHT);

  function take(request: FastifyRequest, bytes: number): boolean {
    // kept: a connection that is gone has no address any more
    request.webhookBytes ??= { sender: networkOf(request.ip), taken: 0 };
    const held = request.webhookBytes;
    if (!inFlight.take(held.sender, bytes, held.taken)) return false;
    held.taken += bytes;
    return true;
  }

  return {
    read(request, payload, done) {
      const most = Number(request.headers['content-length'] ?? MAX_BODY_BYTES);
      let room: Buffer = NOTHING;
      let length = 0;
      const onData = (piece: Buffer) => {
        const needed = length + piece.length;
        if (needed > MAX_BODY_BYTES) return stopWith(TOO_LARGE);
        const size = length === 0 ? needed : roomFor(needed, room.length, most);
        if (size > room.length && !take(request, size - room.length)) return stopWith(OVERLOADED);
        // most bodies are one piece; others are joined as they come, since each small piece costs some 600 bytes more
        if (length === 0) room = piece;
        else {
          if (size > room.length) room = enlarged(room, length, size);
          piece.copy(room, length);
        }
        length = needed;
      };
      const onEnd = () => finish(null, room.subarray(0, length));
      const onError = (error: Error) => finish(error);
      const finish = (error: Error | null, body?: Body) => {
        payload.off('data', onData).off('end', onEnd).off('error', onError);
        done(error, body);
      };
      const stopWith = (refusing: Refusing) => {
        finish(null, refusing);
        payload.resume(); // the rest is thrown away, so that the answer can be heard
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

/** Doubles, so that all the copying together costs no more than the body itself. */
function roomFor(needed: number, room: number, most: number): number {
  if (needed <= room) return room;
  return Math.max(needed, Math.min(most, Math.max(2 * room, LEAST_ROOM_BYTES)));
}

function enlarged(room: Buffer, length: number, size: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(size);
  room.copy(larger, 0, 0, length);
  return larger;
}

const REPEATED = 'Linq sends it again.';
const NOT_REPEATED = 'Linq does not send it again.';

/** What is told of the route; the answers are sent in these shapes. */
const DELIVERY_SCHEMA = {
  operationId: 'receiveDelivery',
  summary: 'Take in a delivery of Linq',
  description:
    'Set this address as the `target_url` of your webhook subscription. Bodies are verified as bytes before anything is read, so a proxy must pass them on unchanged.',
  tags: ['Webhooks'],
  security: [{ webhookSignature: [] }],
  response: {
    202: emptyAnswer('The signature is right, but this version can’t read or store it: it is in quarantine.'),
    204: emptyAnswer('It is in the database, durably, or there is nothing in it that matters here.'),
    401: answer(
      `\`SIGNATURE_MISSING\`, \`SIGNATURE_MALFORMED\`, \`SIGNATURE_MISMATCH\` or \`SIGNATURE_STALE\`. ${NOT_REPEATED}`,
      ErrorSchema,
    ),
    413: answer(`Larger than 1 MiB. ${NOT_REPEATED}`, ErrorSchema),
    415: answer(`Not \`application/json\`, or with a \`Content-Encoding\`. ${NOT_REPEATED}`, ErrorSchema),
    429: answer(
      `The address keeps failing verification (\`TOO_MANY_FAILURES\`), or sends more than WEBHOOK_RATE_LIMIT (\`RATE_LIMITED\`). ${REPEATED}`,
      ErrorSchema,
    ),
    503: answer(
      `It can’t be stored now, there is too much at once, the service is shutting down, or its clock is wrong. ${REPEATED}`,
      ErrorSchema,
    ),
  },
};

/** What the route takes, told but not checked: bodies arrive as bytes, and the verifier reads the headers itself. */
const DELIVERY_REQUEST = {
  headers: Type.Object({
    'webhook-id': Type.String({
      description: 'Standard Webhooks: the delivery’s id, the same when repeated.',
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
          'Of the payload, as the subscription’s `target_url` has it. Both known versions are always read.',
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
