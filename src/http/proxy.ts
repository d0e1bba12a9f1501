import type { Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import { ProxyError } from '../errors.ts';

export interface HttpProxy {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`; null: none is needed. */
  readonly authorization: string | null;
}

/**
 * Asks a proxy for a connection to `target`, such as `api.linqapp.com:443`.
 * @param timeoutMs for everything until the proxy has answered
 * @throws {ProxyError} and nothing else
 */
export async function openTunnel(
  { origin, authorization }: HttpProxy,
  target: string,
  timeoutMs: number,
): Promise<Socket> {
  const client = new Client(origin, { connectTimeout: timeoutMs, headersTimeout: timeoutMs });
  try {
    const { statusCode, socket } = await client.connect({
      path: target,
      headers: { host: target, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (statusCode >= 200 && statusCode <= 299) return socket as Socket;
    socket.on('error', () => {}).destroy();
    throw new ProxyError(statusCode);
  } catch (error) {
    throw error instanceof ProxyError ? error : new ProxyError(null, { cause: error });
  } finally {
    void client.destroy(); // the tunnel's socket no longer belongs to it
  }
}

/**
 * Connects through a proxy, using CONNECT even without TLS. Certificates are checked as without a proxy. For
 * undici's `connect`: undici's own ProxyAgent retries a proxy that hangs up thousands of times per second.
 * @param timeoutMs for the tunnel, and again for TLS inside it
 */
export function connectThrough(proxy: HttpProxy, timeoutMs: number): buildConnector.connector {
  const startTls = buildConnector({ timeout: timeoutMs });
  return (options, callback) => {
    const { host = options.hostname, port, protocol } = options;
    const isTls = protocol === 'https:';
    const target = port === '' ? `${host}:${isTls ? 443 : 80}` : host;
    openTunnel(proxy, target, timeoutMs).then(
      (socket) => (isTls ? startTls({ ...options, httpSocket: socket }, callback) : callback(null, socket)),
      (error: ProxyError) => callback(error, null),
    );
  };
}
