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
/** Divides what there is among senders, so that whatever one of them takes, there is some for each of the others. */
export interface FairShare {
  /**
   * Takes more for one thing of this sender (a body, a connection). False: nothing was taken, it would be too much now.
   * @param has what that thing took before
   */
  take(sender: string, amount: number, has: number): boolean;
  giveBack(sender: string, amount: number): void;
}

/** A sender may have so many times what is still free: alone three quarters, two three sevenths each. */
const TIMES_THE_FREE = 3;

/**
 * The free part shrinks with each sender but never ends, so a newcomer always finds some. Within a sender's part, nothing
 * may become larger than what is left of it: what is large is refused first, and leaves room for what is small.
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
