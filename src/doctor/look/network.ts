import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { SECOND } from '../../decide/time.ts';
import { ProxyError } from '../../errors.ts';
import { type HttpProxy, openTunnel } from '../../http/proxy.ts';
import type { SeenProxy } from '../judge/account.ts';
import type { SeenCertificate, SeenName } from '../judge/address.ts';
import { causeOf } from './http.ts';

/** For each step: name, connection, handshake. */
const DEADLINE_MS = 5 * SECOND;

interface PublicPlace {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

export function placeOf(publicUrl: string): PublicPlace {
  const { protocol, hostname, port } = new URL(publicUrl);
  const isTls = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, ''); // an IPv6 address is in brackets
  return { host, port: port === '' ? (isTls ? 443 : 80) : Number(port), isTls };
}

export async function resolveName(host: string): Promise<SeenName> {
  try {
    const late = new Promise<never>((_resolve, reject) => {
      AbortSignal.timeout(DEADLINE_MS).addEventListener('abort', () =>
        reject(Object.assign(new Error('no answer'), { code: 'ETIMEOUT' })),
      );
    });
    const found = await Promise.race([lookup(host, { all: true }), late]);
    return { kind: 'resolved', addresses: found.map(({ address }) => address) };
  } catch (error) {
    return { kind: 'failed', cause: causeOf(error) };
  }
}

/** Resolves to null once connected, else to the system's error code. */
export function tryConnection({ host, port }: PublicPlace): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (cause: string | null) => {
      socket.destroy();
      resolve(cause);
    };
    AbortSignal.timeout(DEADLINE_MS).addEventListener('abort', () => end('ETIMEDOUT'));
    socket.once('connect', () => end(null));
    socket.once('error', (error) => end(causeOf(error)));
  });
}

/** Performs a TLS handshake as Linq does: the certificate must be trusted and match the host. */
export function shakeHands(
  { host, port }: PublicPlace,
  ca: readonly string[] | null,
): Promise<SeenCertificate> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca: [...ca] }),
    });
    const end = (seen: SeenCertificate) => {
      socket.destroy();
      resolve(seen);
    };
    AbortSignal.timeout(DEADLINE_MS).addEventListener('abort', () =>
      end({ kind: 'failed', cause: 'ETIMEDOUT', names: [] }),
    );
    socket.once('secureConnect', () => {
      const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
      end({ kind: 'trusted', validFrom: Date.parse(from), validTo: Date.parse(to) });
    });
    socket.once('error', (error) =>
      end({ kind: 'failed', cause: causeOf(error), names: namesOf('cert' in error ? error.cert : null) }),
    );
  });
}

/** The first few of a certificate's names, since there may be hundreds. */
function namesOf(certificate: unknown): readonly string[] {
  const { subjectaltname: names = '', subject } = (certificate ?? {}) as Partial<PeerCertificate>;
  const listed = names.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  const all = new Set([...listed, ...[subject?.CN ?? []].flat()]);
  return [...all].filter((name) => /^[\w.*:-]{1,80}$/.test(name)).slice(0, 4);
}

const TUNNEL_MS = 5 * SECOND;

/** Asks the proxy for a connection, like every call does, and hangs up. */
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
