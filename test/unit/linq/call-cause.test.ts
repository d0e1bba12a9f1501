import { describe, expect, it } from 'vitest';
import { causeOf } from '../../../src/linq/call.ts';

describe('causeOf', () => {
  it.each([
    ['REACTOR_PROXY', 'proxy'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
    ['ETIMEDOUT', 'timeout'],
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['ECONNREFUSED', 'refused'],
    ['ENETUNREACH', 'unreachable'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
    ['EPROTO', 'tls'],
    ['ECONNRESET', 'reset'],
    ['UND_ERR_SOCKET', 'reset'],
    ['EPIPE', 'reset'],
    ['HPE_INVALID_CONSTANT', 'protocol'],
    ['UND_ERR_HEADERS_OVERFLOW', 'protocol'],
    ['UND_ERR_DESTROYED', 'closed'],
    ['SOMETHING_NEW', 'other'],
  ])('calls %s %s', (code, cause) => {
    expect(causeOf(Object.assign(new Error('at https://secret.example'), { code }))).toBe(cause);
  });

  it('never uses the text of an error, which may name an address', () => {
    expect(causeOf(new Error('connect ECONNREFUSED 127.0.0.1'))).toBe('other');
    expect(causeOf(Object.assign(new Error('x'), { code: 7 }))).toBe('other');
  });
});
