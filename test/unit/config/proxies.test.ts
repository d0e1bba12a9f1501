import { describe, expect, it } from 'vitest';
import { exemptHosts, proxyFor } from '../../../src/config/network-kinds.ts';

const HTTPS = { origin: 'http://https-proxy:1', authorization: null };
const HTTP = { origin: 'http://http-proxy:2', authorization: null };

/** By what an address is called when NO_PROXY has this text. */
function way(address: string, noProxy = '') {
  const parsed = exemptHosts.parse(noProxy);
  const exempt = noProxy !== '' && 'value' in parsed ? parsed.value : null;
  return proxyFor(address, { https: HTTPS, http: HTTP, exempt });
}

describe('the proxy of an address', () => {
  it('is that of its scheme, and of no other', () => {
    expect(way('https://api.linqapp.com/api/partner')).toBe(HTTPS);
    expect(way('http://alerts.example.com/')).toBe(HTTP);
    expect(proxyFor('https://api.linqapp.com', { https: null, http: HTTP, exempt: null })).toBeNull();
    expect(proxyFor('http://a.example', { https: HTTPS, http: null, exempt: null })).toBeNull();
  });

  it.each([
    'http://localhost:4010',
    'http://127.0.0.1:4010',
    'http://127.9.9.9',
    'http://[::1]:4010',
    'https://localhost',
  ])('is none for %s: what is on this machine stays on it', (address) => expect(way(address)).toBeNull());

  it.each([
    ['https://api.linqapp.com', 'api.linqapp.com'],
    ['https://api.linqapp.com', 'linqapp.com'],
    ['https://api.linqapp.com', '.linqapp.com'],
    ['https://api.linqapp.com', '*.linqapp.com'],
    ['https://API.linqapp.com.', 'LINQAPP.COM.'],
    ['https://api.linqapp.com', 'x.example, linqapp.com'],
    ['https://api.linqapp.com', 'x.example api.linqapp.com'],
    ['https://api.linqapp.com', 'api.linqapp.com:443'],
    ['http://alerts.internal:9093', 'alerts.internal:9093'],
    ['https://api.linqapp.com', '*'],
    ['http://10.1.2.3:9093', '10.1.2.3'],
    ['http://10.1.2.3:9093', '10.0.0.0/8'],
    ['http://[fd00::7]:9093', 'fd00::7'],
    ['http://[fd00::7]:9093', '[fd00::7]:9093'],
    ['http://[fd00::7]:9093', 'fd00::/8'],
  ])('is none for %s with NO_PROXY=%s', (address, noProxy) => expect(way(address, noProxy)).toBeNull());

  it.each([
    ['https://api.linqapp.com', 'app.com'],
    ['https://api.linqapp.com', 'api.linqapp.com.example'],
    ['https://api.linqapp.com', 'api.linqapp.com:8443'],
    ['https://api.linqapp.com', '<local>'],
    ['https://api.linqapp.com', '.'],
    ['https://api.linqapp.com', ':443'],
    ['https://10.1.2.3', '10.1.2'],
    ['https://10.1.2.3', '2.3'],
    ['https://10.1.2.3', '10.0.0.0/99'],
    ['https://10.1.2.3', '10.0.0.0/x'],
    ['https://10.1.2.3', 'fd00::/8'],
    ['https://11.1.2.3', '10.0.0.0/8'],
  ])('stays for %s with NO_PROXY=%s', (address, noProxy) => expect(way(address, noProxy)).toBe(HTTPS));
});
