import { describe, expect, it } from 'vitest';
import { load, warningsOf } from './loading.ts';

describe('a variable that nothing reads', () => {
  const certificates = { NODE_EXTRA_CA_CERTS: '/etc/ssl/own.pem' };

  it('from the settings file is told of, since Node.js reads it only from the environment', () => {
    expect(
      warningsOf({}, { envFile: { ...certificates, NODE_OPTIONS: '--use-openssl-ca', PORT: '1' } }),
    ).toEqual([
      expect.stringMatching(/^NODE_EXTRA_CA_CERTS has no effect in the settings file: .*environment only$/),
      expect.stringMatching(/^NODE_OPTIONS has no effect/),
    ]);
  });

  it('in the environment has its effect, whatever the file says', () => {
    expect(warningsOf(certificates)).toEqual([]);
    expect(warningsOf(certificates, { envFile: certificates })).toEqual([]);
  });

  it('names the proxy of everything: HTTPS_PROXY is what counts', () => {
    expect(warningsOf({ ALL_PROXY: 'http://u:s3cret@proxy:3128' })).toEqual([
      'ALL_PROXY is not read: set HTTPS_PROXY too',
    ]);
    expect(warningsOf({ all_proxy: 'http://a:1', https_proxy: 'http://a:1' })).toEqual([]);
    expect(load({ ALL_PROXY: 'nonsense' }).proxies.https).toBeNull();
  });
});
