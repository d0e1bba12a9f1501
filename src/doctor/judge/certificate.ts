import { DAY, type EpochMs } from '../../decide/time.ts';
import { timeInWords } from '../../status/view/wording.ts';
import { type Finding, type FindingCode, fine, found } from '../finding.ts';

/** What the TLS handshake came to. */
export type SeenCertificate =
  | { readonly kind: 'trusted'; readonly validFrom: EpochMs; readonly validTo: EpochMs }
  /** `cause`: a code of Node.js or OpenSSL. `names`: those in the certificate, where it was seen. */
  | { readonly kind: 'failed'; readonly cause: string; readonly names: readonly string[] };

/** Authorities renew a certificate when a third of its life is left; below this nobody did. */
const SOON_MS = 7 * DAY;
const SOON_PART = 1 / 5;

const RENEW =
  'Caddy renews by itself (see its log: `journalctl -u caddy`), certbot with `certbot renew`; then reload the proxy.';
const OBTAIN =
  'Let the proxy use a certificate of a public authority: Caddy gets one by itself, for nginx run `certbot --nginx`. For an authority of your own, hand doctor its certificate with --ca; Linq still has to trust it.';

export function judgeCertificate(host: string, seen: SeenCertificate, now: EpochMs): Finding {
  if (seen.kind === 'failed') return judgeFailure(host, seen.cause, seen.names);
  const { validFrom, validTo } = seen;
  const details = { host, validTo: new Date(validTo).toISOString() };
  if (validTo - now < Math.min(SOON_MS, (validTo - validFrom) * SOON_PART)) {
    return found(
      'certificate_expires_soon',
      `The certificate of ${host} is trusted, but expires at ${timeInWords(validTo)} and wasn't renewed in time.`,
      RENEW,
      details,
    );
  }
  return fine('public_certificate', `Trusted, names ${host}, valid until ${timeInWords(validTo)}.`, details);
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
        `Let the proxy use a certificate that names ${host} (Caddy: the site's address in the Caddyfile, nginx: server_name and \`certbot --nginx -d ${host}\`), or correct PUBLIC_URL.`,
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
        `The certificate of ${host} isn't valid yet: it is too new, or this machine's clock is behind.`,
        "Synchronise the machine's clock (`timedatectl set-ntp true`), then run doctor again.",
      ];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return [
        'certificate_self_signed',
        `The certificate of ${host} is signed by itself, which nobody trusts; Linq refuses to deliver.`,
        OBTAIN,
      ];
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return [
        'certificate_unknown_authority',
        `The certificate of ${host} is of an authority that isn't known here, or the proxy leaves out the certificates between (${cause}).`,
        `Let the proxy send the whole chain (nginx: ssl_certificate with fullchain.pem). ${OBTAIN}`,
      ];
    default:
      return [
        'tls_failed',
        `No TLS connection to ${host} (${cause}): what listens there speaks no TLS, or none that is up to date.`,
        `See that the proxy speaks TLS on this port, at least version 1.2: \`curl -sv https://${host}/\` shows what goes wrong.`,
      ];
  }
}
