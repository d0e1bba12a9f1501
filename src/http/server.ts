import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import createValidators from '@fastify/ajv-compiler';
import createSerializers from '@fastify/fast-json-stringify-compiler';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, LogController } from 'fastify';
import { WEBHOOK_PATH } from '../decide/subscription.ts';
import { HOUR, SECOND } from '../decide/time.ts';
import { createLogOptions, type LogSettings } from '../log.ts';
import { createFairShare, networkOf, plainAddresses } from './addresses.ts';
import { type Refusal, type Refuse, refuse } from './answers.ts';
import { handleOnePerTurn } from './request-turns.ts';

export interface HttpServerOptions {
  readonly trustProxy: false | readonly string[];
  readonly log: LogSettings;
  readonly isDraining: () => boolean;
  /** How a request to an unknown address is answered; default: as JSON. */
  readonly refuseAs?: Refuse;
}

const NOT_FOUND: Refusal = {
  statusCode: 404,
  code: 'NOT_FOUND',
  message: `Not found. Webhooks go to POST ${WEBHOOK_PATH}, the state is at GET /status.`,
};

/** Headers and whole requests must arrive within these times; slower clients are cut off. */
const HEADERS_TIMEOUT_MS = 5 * SECOND;
const REQUEST_TIMEOUT_MS = 15 * SECOND;
const CHECK_EVERY_MS = SECOND;
/** Longer than proxies keep idle connections, so we never close one that a proxy has just picked. */
const KEEP_ALIVE_MS = 75 * SECOND;
/** Chat ids have up to 128 characters, each of which may arrive percent-encoded. */
const MAX_PARAMETER_LENGTH = 512;

/**
 * Keeps connections from using up the process's memory and file descriptors, which calls and backups need
 * too. There is no limit on requests per connection: it would only make Linq reconnect from time to time.
 */
const MAX_CONNECTIONS = 10_000;

/**
 * Connections that may wait to be accepted. Of more, the kernel makes some try again after seconds, and resets others.
 * It may also allow fewer: on Linux `net.core.somaxconn`, 4,096 by default.
 */
export const LISTEN_BACKLOG = 4_096;

/** Unanswered requests per connection. A client that pipelines more, or doesn't read, would hold memory for each. */
const MAX_UNANSWERED = 64;

/**
 * On every answer: no type sniffing, caching, scripts or frames, and no referrer. A route that needs
 * another value (a page needs its styles) sets its own. HSTS is up to the proxy that terminates TLS.
 */
const HARDENED: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
];

/** Used unless a route sets its own time. */
const RETRY_AFTER_SECONDS = '5';

/** The HTTP server without any route: limits, trusted proxies, and answers that reveal no internals. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: await createLogOptions(options.log),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustProxy === false ? false : [...options.trustProxy],
    // An extra slash must not lose a delivery: Linq doesn't repeat one that was answered 404.
    routerOptions: {
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: MAX_PARAMETER_LENGTH,
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // its answer bypasses the hooks: the routes answer until the end
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECK_EVERY_MS },
    frameworkErrors: (error, _request, reply) => void harden(reply).send(error), // they bypass the hooks
    clientErrorHandler: answerBrokenRequest,
  });
  compileSchemasAtFirstUse(app);
  shareConnections(app.server);
  handleOnePerTurn(app.server);
  limitUnanswered(app.server);
  checkWhileConnected(app.server, CHECK_EVERY_MS);
  // no body is read unless a route needs it: its sender may be unauthenticated
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const forwardedFor = headers['x-forwarded-for']; // Node has joined repeated headers
    if (typeof forwardedFor === 'string') headers['x-forwarded-for'] = plainAddresses(forwardedFor);
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    harden(reply);
    if (options.isDraining()) reply.header('connection', 'close');
    done(null, payload);
  });
  const { refuseAs = refuse } = options;
  app.setNotFoundHandler((_request, reply) => refuseAs(reply, NOT_FOUND));
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.send(error);
    request.log.error({ err: error }, 'request.failed');
    return reply.code(503).send({
      statusCode: 503,
      code: 'UNAVAILABLE',
      error: 'Service Unavailable',
      message: 'The service failed; its log says why. Try again in a few seconds.',
    });
  });
  return app;
}

/**
 * Uses fastify's own compilers, but only when a schema is first used. A process uses few of them, and compiling them
 * all was a large part of a start.
 */
function compileSchemasAtFirstUse(app: FastifyInstance): void {
  // ours are constants: checking them gains nothing
  const compileValidator = createValidators()({}, { customOptions: { validateSchema: false } });
  app.setValidatorCompiler((route) => {
    let compiled: ReturnType<typeof compileValidator> | null = null;
    const validate = (data: unknown) => {
      compiled ??= compileValidator(route);
      const isValid = compiled(data) === true;
      Object.assign(validate, { errors: compiled.errors }); // where fastify looks for them
      return isValid;
    };
    return validate;
  });
  const compileSerializer = createSerializers()({});
  app.setSerializerCompiler(({ httpStatus = '', ...route }) => {
    let compiled: ReturnType<typeof compileSerializer> | null = null;
    return (document) => {
      compiled ??= compileSerializer({ ...route, httpStatus });
      return compiled(document);
    };
  });
}

/** Keeps one address from taking all connections. Behind a proxy that is the proxy's, which needs few. */
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
 * Node hands over every request found in one read, some 1,700 of the shortest, before it waits. A connection that
 * exceeds its limit is closed, so the requests beyond it cost nothing.
 */
function limitUnanswered(server: Server): void {
  const connections = new WeakMap<Socket, { unanswered: number }>();
  const handlers = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const { socket } = request;
    let connection = connections.get(socket);
    if (connection === undefined) {
      connection = { unanswered: 0 };
      connections.set(socket, connection);
    }
    if (connection.unanswered === MAX_UNANSWERED) {
      socket.destroy();
      return;
    }
    const counted = connection;
    counted.unanswered++;
    response.on('close', () => counted.unanswered--); // emitted once
    for (const handle of handlers) handle.call(server, request, response);
  });
}

/** Headers of every answer with this status. A 503 always says when to retry. */
function headersOf(statusCode: number): readonly (readonly [string, string])[] {
  return statusCode === 503 ? [...HARDENED, ['retry-after', RETRY_AFTER_SECONDS]] : HARDENED;
}

function harden(reply: FastifyReply): FastifyReply {
  for (const [name, value] of headersOf(reply.statusCode)) {
    if (!reply.hasHeader(name)) reply.header(name, value);
  }
  return reply;
}

/** A slow client gets 503, not 408: a delivery over a bad network is still authentic, and Linq repeats no 4xx. */
const BROKEN: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 503, HPE_HEADER_OVERFLOW: 431 };

/**
 * Input that isn't HTTP, or is too long or too slow, has no request to reply to. Answers and closes the
 * connection.
 */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const statusCode = BROKEN[error.code ?? ''] ?? 400;
  const reason = STATUS_CODES[statusCode] ?? '';
  const body = JSON.stringify({
    statusCode,
    code: 'BROKEN_REQUEST',
    error: reason,
    message: 'Malformed HTTP request.',
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
 * Node checks for slow connections even when there are none, which would keep waking an idle machine. This makes it
 * check every `everyMs` only while a connection is open. Node has no API for that, so this calls the listener that Node
 * itself installs; a Node version without it simply keeps checking.
 */
export function checkWhileConnected(server: Server, everyMs: number): void {
  const startChecks = server.listeners('listening').find(({ name }) => name === 'setupConnectionsTracking');
  if (startChecks === undefined) return;
  let open = 0;

  /** Replaces the existing timer. */
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
