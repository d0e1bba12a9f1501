/** Codes of node, undici and OpenSSL → the words of `LinqAnswer`. First match wins. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/^REACTOR_PROXY$/, 'proxy'],
  [/^UND_ERR_CONNECT_TIMEOUT$/, 'connect_timeout'],
  [/^ETIMEDOUT$/, 'timeout'],
  [/^ENOTFOUND$|^EAI_/, 'dns'],
  [/^ECONNREFUSED$/, 'refused'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'unreachable'],
  [/^ERR_(TLS|SSL)_|CERT|CRL|^UNABLE_TO_|^EPROTO$|^INVALID_CA$|^HOSTNAME_MISMATCH$/, 'tls'],
  [/^UND_ERR_(DESTROYED|CLOSED)$/, 'closed'],
  [/^(UND_ERR_SOCKET|ECONNRESET|ECONNABORTED|EPIPE)$/, 'reset'],
  [/^HPE_|^HTTPParserError$|^UND_ERR_(HEADERS_OVERFLOW|RES_)/, 'protocol'],
];

/** One short stable word for an error of the transport: the error's own text may name addresses. */
export function causeOf(error: Error & { code?: unknown }): string {
  // undici's parser leaves the code out of some of its errors
  const code = typeof error.code === 'string' ? error.code : error.name;
  return CAUSES.find(([pattern]) => pattern.test(code))?.[1] ?? 'other';
}
