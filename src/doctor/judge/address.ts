import { BlockList, isIPv4 } from 'node:net';
import { DAY, type EpochMs } from '../../decide/time.ts';
import { timeInWords } from '../../status/view/wording.ts';
import { type Finding, type FindingCode, fine, found, skipped } from '../finding.ts';

/** Addresses that can't be reached from the internet. */
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

/** The addresses to which PUBLIC_URL's name resolves, or the system's error code. */
export type SeenName =
  | { readonly kind: 'resolved'; readonly addresses: readonly string[] }
  | { readonly kind: 'failed'; readonly cause: string };

/** @param isLinqHere the API is simulated on this machine, so it can also reach private addresses */
export function judgeName(host: string, seen: SeenName, isLinqHere: boolean): Finding {
  if (seen.kind === 'failed') {
    return found(
      'name_unknown',
      `The name ${host} can’t be resolved (${seen.cause}), so Linq drops every delivery at once.`,
      `Create an A or AAAA record for ${host} with this machine’s public address, or correct PUBLIC_URL; \`getent hosts ${host}\` must print that address.`,
      { host, cause: seen.cause },
    );
  }
  const { addresses } = seen;
  const details = { host, addresses };
  const isPrivate = addresses.every((address) => PRIVATE.check(address, isIPv4(address) ? 'ipv4' : 'ipv6'));
  if (isPrivate && !isLinqHere) {
    return found(
      'address_private',
      `From here ${host} resolves to ${addresses.join(', ')}, which can’t be reached from the internet.`,
      `Point the public DNS record of ${host} to this machine’s public address. If it resolves this way only inside your network (split DNS), also run doctor from outside.`,
      details,
    );
  }
  const what = addresses.includes(host) ? 'is an address, not a name' : `resolves to ${addresses.join(', ')}`;
  return fine('public_name', `${host} ${what}.`, details);
}

/**
 * @param cause null: connected; else the system's error code
 * @param isService the address is the service's own, without a proxy in front, and the service isn't running
 */
export function judgeConnection(
  host: string,
  port: number,
  cause: string | null,
  isService: boolean,
): Finding {
  const details = { host, port, cause };
  if (cause === null)
    return fine('public_connection', `${host} accepts connections on port ${port}.`, details);
  if (isService) {
    return skipped(
      'public_connection',
      `${host} port ${port} is the service itself, which isn’t running yet. Start it, then run doctor again.`,
    );
  }
  if (cause === 'ECONNREFUSED') {
    return found(
      'connection_refused',
      `${host} refuses connections on port ${port}: no proxy listens there.`,
      `Start the proxy (Caddy: \`systemctl start caddy\`, nginx: \`systemctl start nginx\`) and check that it listens on port ${port}: \`ss -ltn\`. Or correct PUBLIC_URL.`,
      details,
    );
  }
  if (cause === 'ETIMEDOUT') {
    return found(
      'connection_timeout',
      `${host} doesn’t answer on port ${port}: a firewall drops the packets, or the address belongs to another machine.`,
      `Open TCP port ${port} in the machine’s firewall and the provider’s. Many routers don’t route a machine back to its own public address: if others can reach it, run doctor from elsewhere (with --url), or with --no-round-trip.`,
      details,
    );
  }
  return found(
    'connection_failed',
    `Can’t connect to ${host} port ${port} (${cause}).`,
    `Check this machine’s network, and that ${host} resolves to the right address: \`curl -sv https://${host}:${port}/\`.`,
    details,
  );
}

/** The result of the TLS handshake. */
export type SeenCertificate =
  | { readonly kind: 'trusted'; readonly validFrom: EpochMs; readonly validTo: EpochMs }
  /** `cause`: a Node.js or OpenSSL code. `names`: those in the certificate, if one was seen. */
  | { readonly kind: 'failed'; readonly cause: string; readonly names: readonly string[] };

/** Certificates are usually renewed when a third of their life is left; below this, renewal has failed. */
const SOON_MS = 7 * DAY;
const SOON_PART = 1 / 5;

const RENEW =
  'Caddy renews automatically (see its log: `journalctl -u caddy`), certbot with `certbot renew`; then reload the proxy.';
const OBTAIN =
  'Use a certificate from a public authority: Caddy gets one automatically; for nginx run `certbot --nginx`. For your own authority, pass its certificate to doctor with --ca; Linq must trust it too.';

export function judgeCertificate(host: string, seen: SeenCertificate, now: EpochMs): Finding {
  if (seen.kind === 'failed') return judgeFailure(host, seen.cause, seen.names);
  const { validFrom, validTo } = seen;
  const details = { host, validTo: new Date(validTo).toISOString() };
  if (validTo - now < Math.min(SOON_MS, (validTo - validFrom) * SOON_PART)) {
    return found(
      'certificate_expires_soon',
      `The certificate of ${host} is trusted, but expires at ${timeInWords(validTo)} and wasn’t renewed in time.`,
      RENEW,
      details,
    );
  }
  return fine(
    'public_certificate',
    `Trusted, issued for ${host}, valid until ${timeInWords(validTo)}.`,
    details,
  );
}

function judgeFailure(host: string, cause: string, names: readonly string[]): Finding {
  const details = { host, cause, names };
  const [code, message, remedy] = describeFailure(host, cause, names);
  return found(code, message, remedy, details);
}

function describeFailure(
  host: string,
  cause: string,
  names: readonly string[],
): [FindingCode, string, string] {
  switch (cause) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [
        'certificate_wrong_host',
        `The certificate is for ${names.length === 0 ? 'another host' : names.join(', ')}, not for ${host}; Linq refuses to deliver.`,
        `Use a certificate issued for ${host} (Caddy: the site’s address in the Caddyfile, nginx: server_name and \`certbot --nginx -d ${host}\`), or correct PUBLIC_URL.`,
      ];
    case 'CERT_HAS_EXPIRED':
      return [
        'certificate_expired',
        `The certificate of ${host} has expired; Linq refuses to deliver.`,
        RENEW,
      ];
    case 'CERT_NOT_YET_VALID':
      return [
        'certificate_not_yet_valid',
        `The certificate of ${host} isn’t valid yet: it is too new, or this machine’s clock is behind.`,
        'Synchronise the machine’s clock (`timedatectl set-ntp true`), then run doctor again.',
      ];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return [
        'certificate_self_signed',
        `The certificate of ${host} is self-signed; Linq refuses to deliver.`,
        OBTAIN,
      ];
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return [
        'certificate_unknown_authority',
        `The certificate of ${host} is from an unknown authority, or the proxy doesn’t send the intermediate certificates (${cause}).`,
        `Have the proxy send the whole chain (nginx: ssl_certificate with fullchain.pem). ${OBTAIN}`,
      ];
    default:
      return [
        'tls_failed',
        `No TLS connection to ${host} (${cause}): the server there doesn’t speak TLS, or only outdated versions.`,
        `Enable TLS 1.2 or newer on this port of the proxy: \`curl -sv https://${host}/\` shows what goes wrong.`,
      ];
  }
}
