import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import { type ApiParts, refusalReply, routeOf, serveApi } from './api.ts';
import type { Fault, Faults, FaultTarget, RouteName } from './behaviour.ts';
import type { Randomness } from './random.ts';
import { isObject, parseTarget, type Reply, readJsonObject, writeReply } from './reply.ts';
import { reshape } from './resources.ts';
import type { ShareCall, Shares } from './shares.ts';
import { codeOfStatus, errorEnvelope, LinqError, SimulatorError, statusOfCode } from './simulator-errors.ts';
import { createStop, pause } from './waiting.ts';

const API_PATH = '/api/partner';
const API_SEGMENTS = [...API_PATH.slice(1).split('/'), 'v3'];

/** A gateway's response to an unknown path: no Linq envelope. */
const NOT_FOUND: Reply = { status: 404, body: '404 page not found' };
const BAD_GATEWAY = '<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>\n';

/** Handles requests below `/_sim`. */
export type Control = (request: IncomingMessage, path: string[], query: URLSearchParams) => Promise<Reply>;

interface ServerParts extends ApiParts {
  readonly clock: Clock;
  readonly apiKey: string;
  readonly randomness: Randomness;
  readonly faults: Faults;
  readonly shares: Shares;
  readonly control: Control;
  /** Aborts when the simulator stops; ends responses that are being held back. */
  readonly stopSignal: AbortSignal;
}

/** One request to an endpoint of the API. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: RouteName;
  /** Path below `/v3/`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly traceId: string;
}

/** The simulated API; it doesn't listen yet. */
function createApiServer(parts: ServerParts): Server {
  const { clock, faults, shares, world } = parts;
  const authorization = `Bearer ${parts.apiKey}`;
  const headersOf = (traceId: string, dateSkewMs = 0) => ({
    'X-Trace-ID': traceId,
    Date: new Date(clock.systemNow() + dateSkewMs).toUTCString(),
  });

  const targetOf = ({ request, route, segments, query }: Exchange): FaultTarget => {
    const chatId = segments[0] === 'chats' ? (segments[1] ?? null) : null;
    const line = chatId === null ? query.get('phone_number') : (world.chats.get(chatId)?.line ?? null);
    return { route, method: request.method ?? 'GET', chatId, line };
  };

  const perform = async (exchange: Exchange, call: ShareCall | null): Promise<Reply> => {
    const { request, route, segments, query } = exchange;
    if (request.headers.authorization !== authorization) throw new LinqError(2004);
    if (route === 'share') {
      if (call !== null) shares.perform(call);
      return { status: 204 };
    }
    const method = request.method ?? 'GET';
    const body = ['POST', 'PUT', 'PATCH'].includes(method) ? await readJsonObject(request) : {};
    const reply = serveApi(parts, route, { method, segments, query, body });
    return {
      ...reply,
      ...(isObject(reply.body) ? { body: Object(reshape(reply.body, parts.behaviour)) } : {}),
    };
  };

  const serve = async (exchange: Exchange): Promise<void> => {
    const { request, response, route, segments, traceId } = exchange;
    const { answer: fault, latencyMs, dateSkewMs, ...spoiling } = faults.take(targetOf(exchange));
    if (fault?.drop === 'before') return reset(request);
    const call = route === 'share' ? shares.arrive(segments[1] ?? '', traceId) : null;
    const reply =
      (fault && refusalOfFault(fault, traceId)) ??
      (await perform(exchange, call).then(
        (performed) => successOfFault(fault, performed),
        (error: unknown) => refusalReply(error, traceId),
      ));
    if (latencyMs > 0) await pause(clock, latencyMs, parts.stopSignal);
    if (fault?.drop === 'after') return reset(request);
    if (fault?.hang === true || request.socket.destroyed) return;
    const isCut = fault?.drop === 'during';
    if (call !== null && !isCut) shares.answer(call, reply.status, reply.linqCode ?? null);
    writeReply(response, reply, headersOf(traceId, dateSkewMs), { ...spoiling, isCut });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { segments, query } = parseTarget(request.url ?? '/');
    const traceId = parts.randomness.trace('trace of call');
    if (segments[0] === '_sim') {
      const reply = await parts.control(request, segments.slice(1), query);
      return writeReply(response, reply, headersOf(traceId));
    }
    const inApi = API_SEGMENTS.every((segment, index) => segments[index] === segment);
    const path = segments.slice(API_SEGMENTS.length);
    const route = inApi ? routeOf(request.method ?? 'GET', path) : null;
    if (route === null) return writeReply(response, NOT_FOUND, headersOf(traceId));
    return serve({ request, response, route, segments: path, query, traceId });
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) writeReply(response, { status: 500, body: String(error) }, {});
    });
  });
  server.keepAliveTimeout = 65_000; // longer than clients keep an idle connection, so that none is reset
  return server;
}

