import { isIP } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';

/** Stands for what isn't an address: all of it shares one limit, and none of it is this machine or a trusted proxy. */
const UNKNOWN = 'unknown';

/**
 * An `X-Forwarded-For` header with nothing but addresses in it. Some proxies write the port beside each, a new one for
 * every connection, and a client behind one that passes anything on may write what it likes.
 */
export function plainAddresses(header: string): string {
  const entries = header.split(',').map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== '')
    .map(plainAddress)
    .join(', ');
}

/** Without port, brackets, zone, and the prefix of an IPv4 address in IPv6. */
function plainAddress(text: string): string {
  const [, host = text] = /^\[(.*)\](?::\d*)?$/.exec(text) ?? /^([\d.]+):\d*$/.exec(text) ?? [];
  const address = host.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? UNKNOWN : address;
}

/** What limits count by: an IPv4 address, or the /64 of an IPv6 one, since a sender has all of that. */
export const networkOf = (address: string | undefined): string => normalizeIP(address ?? UNKNOWN);
