import { isIP } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';

/**
 * Stands for anything that isn't an address. All of it shares one limit, and is never loopback or a trusted
 * proxy.
 */
const UNKNOWN = 'unknown';

/**
 * An `X-Forwarded-For` header reduced to plain addresses. Some proxies add the port, which changes with every
 * connection, and some pass on whatever a client wrote.
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

/** Limits count by this: an IPv4 address, or the /64 of an IPv6 one, since one sender owns all of it. */
export function networkOf(address: string = UNKNOWN): string {
  if (address !== last.address) last = { address, network: normalizeIP(address) };
  return last.network;
}

/** One sender's requests often come in a row. */
let last = { address: UNKNOWN, network: UNKNOWN };

/** Divides a resource among senders, so that however much one takes, some is left for each of the others. */
export interface FairShare {
  /**
   * Takes more for one of this sender's items (a body, a connection). False: took nothing, as it is too much
   * for now.
   * @param has what that item already holds
   */
  take(sender: string, amount: number, has: number): boolean;
  giveBack(sender: string, amount: number): void;
}

/** A sender may hold this many times what is free: three quarters if alone, three sevenths each for two. */
const TIMES_THE_FREE = 3;

/**
 * The free part shrinks with each sender but never runs out, so a new sender always gets some. No item may be larger
 * than the rest of its sender's part, so large items are refused first and leave room for small ones.
 */
export function createFairShare(total: number): FairShare {
  const taken = new Map<string, number>();
  let free = total;

  return {
    take(sender, amount, has) {
      const mine = (taken.get(sender) ?? 0) + amount;
      const left = TIMES_THE_FREE * (free - amount) - mine;
      if (has + amount > left) return false;
      taken.set(sender, mine);
      free -= amount;
      return true;
    },
    giveBack(sender, amount) {
      const mine = (taken.get(sender) ?? 0) - amount;
      if (mine > 0) taken.set(sender, mine);
      else taken.delete(sender);
      free += amount;
    },
  };
}
