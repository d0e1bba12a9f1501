import { describe, expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { speak } from './raw-socket.ts';

const HARDENED = [
  'x-content-type-options: nosniff',
  'cache-control: no-store',
  "content-security-policy: default-src 'none'; frame-ancestors 'none'",
  'x-frame-options: DENY',
  'referrer-policy: no-referrer',
  'cross-origin-resource-policy: same-origin',
];

const CHAT = '11111111-2222-4333-8444-555555555555';
const JSON_TYPE = 'content-type: application/json';
const TOKEN = `authorization: Bearer ${STATUS_TOKEN}`;
const head = (line: string, ...headers: readonly string[]) =>
  [line, 'host: reactor', ...headers, 'connection: close', '', ''].join('\r\n');

/** One answer of every kind, errors that the framework or Node itself answers included. */
const ANSWERS: readonly (readonly [number, string, string])[] = [
  [200, 'health', head('GET /healthz HTTP/1.1')],
  [200, 'readiness', head('GET /readyz HTTP/1.1')],
  [200, 'the status', head('GET /status HTTP/1.1', TOKEN)],
  [200, 'chats', head('GET /status/chats HTTP/1.1', TOKEN)],
  [200, 'a chat', head(`GET /status/chats/${CHAT} HTTP/1.1`, TOKEN)],
  [200, 'a change', head('PUT /status/pause HTTP/1.1', TOKEN)],
  [400, 'a bad parameter', head('GET /status/chats?limit=0 HTTP/1.1', TOKEN)],
  [400, 'a bad path', head('GET /status/chats/%zz HTTP/1.1', TOKEN)],
  [400, 'no HTTP', 'EHLO reactor\r\n\r\n'],
  [401, 'no token', head('GET /status HTTP/1.1')],
  [401, 'no signature', head('POST /webhooks/linq HTTP/1.1', 'content-type: application/json')],
  [403, 'a change from another site', head('PUT /status/pause HTTP/1.1', `authorization: ${basic()}`)],
  [404, 'no such chat', head('GET /status/chats/none HTTP/1.1', TOKEN)],
  [404, 'no such route', head('GET /.git/config HTTP/1.1')],
  [413, 'too long a body', head('POST /webhooks/linq HTTP/1.1', JSON_TYPE, 'content-length: 9999999')],
  [414, 'too long a parameter', head(`GET /status/chats/${'x'.repeat(600)} HTTP/1.1`, TOKEN)],
  [415, 'no JSON', head('POST /webhooks/linq HTTP/1.1', 'content-type: text/plain', 'content-length: 0')],
  [431, 'too long a header', head('GET /healthz HTTP/1.1', `x-long: ${'x'.repeat(20_000)}`)],
];

function basic(): string {
  return `Basic ${Buffer.from(`anyone:${STATUS_TOKEN}`).toString('base64')}`;
}

describe('every answer', () => {
  it('carries the hardening headers once, says it is JSON, and names no software', async () => {
    const { reactor } = await startRig();
    await deliver(reactor.url, message2026({ chatId: CHAT, isOutbound: false }));

    const seen: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const [status, name, bytes] of ANSWERS) {
      const { text, statuses } = await speak(reactor.url, bytes);
      const lines = (text.split('\r\n\r\n')[0] ?? '').split('\r\n').slice(1);
      const told = lines.filter((line) => HARDENED.some((one) => isSameName(one, line))).sort();
      const type = lines.find((line) => /^content-type:/i.test(line));
      const software = lines.filter((line) => /^(server|x-powered-by|via|access-control-\S+):/i.test(line));
      seen[name] = { statuses, told, type, software };
      expected[name] = {
        statuses: [status],
        told: [...HARDENED].sort(),
        type: expect.stringMatching(/^content-type: application\/json; charset=utf-8$/),
        software: [],
      };
    }
    expect(seen).toEqual(expected);
  });
});

const isSameName = (a: string, b: string) => nameOf(a) === nameOf(b);
const nameOf = (line: string) => line.slice(0, line.indexOf(':')).toLowerCase();
