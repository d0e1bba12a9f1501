import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createAddressLimiter, createByteBudget, refusalByHeaders } from './admission.ts';
import {
  DRAINING,
  MAX_BODY_BYTES,
  NOT_JSON,
  NOT_STORED,
  OVERLOADED,
  type Refusing,
  sendRefusal,
  TOO_LARGE,
  tooManyDeliveries,
} from './answers.ts';
import type { DeliveryLog, WebhookCounters } from './delivery-log.ts';
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
  const budget = createByteBudget(app);
  const receive = createReceiver(deps, report, await createAddressLimiter(app, MAX_FAILURES));

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, raw, done) => done(null, raw));
  refuseUnfit(app, deps, report);
  if (deps.rateLimit > 0) await refuseFloods(app, deps.rateLimit, report);
  app.addHook('onRequest', (request, reply, done) => {
    if (budget.reserve(request)) return done();
    report.failed(UNDESCRIBED, 'too many bytes in flight');
    sendRefusal(reply, OVERLOADED);
  });

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    budget.release(request);
    return answerError(error, request, reply, report);
  });
  app.post<{ Body: Buffer }>('/webhooks/linq', { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
    try {
      return await receive(request, reply);
    } finally {
      budget.release(request);
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

/** Nothing of the error itself is told. A sender that went away is nobody's fault and hears no answer. */
function answerError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  report: Reporter,
): FastifyReply {
  if (error.statusCode === 413) return refuse(reply, TOO_LARGE, report);
  if (error.statusCode === 415) return refuse(reply, NOT_JSON, report);
  if (!request.raw.destroyed || request.raw.complete) report.failed(UNDESCRIBED, error);
  return sendRefusal(reply, NOT_STORED);
}