function reset(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

/** The body that a fault substitutes for Linq's; null: none. */
function bodyOfFault({ json, body }: Fault): Pick<Reply, 'body' | 'headers'> | null {
  const text = json === undefined ? body : JSON.stringify(json);
  return text === undefined ? null : { body: text, headers: { 'Content-Type': 'application/json' } };
}

/** Applies a fault to the response of a performed call. */
function successOfFault(fault: Fault | null, performed: Reply): Reply {
  if (fault === null) return performed;
  const prescribed = bodyOfFault(fault);
  const status = fault.status ?? (prescribed === null ? performed.status : 200);
  return { ...performed, ...prescribed, status };
}

/** The refusal that a fault dictates; null when it lets the call be performed. */
function refusalOfFault(fault: Fault, traceId: string): Reply | null {
  const { retryAfter, message } = fault;
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
  if (fault.html === true) return { status: fault.status ?? 502, body: BAD_GATEWAY, headers };
  if (fault.status === undefined && fault.code === undefined) return null;
  const status = fault.status ?? statusOfCode(fault.code ?? 3006);
  if (status < 300) return null;
  const prescribed = bodyOfFault(fault);
  if (prescribed !== null) return { status, ...prescribed, headers: { ...headers, ...prescribed.headers } };
  const code = fault.code ?? codeOfStatus(status);
  const body = errorEnvelope({
    code,
    traceId,
    status,
    ...(message === undefined ? {} : { message }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
  return { status, body, headers, linqCode: code };
}

/** The server's life cycle: listens on loopback only, and reuses its port after a stop. */
interface Listener {
  /** @throws SimulatorError before the first start */
  baseUrl(): string;
  start(): Promise<string>;
  stop(): Promise<void>;
}

/** @param port 0 takes any free one */
export function createListener(port: number, parts: Omit<ServerParts, 'stopSignal'>): Listener {
  let boundPort: number | null = null;
  let running: { readonly server: Server; readonly stopping: AbortController } | null = null;

  const baseUrl = (): string => {
    if (boundPort === null) throw new SimulatorError('the simulator has no address before start()');
    return `http://127.0.0.1:${boundPort}${API_PATH}`;
  };
  return {
    baseUrl,
    start() {
      if (running !== null) throw new SimulatorError('the simulator is running already');
      const stopping = createStop();
      const server = createApiServer({ ...parts, stopSignal: stopping.signal });
      return new Promise((resolve, reject) => {
        server.once('error', (cause: NodeJS.ErrnoException) => {
          const place = `127.0.0.1:${boundPort ?? port}`;
          reject(new SimulatorError(`Can’t listen on ${place} (${cause.code})`, { cause }));
        });
        server.listen(boundPort ?? port, '127.0.0.1', () => {
          running = { server, stopping };
          boundPort = (server.address() as AddressInfo).port;
          resolve(baseUrl());
        });
      });
    },
    async stop() {
      if (running === null) return;
      const { server, stopping } = running;
      running = null;
      stopping.abort();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
