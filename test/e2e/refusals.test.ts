import { expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { deliver, message2026, OTHER_SECRET, post, SECRET, sign } from '../helpers/deliver.ts';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { startServiceRig } from '../helpers/service.ts';
import { ask, readOverview, TOKEN } from '../helpers/status.ts';

/** One of each kind against the whole service; every other one is refused by the same routes in `integration/`. */
const CHAT = '11111111-2222-4333-8444-555555555555';
const CANARY = 'canary-4711';
const BODY = JSON.stringify(message2026());
const MIB = 1024 * 1024;

async function startKnowing(chatId: string) {
  const { service, directory } = await startServiceRig();
  await deliver(service.url, message2026({ chatId, isOutbound: false }));
  return { service, url: service.url, rows: () => dumpRows(directory) };
}

it('deliveries that are forged, too large or of another type are refused and stored nowhere', async () => {
  const { service, url, rows } = await startKnowing(CHAT);
  const before = rows();
  const good = sign(BODY, { at: Date.now() });
  const large = Buffer.alloc(MIB + 1, 0x20);
  const refused = async (body: string | Buffer, headers: Record<string, string>) => {
    const answer = await post(url, body, headers);
    return [answer.status, JSON.parse(answer.body).code];
  };

  expect(await refused(BODY, sign(BODY, { at: Date.now(), secret: OTHER_SECRET }))).toEqual([
    401,
    'SIGNATURE_MISMATCH',
  ]);
  expect(await refused(BODY, { 'content-type': 'application/json' })).toEqual([401, 'SIGNATURE_MISSING']);
  expect(await refused(BODY, { ...good, 'webhook-timestamp': 'now' })).toEqual([401, 'SIGNATURE_MALFORMED']);
  expect(await refused(BODY, sign(BODY, { at: Date.now() - 360_000 }))).toEqual([401, 'SIGNATURE_STALE']);
  expect(await refused(BODY, { ...good, 'content-type': 'text/plain' })).toEqual([
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ]);
  expect(await refused(large, sign(large, { at: Date.now() }))).toEqual([413, 'BODY_TOO_LARGE']);

  expect(rows()).toEqual(before);
  const rejected = { missing: 1, malformed: 1, mismatch: 1, stale: 1, size: 1, type: 1 };
  expect((await readOverview(url)).webhooks).toMatchObject({ accepted: 1, rejected });
  expect(service.output()).not.toContain(SECRET);
});

it('an authentic delivery that cannot be read is put aside, sealed, and no fact comes of it', async () => {
  const { service, url, rows } = await startKnowing(CHAT);
  const { quarantine: none, ...before } = rows();
  expect(none).toEqual([]);
  const body = `${CANARY} {`;

  expect((await post(url, body, sign(body, { at: Date.now() }))).status).toBe(202);

  const { quarantine = [], ...after } = rows();
  expect(after).toEqual(before);
  const [row] = quarantine as readonly { cause: string; sealed: Buffer }[];
  expect(row?.cause).toMatch(/JSON/);
  expect(row?.sealed.includes(CANARY)).toBe(false);
  expect(service.output()).not.toContain(CANARY);
  expect((await readOverview(url)).problems.map(({ code }) => code)).toContain('unreadable_deliveries');
});

it('the routes for people and machines show and change nothing without the token, or by a wrong path', async () => {
  const { service, url, rows } = await startKnowing(CHAT);
  const before = rows();
  const basic = { authorization: `Basic ${Buffer.from(`anyone:${STATUS_TOKEN}`).toString('base64')}` };
  const table = [
    [401, 'NO_TOKEN', 'GET', '/status', {}],
    [401, 'NO_TOKEN', 'PUT', `/status/chats/${CHAT}/hold`, {}],
    [401, 'WRONG_TOKEN', 'GET', '/status', { authorization: `Bearer ${STATUS_TOKEN}x` }],
    [403, 'CROSS_SITE', 'PUT', '/status/pause', { ...basic, 'sec-fetch-site': 'cross-site' }],
    [400, 'BAD_PARAMETER', 'GET', '/status/chats?limit=0', TOKEN],
    [404, 'CHAT_NOT_FOUND', 'POST', '/status/chats/nobody/share', TOKEN],
    [409, 'NOT_SHAREABLE', 'POST', `/status/chats/${CHAT}/share`, TOKEN],
    [404, 'NOT_FOUND', 'GET', '/wp-admin', TOKEN],
    [404, 'NOT_FOUND', 'GET', '/webhooks/linq', TOKEN],
    [404, 'NOT_FOUND', 'POST', '/status', TOKEN],
  ] as const;
  for (const [status, code, method, path, headers] of table) {
    const answer = await ask(url, path, { method, headers });
    expect({ method, path, status: answer.status, body: answer.body }).toEqual({
      ...{ method, path, status },
      body: expect.objectContaining({ statusCode: status, code, message: expect.stringMatching(/./) }),
    });
  }
  // Node.js and the router answer these before any route of ours
  expect((await ask(url, `/status/chats/${'x'.repeat(3000)}`, { headers: TOKEN })).status).toBe(414);
  expect((await ask(url, '/status/chats/%ZZ', { headers: TOKEN })).status).toBe(400);

  expect(rows()).toEqual(before);
  expect((await ask(url, '/status', { headers: basic })).status).toBe(200);
  expect(service.output()).not.toContain(STATUS_TOKEN);
});
