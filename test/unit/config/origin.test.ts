import { describe, expect, it } from 'vitest';
import { ALL_SETTINGS } from '../../../src/config/settings.ts';
import type { Variables } from '../../../src/config/sources.ts';
import { OTHER_SECRET } from '../../helpers/deliver.ts';
import { load, loadBare, mistakesIn, NEEDED } from './loading.ts';

const DIFFER = /LINQ_API_KEY and LINQ_API_V3_API_KEY differ: set only one of them/;
const { LINQ_WEBHOOK_SECRET } = NEEDED;

describe('an alias', () => {
  it('stands for the name itself', () => {
    expect(loadBare({ LINQ_WEBHOOK_SECRET, LINQ_API_V3_API_KEY: 'abc' }).config.linq.apiKey).toBe('abc');
    const LINQ_API_V3_BASE_URL = 'https://example.com';
    expect(load({ LINQ_API_V3_BASE_URL }).linq.baseUrl).toBe(LINQ_API_V3_BASE_URL);
  });

  it('may say the same as the name', () => {
    expect(load({ LINQ_API_KEY: 'abc', LINQ_API_V3_API_KEY: ' abc ' }).linq.apiKey).toBe('abc');
  });

  it('that differs from the name is a mistake', () => {
    const [mistake, ...others] = mistakesIn({ LINQ_API_KEY: 'abc', LINQ_API_V3_API_KEY: 'def' });
    expect(others).toEqual([]);
    expect(mistake).toMatch(DIFFER);
    expect(
      mistakesIn({
        LINQ_API_BASE_URL: 'https://a.example',
        LINQ_API_V3_BASE_URL: 'https://b.example',
      })[0],
    ).toContain('LINQ_API_BASE_URL and LINQ_API_V3_BASE_URL differ');
  });

  it('is compared across environment, .env and files', () => {
    const alias = { LINQ_API_V3_API_KEY: 'def' };
    expect(mistakesIn({ LINQ_API_KEY: 'abc' }, { envFile: alias })[0]).toMatch(DIFFER);
    expect(
      mistakesIn({ LINQ_API_KEY: 'abc', LINQ_API_V3_API_KEY_FILE: '/key' }, { files: { '/key': 'def' } })[0],
    ).toMatch(DIFFER);
  });

  it('that is empty is unset', () => {
    expect(load({ LINQ_API_KEY: 'abc', LINQ_API_V3_API_KEY: '' }).linq.apiKey).toBe('abc');
  });
});

describe('a secret from a file', () => {
  const fromFile = { LINQ_WEBHOOK_SECRET, LINQ_API_KEY_FILE: '/run/key' };

  it('is possible for every secret, under every name', () => {
    const names = ALL_SETTINGS.filter(({ isSecret }) => isSecret).flatMap(({ name, aliases }) => [
      name,
      ...aliases,
    ]);
    expect(names).toEqual([
      'LINQ_API_KEY',
      'LINQ_API_V3_API_KEY',
      'LINQ_WEBHOOK_SECRET',
      'HTTPS_PROXY',
      'https_proxy',
      'HTTP_PROXY',
      'http_proxy',
      'DATABASE_URL',
      'STATUS_TOKEN',
      'METRICS_TOKEN',
      'ALERT_WEBHOOK_URL',
    ]);
    const files = { '/key': 'abc', '/secret': OTHER_SECRET, '/token': '0123456789abcdef' };
    const { linq, webhook, statusToken } = loadBare(
      { LINQ_API_V3_API_KEY_FILE: '/key', LINQ_WEBHOOK_SECRET_FILE: '/secret', STATUS_TOKEN_FILE: '/token' },
      { files },
    ).config;
    expect([linq.apiKey, webhook.secrets, statusToken]).toEqual(['abc', [OTHER_SECRET], '0123456789abcdef']);
  });

  it('is trimmed, a byte order mark included', () => {
    const files = { '/run/key': '\uFEFFabc \r\n' };
    expect(loadBare(fromFile, { files }).config.linq.apiKey).toBe('abc');
  });

  it('may be named in the .env file', () => {
    const envFile = { LINQ_API_KEY_FILE: '/run/key' };
    expect(
      loadBare({ LINQ_WEBHOOK_SECRET }, { envFile, files: { '/run/key': 'abc' } }).config.linq.apiKey,
    ).toBe('abc');
  });

  it('beside the value itself is a mistake, even if they agree', () => {
    const files = { '/run/key': 'abc' };
    expect(mistakesIn({ LINQ_API_KEY: 'abc', LINQ_API_KEY_FILE: '/run/key' }, { files })).toEqual([
      expect.stringContaining('(LINQ_API_KEY and LINQ_API_KEY_FILE are both set: keep one)'),
    ]);
  });

  it.each(['ENOENT', 'EACCES', 'EISDIR'])('that can’t be read is a mistake, with %s', (errno) => {
    expect(
      mistakesIn({ ...fromFile, LINQ_API_KEY: undefined }, { files: { '/run/key': { errno } } }),
    ).toEqual([expect.stringContaining(`(the file of LINQ_API_KEY_FILE can’t be read (${errno}))`)]);
  });

  it.each(['', ' \n'])('that is empty (%j) is a mistake', (content) => {
    expect(mistakesIn({ ...fromFile, LINQ_API_KEY: undefined }, { files: { '/run/key': content } })).toEqual([
      expect.stringContaining('(the file of LINQ_API_KEY_FILE is empty)'),
    ]);
  });

  it('is not possible for what is no secret', () => {
    expect(load({ PORT_FILE: '/port' }, { files: { '/port': '1' } }).server.port).toBe(8080);
  });
});

describe('a variable that other programs read, too', () => {
  const httpsOf = (env: Variables, envFile: Variables = {}) => load(env, { envFile }).proxies.https?.origin;
  const [A, B] = ['http://a:1', 'http://b:2'];

  it('may differ from its other spelling: the lower case wins, as in curl', () => {
    expect(httpsOf({ HTTPS_PROXY: A, https_proxy: B })).toBe(B);
    expect(httpsOf({}, { HTTPS_PROXY: A, https_proxy: B })).toBe(B);
    expect(httpsOf({ HTTPS_PROXY: A, https_proxy: '' })).toBe(A);
  });

  it('is taken from the environment first, however it is spelt there', () => {
    expect(httpsOf({ HTTPS_PROXY: A }, { https_proxy: B })).toBe(A);
    expect(httpsOf({}, { HTTPS_PROXY: A })).toBe(A);
  });
});
