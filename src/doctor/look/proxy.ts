import { SECOND } from '../../decide/time.ts';
import { ProxyError } from '../../errors.ts';
import { type HttpProxy, openTunnel } from '../../http/proxy.ts';
import type { SeenProxy } from '../judge/proxy.ts';
import { causeOf } from './http.ts';
import { placeOf } from './public-address.ts';

const TUNNEL_MS = 5 * SECOND;

/** Asks the proxy for a connection, as each call does, and hangs up. */
export async function lookAtProxy(proxy: HttpProxy, baseUrl: string): Promise<SeenProxy> {
  const { host, port } = placeOf(baseUrl);
  try {
    const socket = await openTunnel(proxy, `${host.includes(':') ? `[${host}]` : host}:${port}`, TUNNEL_MS);
    socket.on('error', () => {}).destroy();
    return { kind: 'open' };
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    return { kind: 'failed', httpStatus: error.httpStatus, cause: causeOf(error.cause) };
  }
}
