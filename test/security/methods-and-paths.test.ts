import { expect, it } from 'vitest';
import { ASSETS } from '../../src/status/page/layout.ts';
import { dumpRows } from '../helpers/database.ts';
import { message2026, sign } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { speak } from './raw-socket.ts';

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'PURGE',
] as const;

/** By path: the methods that are routed, and what they answer without token and signature; all others are 404. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '/webhooks/linq': { POST: 401 },
  '/webhooks/linq/': { POST: 401 },
  '/webhooks/linq?version=2026-02-03': { POST: 401 },
  '/webhooks/%6cinq': { POST: 401 },
  '//webhooks/linq': { POST: 401 },
  '/webhooks//linq': { POST: 401 },
  '///webhooks///%6cinq//?version=2026-02-03': { POST: 401 },
  '//healthz': { GET: 200, HEAD: 200 },
  '//metrics//': { GET: 401, HEAD: 401 },
  '//': { GET: 401, HEAD: 401 },
  '/status//chats': { GET: 401, HEAD: 401 },
  '//status/chats//a/share': { POST: 401 },
  '/healthz': { GET: 200, HEAD: 200 },
  '/readyz': { GET: 200, HEAD: 200 },
  '/openapi.json': { GET: 200, HEAD: 200 },
  '/metrics': { GET: 401, HEAD: 401 },
  '/badge.svg': { GET: 200, HEAD: 200 },
  '/': { GET: 401, HEAD: 401 },
  '/?done=pause': { GET: 401, HEAD: 401 },
  '/pause': { POST: 401 },
  '/resume': { POST: 401 },
  '/catch-up': { POST: 401 },
  '/lines/a/release': { POST: 401 },
  ...Object.fromEntries(Object.values(ASSETS).map(({ path }) => [path, { GET: 200, HEAD: 200 }])),
  '/chats': { GET: 401, HEAD: 401 },
  '/chats/a': { GET: 401, HEAD: 401 },
  '/chats/a/share': { POST: 401 },
  '/chats/a/hold': { POST: 401 },
  '/chats/a/release': { POST: 401 },
  '/status': { GET: 401, HEAD: 401 },
  '/status/chats': { GET: 401, HEAD: 401 },
  '/status/chats/a': { GET: 401, HEAD: 401 },
  '/status/chats/a/share': { POST: 401 },
  '/status/chats/a/hold': { PUT: 401, DELETE: 401 },
  '/status/pause': { PUT: 401, DELETE: 401 },
  '/status/lines/a/hold': { DELETE: 401 },
  ...Object.fromEntries(
    [
      '/webhooks',
      '/webhooks/',
      '/Webhooks/Linq',
      '/webhooks/linq;x=1',
      '/webhooks/linq%20',
      '/webhooks/linq%2f',
      '/webhooks%2flinq',
      '/%2fwebhooks/linq',
      '//nothing//here',
      '/webhooks/linq.json',
      '/webhooks/./linq',
      '/status/..',
      '/status/chats/a/b',
      '/healthz%00',
      '/assets',
      '/assets/style.css',
      '/assets/../package.json',
      '/assets/%2e%2e/package.json',
      '/.env',
      '/.git/config',
      '/data/reactor.db',
      '/package.json',
      '/debug',
      '/actuator',
      '/__proto__',
      '/constructor',
    ].map((path) => [path, {}]),
  ),
};

it('each method of each path is answered as it should be: what is not routed is 404', async () => {
  const { reactor, directory } = await startRig({ TRUST_PROXY: 'loopback' });
  const before = dumpRows(directory);
  const seen: Record<string, number | undefined> = {};
  const expected: Record<string, number> = {};
  for (const [path, routed] of Object.entries(ROUTES)) {
    for (const method of METHODS) {
      const lines = [
        `${method} ${path} HTTP/1.1`,
        'host: reactor',
        'connection: close',
        'content-type: application/json',
        'content-length: 2',
      ];
      const { statuses } = await speak(reactor.url, `${lines.join('\r\n')}\r\n\r\n{}`);
      seen[`${method} ${path}`] = statuses[0];
      expected[`${method} ${path}`] = routed[method] ?? 404;
    }
  }
  expect(seen).toEqual(expected);
  expect(dumpRows(directory)).toEqual(before);
});

it('a slash too many, anywhere in the path, loses no delivery', async () => {
  const { reactor } = await startRig();
  const seen: Record<string, number> = {};
  for (const path of [
    '//webhooks/linq',
    '/webhooks//linq',
    '/webhooks/linq//',
    '///webhooks///linq///?a=//',
  ]) {
    const body = JSON.stringify(message2026());
    const answer = await fetch(reactor.url + path, {
      method: 'POST',
      headers: sign(body, { at: Date.now() }),
      body,
    });
    seen[path] = answer.status;
  }
  expect(new Set(Object.values(seen))).toEqual(new Set([204]));
});
