import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createAddressLimiter, refusalByHeaders } from './admission.ts';
import { DRAINING, NOT_JSON, NOT_STORED, type Refusing, sendRefusal, tooManyDeliveries } from './answers.ts';
import { type Body, createBodyReader } from './bodies.ts';
import type { DeliveryLog, WebhookCounters } from './delivery-log.ts';
import { DELIVERY_REQUEST, DELIVERY_SCHEMA } from './description.ts';
import { createReceiver, type ReceiverDeps } from './receive.ts';
import { createReporter, type Reporter, UNDESCRIBED } from './reporter.ts';

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
  app.post<{ Body: Body }>('/webhooks/linq', described, async (request, reply) => {
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
