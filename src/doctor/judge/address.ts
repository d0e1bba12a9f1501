import { BlockList, isIPv4 } from 'node:net';
import { type Finding, fine, found, skipped } from '../finding.ts';

/** Addresses that nobody on the internet can reach. */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');
PRIVATE.addAddress('::1', 'ipv6');

/** The addresses that the name of PUBLIC_URL stands for, or the system's code for why there are none. */
export type SeenName =
  | { readonly kind: 'resolved'; readonly addresses: readonly string[] }
  | { readonly kind: 'failed'; readonly cause: string };

/** @param isLinqHere the API is a simulated one on this machine, which reaches private addresses too */
export function judgeName(host: string, seen: SeenName, isLinqHere: boolean): Finding {
  if (seen.kind === 'failed') {
    return found(
      'name_unknown',
      `The name ${host} can't be resolved (${seen.cause}); Linq gives up such a delivery at once.`,
      `Create an A or AAAA record for ${host} that leads to this machine's public address, or correct PUBLIC_URL; \`getent hosts ${host}\` must print that address.`,
      { host, cause: seen.cause },
    );
  }
  const { addresses } = seen;
  const details = { host, addresses };
  const isPrivate = addresses.every((address) => PRIVATE.check(address, isIPv4(address) ? 'ipv4' : 'ipv6'));
  if (isPrivate && !isLinqHere) {
    return found(
      'address_private',
      `From here ${host} stands for ${addresses.join(', ')}, which nobody on the internet can reach.`,
      `Let the public DNS record of ${host} hold this machine's public address. If only this network resolves it so (split DNS), run doctor from elsewhere, too.`,
      details,
    );
  }
  const what = addresses.includes(host) ? 'is an address, no name' : `stands for ${addresses.join(', ')}`;
  return fine('public_name', `${host} ${what}.`, details);
}

/**
 * @param cause null: connected; else the system's code
 * @param isService the address is the service's own, without a proxy before it, and the service doesn't run
 */
export function judgeConnection(
  host: string,
  port: number,
  cause: string | null,
  isService: boolean,
): Finding {
  const details = { host, port, cause };
  if (cause === null) return fine('public_connection', `${host} takes connections on port ${port}.`, details);
  if (isService) {
    return skipped(
      'public_connection',
      `${host}, port ${port}, is the service itself, which doesn't run yet: start it, then let doctor look again.`,
    );
  }
  if (cause === 'ECONNREFUSED') {
    return found(
      'connection_refused',
      `${host} refuses connections on port ${port}: no proxy listens there.`,
      `Start the proxy (Caddy: \`systemctl start caddy\`, nginx: \`systemctl start nginx\`) and see that it listens on port ${port}: \`ss -ltn\`. Or correct PUBLIC_URL.`,
      details,
    );
  }
  if (cause === 'ETIMEDOUT') {
    return found(
      'connection_timeout',
      `${host} doesn't answer on port ${port}: a firewall drops what is sent there, or the address is another machine's.`,
      `Open TCP port ${port} in the firewall of the machine and of the provider. Many routers don't lead a machine back to its own public address: if others reach it, run doctor from elsewhere (with --url), or with --no-round-trip.`,
      details,
    );
  }
  return found(
    'connection_failed',
    `No connection to ${host}, port ${port} (${cause}).`,
    `Check the network of this machine and that ${host} stands for the right address: \`curl -sv https://${host}:${port}/\`.`,
    details,
  );
}
