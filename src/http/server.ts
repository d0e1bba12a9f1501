import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, LogController } from 'fastify';
import { HOUR, SECOND } from '../decide/time.ts';
import { createLogOptions, type LogSettings } from '../log.ts';
import { createFairShare, networkOf, plainAddresses } from './addresses.ts';

export interface HttpServerOptions {
  readonly trustProxy: false | readonly string[];
  readonly log: LogSettings;
  readonly isDraining: () => boolean;
}

/** Headers and whole requests must arrive in this time; whoever is slower is cut off. */
const HEADERS_TIMEOUT_MS = 5 * SECOND;
const REQUEST_TIMEOUT_MS = 15 * SECOND;
const CHECK_EVERY_MS = SECOND;
/** Longer than proxies keep their idle connections, so that it is never us who closes one that they just chose. */
const KEEP_ALIVE_MS = 75 * SECOND;
/** Chat ids have up to 128 characters, each of which may come percent-encoded. */
const MAX_PARAMETER_LENGTH = 512;

/**
 * Keeps connections from taking all of a process's memory and files: calls and backups need some too. There is no
 * limit on the requests of one connection: it would only cost Linq a new one now and then.
 */
const MAX_CONNECTIONS = 10_000;

/** Requests of one connection that have no answer yet. Who pipelines more, or doesn't listen, would keep memory for each. */
const MAX_UNANSWERED = 64;

/**
 * On every answer: no guessing of types, no copies, no scripts, no frames, no address of ours told to others. A route
 * that needs another one (a page its styles) sets its own. HSTS is for the proxy that speaks TLS to say.
 */
const HARDENED: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
];

/** Where a route names no time of its own. */
const RETRY_AFTER_SECONDS = '5';

/** The HTTP server without any route: limits, trusted proxies, and answers that tell no internals. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: await createLogOptions(options.log),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustProxy === false ? false : [...options.trustProxy],
    // A slash too many, anywhere, must not lose a delivery: Linq doesn't repeat what was answered 404.
    routerOptions: {
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: MAX_PARAMETER_LENGTH,
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // its answer passes no hook: what still comes until the end is answered by the routes
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECK_EVERY_MS },
    frameworkErrors: (error, _request, reply) => void harden(reply).send(error), // no hook sees these
    clientErrorHandler: answerBrokenRequest,
  });
  shareConnections(app.server);
  limitUnanswered(app.server);
  checkWhileConnected(app.server, CHECK_EVERY_MS);
  // bodies are left unread, but where a route has a use for them: whoever sends one needn't have shown a token yet
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const forwardedFor = headers['x-forwarded-for']; // repeated headers are one by now
    if (typeof forwardedFor === 'string') headers['x-forwarded-for'] = plainAddresses(forwardedFor);
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    harden(reply);
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
    return reply.code(503).send({
      statusCode: 503,
      code: 'UNAVAILABLE',
      error: 'Service Unavailable',
      message: 'The service could not do this now; its log says why. Try again in a few seconds.',
    });
  });
  return app;
}

/** Also no single address takes them all; behind a proxy that is the proxy's, which needs few. */
function shareConnections(server: Server): void {
  server.maxConnections = MAX_CONNECTIONS;
  const connections = createFairShare(MAX_CONNECTIONS);
  server.on('connection', (socket: Socket) => {
    const sender = networkOf(socket.remoteAddress);
    if (connections.take(sender, 1, 0)) socket.once('close', () => connections.giveBack(sender, 1));
    else socket.destroy();
  });
}

/**
 * Node hands over all requests that it finds in what it read at once, some 1,700 of the shortest, and waits only then. Those
 * beyond what one connection may have are dropped with it before anything is made of them.
 */
function limitUnanswered(server: Server): void {
  const unanswered = new WeakMap<Socket, number>();
  const handlers = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { socket } = request;
    const count = (unanswered.get(socket) ?? 0) + 1;
    if (count > MAX_UNANSWERED) {
      socket.destroy();
      return;
    }
    unanswered.set(socket, count);
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    for (const handle of handlers) handle.call(server, request, response);
  });
}

/** What every answer of this status carries. A 503 always says when to come again, whoever made it. */
function headersOf(statusCode: number): readonly (readonly [string, string])[] {
  return statusCode === 503 ? [...HARDENED, ['retry-after', RETRY_AFTER_SECONDS]] : HARDENED;
}

function harden(reply: FastifyReply): FastifyReply {
  for (const [name, value] of headersOf(reply.statusCode)) {
    if (!reply.hasHeader(name)) reply.header(name, value);
  }
  return reply;
}

/** Who is too slow gets 503, not 408: a delivery on a bad line is authentic all the same, and Linq repeats no 4xx. */
const BROKEN: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 503, HPE_HEADER_OVERFLOW: 431 };

/** What isn't HTTP, is too long or takes too long: there is no request yet to reply to. The connection ends. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const statusCode = BROKEN[error.code ?? ''] ?? 400;
  const reason = STATUS_CODES[statusCode] ?? '';
  const body = JSON.stringify({
    statusCode,
    code: 'BROKEN_REQUEST',
    error: reason,
    message: 'This is no complete HTTP request.',
  });
  const headers = [
    ['content-type', 'application/json; charset=utf-8'],
    ['content-length', String(body.length)],
    ['connection', 'close'],
    ...headersOf(statusCode),
  ].map(([name, value]) => `${name}: ${value}\r\n`);
  if (socket.writable) socket.write(`HTTP/1.1 ${statusCode} ${reason}\r\n${headers.join('')}\r\n${body}`);
  socket.destroy(error);
}

/**
 * Node looks for connections that are too slow even while there is none, which would wake an idle machine all the time.
 * Makes it look every `everyMs` only while there is one. Node has no other means for that than what it does itself
 * when the server begins to listen; where another version of it works otherwise, it just goes on looking.
 */
export function checkWhileConnected(server: Server, everyMs: number): void {
  const startChecks = server.listeners('listening').find(({ name }) => name === 'setupConnectionsTracking');
  if (startChecks === undefined) return;
  let open = 0;

  /** Replaces the timer that is there. */
  function check(ms: number): void {
    Object.assign(server, { connectionsCheckingInterval: ms });
    startChecks?.call(server);
  }

  server.on('listening', () => check(open === 0 ? HOUR : everyMs));
  server.on('connection', (socket) => {
    if (open++ === 0) check(everyMs);
    socket.once('close', () => {
      if (--open === 0 && server.listening) check(HOUR);
    });
  });
}
