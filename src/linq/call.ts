import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { type EpochMs, SECOND } from '../decide/time.ts';
import { connectThrough, type HttpProxy } from '../http/proxy.ts';

interface ExchangeOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Maximum connections, and so maximum concurrent requests. Others wait while their deadlines run. */
  readonly connections: number;
  readonly deadlineMs: number;
  readonly connectMs: number;
  /** Null: connects directly. */
  readonly proxy: HttpProxy | null;
  /** Maximum body size, both on the wire and decoded. A larger body counts as incomplete. */
  readonly maxBodyBytes: number;
  readonly clock: Pick<Clock, 'wallNow' | 'monotonic'>;
  readonly onHeaders: CallEvents['onHeaders'];
}

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base URL, with a leading slash. */
  readonly path: string;
  /** Sent as JSON; absent: no body and no content type. */
  readonly json?: object;
  readonly wantsBody: boolean;
}

/** Time for the rest of a body that no longer matters: usually enough to keep the connection. */
const REST_MS = SECOND;

/**
 * Sends requests to the base URL's origin and nowhere else: no redirects, no retries, one deadline over
 * queueing, connecting, headers and body, and a short one for what no longer matters. `send` never rejects.
 */
export function createExchange(options: ExchangeOptions) {
  const { connections, deadlineMs, connectMs, proxy, maxBodyBytes, clock, onHeaders } = options;
  const url = new URL(options.baseUrl);
  const prefix = url.pathname.replace(/\/+$/, '');
  const headers = [
    ...['authorization', `Bearer ${options.apiKey}`, 'accept', 'application/json'],
    ...['accept-encoding', 'identity', 'cache-control', 'no-cache'],
  ];
  const contentOf = (json: object | undefined) =>
    json === undefined
      ? { headers }
      : { headers: [...headers, 'content-type', 'application/json'], body: JSON.stringify(json) };
  const pool = new Pool(url.origin, {
    connections,
    ...(proxy === null ? { connectTimeout: connectMs } : { connect: connectThrough(proxy, connectMs) }),
    headersTimeout: 0, // our deadline covers both, and slow bodies too
    bodyTimeout: 0,
    maxResponseSize: maxBodyBytes,
  });
  const monotonic = () => clock.monotonic();
  const deadlines = createDeadlines<Call>(deadlineMs, monotonic);
  const restDeadlines = createDeadlines<Call>(REST_MS, monotonic);
  const callsOf = createAborts<Call>();
  const events: CallEvents = {
    onHeaders,
    read: () => ({ wall: clock.wallNow(), monotonic: clock.monotonic() }),
    onSettledEarly(call) {
      deadlines.delete(call);
      restDeadlines.add(call);
    },
    onDone(call) {
      deadlines.delete(call);
      restDeadlines.delete(call);
      if (call.signal !== undefined) callsOf(call.signal).delete(call);
    },
  };

  return {
    send({ method, path, json, wantsBody }: ExchangeRequest, signal?: AbortSignal): Promise<Reply> {
      if (signal?.aborted) return Promise.resolve({ kind: 'none', wasSent: false, cause: 'aborted' });
      return new Promise((resolve) => {
        const call = new Call(wantsBody, maxBodyBytes, signal, events, resolve);
        deadlines.add(call);
        if (signal !== undefined) callsOf(signal).add(call);
        pool.dispatch({ method, path: prefix + path, ...contentOf(json) }, call);
      });
    },
    /** Ends running calls as `closed` and drops every connection. */
    async close(): Promise<void> {
      for (const { running } of [deadlines, restDeadlines]) for (const call of running()) call.end('closed');
      await pool.destroy();
    },
  };
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What came back, before it is interpreted. */
export type Reply =
  | {
      readonly kind: 'reply';
      readonly httpStatus: number;
      readonly headers: Headers;
      /** Null when it wasn't wanted, didn't arrive whole (too large, too late, cut off), or can't be decoded. */
      readonly body: string | null;
    }
  /** `wasSent`: the request was handed to a connection, so Linq may have acted on it. */
  | { readonly kind: 'none'; readonly wasSent: boolean; readonly cause: string };

/** When a request was written, or an answer began, by the clock's `wallNow` and `monotonic`. */
export interface Moment {
  readonly wall: EpochMs;
  readonly monotonic: number;
}

interface CallEvents {
  /** An answer begins. */
  onHeaders(headers: Headers, requested: Moment, received: Moment): void;
  /** The call is settled: the rest of its body doesn't matter. */
  onSettledEarly(call: Call): void;
  /** The call is over; its connection is free or gone. */
  onDone(call: Call): void;
  read(): Moment;
}

/**
 * One HTTP exchange, from the queue to the last byte. Uses undici's `dispatch`, the only way to know whether
 * a request was handed to a connection: `request` fails the same way before and after.
 */
class Call implements Dispatcher.DispatchHandler, Expiring, Endable {
  /** What may end it early. */
  readonly signal: AbortSignal | undefined;
  readonly #wantsBody: boolean;
  readonly #maxBodyBytes: number;
  readonly #events: CallEvents;
  readonly #resolve: (reply: Reply) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #requested: Moment = { wall: 0, monotonic: 0 };
  #httpStatus = 0;
  #headers: Headers = {};
  #chunks: Buffer[] = [];
  #isSettled = false;
  #isDone = false;

  /**
   * @param wantsBody false: a 2xx is complete with its headers, and its body doesn't matter
   * @param maxBodyBytes limit for a compressed body once decoded
   */
  constructor(
    wantsBody: boolean,
    maxBodyBytes: number,
    signal: AbortSignal | undefined,
    events: CallEvents,
    resolve: (reply: Reply) => void,
  ) {
    this.signal = signal;
    this.#wantsBody = wantsBody;
    this.#maxBodyBytes = maxBodyBytes;
    this.#events = events;
    this.#resolve = resolve;
  }

  expire(): void {
    this.end('timeout');
  }

  /** Stops the call now, at any stage; a request still waiting for a connection is never written. */
  end(cause: string): void {
    if (this.#isDone) return;
    this.#fail(cause);
    this.#controller?.abort(new Error(cause));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isDone) {
      controller.abort(new Error('ended while queued'));
      return;
    }
    this.#controller = controller;
    this.#requested = this.#events.read();
  }

  onResponseStart(_controller: unknown, httpStatus: number, headers: Headers): void {
    if (httpStatus < 200) return; // early hints: the answer is still to come
    this.#httpStatus = httpStatus;
    this.#headers = headers;
    if (!this.#wantsBody && httpStatus <= 299) {
      this.#settleReply(null);
      this.#events.onSettledEarly(this);
    }
    this.#events.onHeaders(headers, this.#requested, this.#events.read());
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (!this.#isSettled) this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#isSettled) return;
    const bytes = Buffer.concat(this.#chunks);
    void readBody(bytes, this.#headers, this.#maxBodyBytes).then((body) => this.#settleReply(body));
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (!this.#isDone) this.#fail(causeOf(error));
  }

  #fail(cause: string): void {
    this.#release();
    if (this.#httpStatus !== 0) this.#settleReply(null);
    else this.#settle({ kind: 'none', wasSent: this.#controller !== null, cause });
  }

  #release(): void {
    this.#isDone = true;
    this.#events.onDone(this);
  }

  #settleReply(body: string | null): void {
    this.#settle({ kind: 'reply', httpStatus: this.#httpStatus, headers: this.#headers, body });
  }

  #settle(reply: Reply): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#chunks = [];
    this.#resolve(reply);
  }
}

/** Something with a deadline. */
interface Expiring {
  expire(): void;
}

/**
 * Ends everything that is still running `deadlineMs` after it was added, with one timer for all: a timer per
 * call would cost a tenth of the call. When nothing is running, no timer remains.
 */
export function createDeadlines<T extends Expiring>(deadlineMs: number, monotonic: () => number) {
  const running = new Map<T, number>(); // start times, in order of start and so of expiry
  let isArmed = false;

  function arm(leftMs: number): void {
    isArmed = true;
    AbortSignal.timeout(Math.ceil(leftMs)).addEventListener('abort', sweep, { once: true });
  }

  function sweep(): void {
    isArmed = false;
    for (const [item, startedMonotonicMs] of running) {
      const leftMs = startedMonotonicMs + deadlineMs - monotonic();
      if (leftMs > 0) {
        arm(leftMs);
        return;
      }
      running.delete(item);
      item.expire();
    }
  }

  return {
    add(item: T): void {
      running.set(item, monotonic());
      if (!isArmed) arm(deadlineMs);
    },
    delete(item: T): void {
      running.delete(item);
    },
    /** In the order in which they were added. */
    running: (): Iterable<T> => running.keys(),
  };
}

/** Something that can be ended early. */
interface Endable {
  end(cause: string): void;
}

/**
 * Ends everything in a signal's set as `aborted` when the signal fires. Calls usually share one signal: it gets one
 * listener in total, not one per call.
 * @returns the set of a signal that isn't aborted yet; callers add and delete items
 */
function createAborts<T extends Endable>(): (signal: AbortSignal) => Set<T> {
  const sets = new WeakMap<AbortSignal, Set<T>>();

  function watch(signal: AbortSignal): Set<T> {
    const items = new Set<T>();
    sets.set(signal, items);
    const endAll = () => {
      for (const item of items) item.end('aborted');
    };
    signal.addEventListener('abort', endAll, { once: true });
    return items;
  }

  return (signal) => sets.get(signal) ?? watch(signal);
}

/** Codes of node, undici and OpenSSL → the words of `LinqAnswer`. First match wins. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/^REACTOR_PROXY$/, 'proxy'],
  [/^UND_ERR_CONNECT_TIMEOUT$/, 'connect_timeout'],
  [/^ETIMEDOUT$/, 'timeout'],
  [/^ENOTFOUND$|^EAI_/, 'dns'],
  [/^ECONNREFUSED$/, 'refused'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'unreachable'],
  [/^ERR_(TLS|SSL)_|CERT|CRL|^UNABLE_TO_|^EPROTO$|^INVALID_CA$|^HOSTNAME_MISMATCH$/, 'tls'],
  [/^UND_ERR_(DESTROYED|CLOSED)$/, 'closed'],
  [/^(UND_ERR_SOCKET|ECONNRESET|ECONNABORTED|EPIPE)$/, 'reset'],
  [/^HPE_|^HTTPParserError$|^UND_ERR_(HEADERS_OVERFLOW|RES_)/, 'protocol'],
];

/** One short stable word for a transport error: the error's own text may name addresses. */
export function causeOf(error: Error & { code?: unknown }): string {
  // undici's parser sets no code on some of its errors
  const code = typeof error.code === 'string' ? error.code : error.name;
  return CAUSES.find(([pattern]) => pattern.test(code))?.[1] ?? 'other';
}

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const gunzip: Decode = promisify(zlib.gunzip);
const inflate: Decode = promisify(zlib.inflate);
const inflateRaw: Decode = promisify(zlib.inflateRaw);
const ZLIB_METHOD = 8;

const DECODERS: ReadonlyMap<string, Decode> = new Map([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['br', promisify(zlib.brotliDecompress)],
  // some servers omit the zlib header
  [
    'deflate',
    (bytes, options) => ((bytes[0] ?? 0) % 16 === ZLIB_METHOD ? inflate : inflateRaw)(bytes, options),
  ],
  ['identity', async (bytes) => bytes],
]);

/** In practice there is at most one. */
const MOST_ENCODINGS = 2;

/**
 * The text of a body, without a byte order mark. We ask for plain bodies, but a proxy may compress them
 * anyway. Null: its encoding is unknown or broken, or the text would exceed `maxBytes`. Never rejects.
 */
async function readBody(bytes: Buffer, headers: Headers, maxBytes: number): Promise<string | null> {
  const encodings = namesIn(headers['content-encoding']);
  if (encodings.length > MOST_ENCODINGS) return null;
  let plain = bytes;
  try {
    // the last encoding was applied last, so it is undone first
    for (const name of bytes.length === 0 ? [] : encodings.reverse()) {
      const decode = DECODERS.get(name);
      if (decode === undefined) return null;
      plain = await decode(plain, { maxOutputLength: maxBytes });
    }
  } catch {
    return null;
  }
  return new TextDecoder().decode(plain);
}

function namesIn(header: string | string[] | undefined): string[] {
  const names = [header ?? []].flat().join().toLowerCase().split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}
