import { Agent } from 'undici';
import type { Clock } from '../../clock.ts';
import { SECOND } from '../../decide/time.ts';
import { connectThrough, type HttpProxy } from '../../http/proxy.ts';

/** `unknown`: it may have been accepted, but no response said so. */
export interface Posted {
  readonly kind: 'taken' | 'refused' | 'unknown';
  /** For the log: an HTTP status or error code. Never the address, which may be a secret. */
  readonly cause: string;
}

export interface Poster {
  /** Never rejects. Doesn't follow redirects; reads only the response's status. */
  post(body: object, signal: AbortSignal): Promise<Posted>;
  close(): Promise<void>;
}

/** Real time. */
const DEADLINE_MS = 10 * SECOND;
const CONNECT_MS = 5 * SECOND;

/** Errors that occur before a byte is sent. */
const NOT_SENT: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  'REACTOR_PROXY',
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID'],
]);

/** Posts JSON to one address, over a new connection each time. @param proxy null: connect directly */
export function createPoster(url: string, clock: Clock, proxy: HttpProxy | null): Poster {
  const { place, connect } = routeTo(new URL(url), proxy);
  const dispatcher = new Agent({ connect, maxHeaderSize: 16 * 1024 });

  async function send(body: object, signal: AbortSignal): Promise<Posted> {
    const answer = await dispatcher.request({
      ...place,
      method: 'POST',
      headers: {
        ...place.headers,
        'content-type': 'application/json',
        'user-agent': 'contact-card-reactor',
      },
      body: JSON.stringify(body),
      signal,
      reset: true,
    });
    answer.body.on('error', () => {}).destroy();
    const { statusCode } = answer;
    return {
      kind: statusCode >= 200 && statusCode <= 299 ? 'taken' : 'refused',
      cause: `HTTP ${statusCode}`,
    };
  }

  return {
    async post(body, signal) {
      const isOver = new AbortController();
      const isLate = new AbortController();
      void clock
        .sleepUntil(clock.now() + clock.toDomain(DEADLINE_MS), DEADLINE_MS, isOver.signal)
        .then(() => isLate.abort());
      try {
        return await send(body, AbortSignal.any([signal, isLate.signal]));
      } catch (error) {
        const cause = isLate.signal.aborted ? 'timeout' : codeOf(error);
        return { kind: NOT_SENT.has(cause) ? 'refused' : 'unknown', cause };
      } finally {
        isOver.abort();
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** Proxies open a tunnel for TLS. Plain HTTP is sent as a proxy request: many refuse to tunnel it. */
function routeTo({ origin, pathname, search, protocol, href, host }: URL, proxy: HttpProxy | null) {
  const direct = { timeout: CONNECT_MS };
  const place = { origin, path: pathname + search, headers: {} };
  if (proxy === null) return { place, connect: direct };
  if (protocol === 'https:') return { place, connect: connectThrough(proxy, CONNECT_MS) };
  const { authorization } = proxy;
  const headers = { host, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) };
  return { place: { origin: proxy.origin, path: href, headers }, connect: direct };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unforeseen';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name;
}
