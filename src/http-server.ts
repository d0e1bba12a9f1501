import fastify, { type FastifyError, type FastifyInstance, LogController } from 'fastify';
import { SECOND } from './decide/duration.ts';
import { createLogOptions, type LogSettings } from './log.ts';

export interface HttpServerOptions {
  readonly trustProxy: false | readonly string[];
  readonly log: LogSettings;
  readonly isDraining: () => boolean;
}

/** Headers and whole requests must arrive in this time; whoever is slower is cut off. */
const HEADERS_TIMEOUT_MS = 5 * SECOND;
const REQUEST_TIMEOUT_MS = 15 * SECOND;
/** Longer than proxies keep their idle connections, so that it is never us who closes one that they just chose. */
const KEEP_ALIVE_MS = 75 * SECOND;
const MAX_BODY_BYTES = 1024 * 1024;
/** Chat ids have up to 128 characters, each of which may come percent-encoded. */
const MAX_PARAMETER_LENGTH = 512;

/** The HTTP server without any route: time limits, trusted proxies, and errors that tell no internals. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: await createLogOptions(options.log),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustProxy === false ? false : [...options.trustProxy],
    bodyLimit: MAX_BODY_BYTES,
    // A slash too many must not lose a delivery: Linq doesn't repeat what was answered 404.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAMETER_LENGTH },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: SECOND },
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    if (options.isDraining()) reply.header('connection', 'close');
    done(null, payload);
  });
  app.setNotFoundHandler((_request, reply) => {
    return reply.code(404).send({
      statusCode: 404,
      code: 'NOT_FOUND',
      error: 'Not Found',
      message: 'There is nothing here: webhooks go to POST /webhooks/linq, the state is at GET /status.',
    });
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.send(error);
    request.log.error({ err: error }, 'request.failed');
    return reply.code(503).header('retry-after', '5').send({
      statusCode: 503,
      code: 'UNAVAILABLE',
      error: 'Service Unavailable',
      message: 'The service could not do this now; its log says why. Try again in a few seconds.',
    });
  });
  return app;
}
