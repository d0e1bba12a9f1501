import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findToken, locateService } from '../../../src/cli/verb-settings.ts';
import type { Sources } from '../../../src/config/sources.ts';
import { ConfigError, UsageError } from '../../../src/errors.ts';

const sourcesOf = (env: Record<string, string>, files: Record<string, string> = {}): Sources => ({
  env,
  envFile: {},
  readFile: (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  },
});

const LOCAL = 'http://127.0.0.1:8080';

describe('locateService', () => {
  it.each([
    [{}, LOCAL],
    [{ HOST: '0.0.0.0', PORT: '9000' }, 'http://127.0.0.1:9000'],
    [{ HOST: '::' }, LOCAL],
    [{ HOST: '::1' }, 'http://[::1]:8080'],
    [{ HOST: 'cards.internal' }, 'http://cards.internal:8080'],
    [{ HOST: '192.0.2.7' }, 'http://192.0.2.7:8080'],
  ])('follows HOST and PORT: %o', (env, url) => {
    expect(locateService(sourcesOf(env), null)).toBe(url);
  });

  it('prefers --url, with or without a path, and then reads neither', () => {
    const sources = sourcesOf({ HOST: 'not a host', PORT: 'x' });
    expect(locateService(sources, 'https://cards.example.com/')).toBe('https://cards.example.com');
    expect(locateService(sources, 'http://127.0.0.1:1/below/')).toBe('http://127.0.0.1:1/below');
  });

  it.each(['', 'cards.example.com', 'ftp://cards.example.com', 'http://'])('refuses --url "%s"', (url) => {
    expect(() => locateService(sourcesOf({}), url)).toThrow(UsageError);
  });

  it.each([{ PORT: '0' }, { PORT: 'x' }, { HOST: 'a b' }])('refuses %o with what was expected', (env) => {
    expect(() => locateService(sourcesOf(env), null)).toThrow(ConfigError);
  });
});

describe('findToken', () => {
  const files = {
    [resolve('data/reactor.db.cli-token')]: 'from-the-data-directory\n',
    '/srv/reactor.db.cli-token': 'from-srv\n',
    '/t': 'of-the-service-file',
  };

  it('takes STATUS_TOKEN, also out of a file', () => {
    expect(findToken(sourcesOf({ STATUS_TOKEN: 'token-of-the-service' }, files), LOCAL)).toBe(
      'token-of-the-service',
    );
    expect(findToken(sourcesOf({ STATUS_TOKEN_FILE: '/t' }, files), LOCAL)).toBe('of-the-service-file');
  });

  it('else takes the token beside the database', () => {
    expect(findToken(sourcesOf({}, files), LOCAL)).toBe('from-the-data-directory');
    expect(findToken(sourcesOf({ DATABASE_URL: 'file:/srv/reactor.db' }, files), 'http://[::1]:80')).toBe(
      'from-srv',
    );
  });

  it('takes that of the named database, not of another one in its directory', () => {
    expect(findToken(sourcesOf({ DATABASE_URL: 'file:/srv/other.db' }, files), LOCAL)).toBeNull();
  });

  it('sends the token beside the database to no other machine', () => {
    expect(findToken(sourcesOf({}, files), 'https://cards.example.com')).toBeNull();
  });

  it('has none when there is no such file', () => {
    expect(findToken(sourcesOf({}), LOCAL)).toBeNull();
  });

  it('says what is wrong with the one that is set, but not what it is', () => {
    const sources = sourcesOf({ STATUS_TOKEN: 'hunter2' });
    expect(() => findToken(sources, LOCAL)).toThrow(
      /^STATUS_TOKEN: expected at least 16 .*\(it has 7 characters\)/,
    );
    expect(() => findToken(sources, LOCAL)).not.toThrow(/hunter2/);
  });
});
