import { expect, it } from 'vitest';
import { showSettings } from '../../../src/config/load.ts';
import { ALL_SETTINGS } from '../../../src/config/settings.ts';
import type { Variables } from '../../../src/config/sources.ts';
import { type Given, NEEDED, sourcesOf } from './loading.ts';

function shown(name: string, env: Variables, given: Given = {}) {
  const found = showSettings(sourcesOf(env, given)).find((setting) => setting.name === name);
  return [found?.value, found?.origin];
}

it('shows every setting once, in the order of .env.example', () => {
  expect(showSettings(sourcesOf({})).map(({ name }) => name)).toEqual(ALL_SETTINGS.map(({ name }) => name));
});

it('says where each value comes from', () => {
  expect(shown('PORT', {})).toEqual(['8080', 'default']);
  expect(shown('PORT', { PORT: ' 1 ' })).toEqual(['1', 'environment']);
  expect(shown('PORT', {}, { envFile: { PORT: '2' } })).toEqual(['2', '.env']);
  expect(shown('LINQ_LINES', {})).toEqual([null, 'unset']);
  expect(shown('LINQ_API_KEY', {})).toEqual([null, 'unset']);
  const files = { '/key': 'abc' };
  expect(shown('LINQ_API_KEY', { LINQ_API_KEY_FILE: '/key' }, { files })[1]).toBe('LINQ_API_KEY_FILE');
});

it('tells of a secret only that it is set', () => {
  expect(shown('LINQ_API_KEY', NEEDED)).toEqual(['set (18 characters)', 'environment']);
  expect(shown('STATUS_TOKEN', { STATUS_TOKEN: 'short' })).toEqual(['set (5 characters)', 'environment']);
});

it('masks lines', () => {
  expect(shown('LINQ_LINES', { LINQ_LINES: '+12025550100, 555' })[0]).toBe('+1•••••0100, •••••');
});

it('shows long values that are sound, and only the length of others', () => {
  const file = 'file:/var/lib/contact-card-reactor/reactor.db';
  expect(shown('DATABASE_URL', { DATABASE_URL: file })[0]).toBe(file);
  expect(shown('DATABASE_URL', { DATABASE_URL: 'postgres://u:p@host:1/db' })[0]).toBe(
    'postgres://host:1/db (with a password)',
  );
  expect(shown('DATABASE_URL', { DATABASE_URL: 'postgres://u:p@a,b/db' })[0]).toBe('21 characters');
  expect(shown('HOST', { HOST: 'reactor.internal.example.com' })[0]).toBe('reactor.internal.example.com');
  expect(shown('HOST', { HOST: '2001:db8:1234:5678::1' })[0]).toBe('2001:db8:1234:5678::1');
  expect(shown('TRUST_PROXY', { TRUST_PROXY: '10.0.0.0/8, 172.16.0.0/12' })[0]).toBe(
    '10.0.0.0/8, 172.16.0.0/12',
  );
  const url = 'https://user:password@api.example.com/base?key=1';
  expect(shown('LINQ_API_BASE_URL', { LINQ_API_BASE_URL: url })[0]).toBe('https://api.example.com/base');
});

it('names a proxy without its user and password, and nothing that may be a key', () => {
  const proxy = (text: string) => shown('HTTPS_PROXY', { https_proxy: text })[0];
  expect(proxy('http://proxy:3128')).toBe('http://proxy:3128');
  expect(proxy('http://user:password@proxy:3128')).toBe('http://proxy:3128 (with a password)');
  expect(proxy('user:password@proxy.example.com:3128')).toBe(
    'http://proxy.example.com:3128 (with a password)',
  );
  expect(proxy('0a1b2c3d4e5f6a7b')).toBe('16 characters');
  expect(proxy('http://user:pa/ss@proxy:3128')).toBe('28 characters');
  const exempt = (text: string) => shown('NO_PROXY', { NO_PROXY: text })[0];
  const usual = 'localhost,127.0.0.1,::1,.svc.cluster.local,*.internal.example.com:8443,10.0.0.0/8,fd00::/8';
  expect(exempt(usual)).toBe(usual);
  expect(exempt('localhost,0a1b2c3d4e5f6a7b8c9d')).toBe('30 characters');
});

it('marks what can’t be told, and shows the rest all the same', () => {
  expect(shown('LINQ_API_KEY', { LINQ_API_KEY_FILE: '/none' })).toEqual([null, 'mistake']);
  expect(shown('PORT', { PORT: 'x' })).toEqual(['x', 'environment']);
});
