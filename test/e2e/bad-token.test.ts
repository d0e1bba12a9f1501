import { describe, expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { ask, TOKEN } from '../helpers/status.ts';
import { compare, type Refused } from './compare.ts';

const CHAT = '11111111-2222-4333-8444-555555555555';

const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`,
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const WRONG = { status: 401, code: 'WRONG_TOKEN', says: /Authorization: Bearer/ } as const;

const BAD_TOKENS: readonly Refused[] = [
  ...['/status', '/status/chats', `/status/chats/${CHAT}`].map((path) => ({
    path,
    status: 401,
    code: 'NO_TOKEN',
    says: /Send the STATUS_TOKEN/,
  })),
  {
    path: `/status/chats/${CHAT}/share`,
    asking: { method: 'POST' },
    status: 401,
    code: 'NO_TOKEN',
    says: /Send/,
  },
  {
    path: `/status/chats/${CHAT}/hold`,
    asking: { method: 'PUT' },
    status: 401,
    code: 'NO_TOKEN',
    says: /Send/,
  },
  { path: '/status/pause', asking: { method: 'PUT' }, status: 401, code: 'NO_TOKEN', says: /Send/ },
  ...[
    bearer('a-status-token-for-test'),
    bearer(`${STATUS_TOKEN}x`),
    bearer(STATUS_TOKEN.toUpperCase()),
    bearer(`${STATUS_TOKEN} x`),
    { authorization: STATUS_TOKEN },
    { authorization: 'Bearer' },
    basic('wrong'),
    { authorization: `Basic ${STATUS_TOKEN}` },
    { authorization: `Digest ${STATUS_TOKEN}` },
  ].map((headers) => ({ path: '/status', asking: { headers }, ...WRONG })),
  ...[undefined, 'cross-site', 'same-site', 'none'].map((site) => ({
    path: '/status/pause',
    asking: {
      method: 'PUT' as const,
      headers: { ...basic(STATUS_TOKEN), ...(site === undefined ? {} : { 'sec-fetch-site': site }) },
    },
    status: 403,
    code: 'CROSS_SITE',
    says: /Send the token as "Authorization: Bearer/,
  })),
];

describe('the routes for people and machines', () => {
  it('show nothing and change nothing without the right token', async () => {
    const { reactor, directory } = await startRig();
    await deliver(reactor.url, message2026({ chatId: CHAT, isOutbound: false }));
    const before = dumpRows(directory);

    await compare(reactor.url, BAD_TOKENS, {});

    expect(dumpRows(directory)).toEqual(before);
    const challenge = await ask(reactor.url, '/status');
    expect(challenge.headers['www-authenticate']).toEqual([
      expect.stringMatching(/^Bearer /),
      expect.stringMatching(/^Basic /),
    ]);
    expect((await ask(reactor.url, '/status', { headers: basic(STATUS_TOKEN) })).status).toBe(200);
    expect(reactor.output()).not.toContain(STATUS_TOKEN);
  });

  it('answer 429 after twenty failed logins in a minute; the right token is still let in', async () => {
    const { reactor } = await startRig();
    const statuses: number[] = [];
    for (let n = 0; n < 21; n++) {
      statuses.push((await ask(reactor.url, '/status', { headers: bearer('wrong') })).status);
    }
    expect(statuses).toEqual([...Array(20).fill(401), 429]);
    expect((await ask(reactor.url, '/status', { headers: TOKEN })).status).toBe(200);
  });

  it('say what to set as long as there is no STATUS_TOKEN', async () => {
    const { reactor } = await startRig({ STATUS_TOKEN: '' });
    const { status, body } = await ask(reactor.url, '/status', { headers: TOKEN });
    expect({ status, body }).toMatchObject({
      status: 403,
      body: { code: 'NO_STATUS_TOKEN', message: expect.stringContaining('Set STATUS_TOKEN') },
    });
    expect((await ask(reactor.url, '/healthz')).status).toBe(200);
  });
});
