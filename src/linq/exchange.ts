import { Pool } from 'undici';
import { SECOND } from '../decide/time.ts';
import { connectThrough, type HttpProxy } from '../http/proxy.ts';
import { createAborts } from './aborts.ts';
import { Call, type CallEvents, type Reply } from './call.ts';
import { createDeadlines } from './deadlines.ts';

export interface ExchangeOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Most connections, and so most requests on the wire at once; more wait, and their deadline runs. */
  readonly connections: number;
  readonly deadlineMs: number;
  readonly connectMs: number;
  /** Null: the connection is a direct one. */
  readonly proxy: HttpProxy | null;
  /** Longest body that is read, as it arrives and decoded; a longer one counts as one that didn't arrive whole. */
  readonly maxBodyBytes: number;
  readonly systemNow: CallEvents['systemNow'];
  readonly monotonic: () => number;
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

/** For the rest of a body that doesn't matter: long enough to keep the connection, as a rule. */
const REST_MS = SECOND;

/**
 * Sends requests to the base URL's origin and nowhere else: no redirects, no retries, one deadline over queueing,
 * connecting, headers and body, and a short one over what doesn't matter any more. `send` never rejects.
 */
export function createExchange(options: ExchangeOptions) {
  const { connections, deadlineMs, connectMs, proxy, maxBodyBytes, systemNow, monotonic, onHeaders } =
    options;
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
    headersTimeout: 0, // the deadline covers both, and a body that drips as well
    bodyTimeout: 0,
    maxResponseSize: maxBodyBytes,
  });
  const deadlines = createDeadlines<Call>(deadlineMs, monotonic);
  const restDeadlines = createDeadlines<Call>(REST_MS, monotonic);
  const callsOf = createAborts<Call>();
  const events: CallEvents = {
    onHeaders,
    systemNow,
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
    /** Ends what is still running as `closed` and drops every connection. */
    async close(): Promise<void> {
      for (const { running } of [deadlines, restDeadlines]) for (const call of running()) call.end('closed');
      await pool.destroy();
    },
  };
}
