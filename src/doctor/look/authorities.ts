import * as tls from 'node:tls';

/**
 * Certificates to trust when there are some beside the usual ones. Newer Node.js tells all that it trusts, those of
 * NODE_EXTRA_CA_CERTS included; older only its own list.
 */
export function trustBeside(extraCa: string | null): readonly string[] | null {
  if (extraCa === null) return null;
  const all =
    'getCACertificates' in tls ? (tls.getCACertificates as (type: string) => string[])('default') : null;
  return [...(all ?? tls.rootCertificates), extraCa];
}
