import { describe, expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { ask, readChat, TOKEN } from '../helpers/status.ts';
import { compare, type Refused } from './compare.ts';

const CHAT = '11111111-2222-4333-8444-555555555555';

const BAD_PARAMETERS: readonly Refused[] = [
  ...['0', '201', '-1', 'ten', '1.5', ''].map((limit) => ({
    path: `/status/chats?limit=${limit}`,
    status: 400,
    code: 'BAD_PARAMETER',
    says: /"limit" must be a whole number from 1 to 200/,
  })),
  {
    path: '/status/chats?state=asleep',
    status: 400,
    code: 'BAD_PARAMETER',
    says: /"state" must be one of retired/,
  },
  { path: '/status/chats?reason=none', status: 400, code: 'BAD_PARAMETER', says: /"reason" must be one of/ },
  {
    path: '/status/chats?cursor=%00',
    status: 400,
    code: 'BAD_PARAMETER',
    says: /"cursor" must be the nextCursor/,
  },
  {
    path: '/status/chats?line=bakery',
    status: 400,
    code: 'BAD_PARAMETER',
    says: /"line" must be a full number/,
  },
  {
    path: '/status/chats?stat=held',
    status: 400,
    code: 'BAD_PARAMETER',
    says: /Unknown parameter "stat"; allowed/,
  },
  {
    path: '/status/chats?state=held&state=due',
    status: 400,
    code: 'BAD_PARAMETER',
    says: /"state"/,
  },
  ...(['GET', 'PUT', 'DELETE', 'POST'] as const).map((method) => ({
    path: `/status/chats/nobody${{ GET: '', PUT: '/hold', DELETE: '/hold', POST: '/share' }[method]}`,
    asking: { method },
    status: 404,
    code: 'CHAT_NOT_FOUND',
    says: /"nobody".*GET \/status\/chats lists/,
  })),
  {
    path: `/status/chats/${'x'.repeat(500)}`,
    status: 404,
    code: 'CHAT_NOT_FOUND',
    says: /^.{1,300}$/,
  },
  { path: `/status/chats/${'x'.repeat(3000)}`, status: 414, says: /max param length/ },
  { path: '/status/chats/%ZZ', status: 400, says: /./ },
  ...[
    '/status/chats/a%E2%80%A8b',
    '/chats/a%E2%80%AEb',
    '/status/chats/a%20b',
    '/status/chats/%E2%80%8Ba',
  ].map((path) => ({
    path,
    status: 400,
    code: 'BAD_PARAMETER',
    says: /has a space in it, or a character that/,
  })),
  {
    path: '/status/lines/%2B1202555%E2%80%AE0100/hold',
    asking: { method: 'DELETE' },
    status: 400,
    code: 'BAD_PARAMETER',
    says: /no chat and no line has/,
  },
  {
    path: '/status/lines/%2B12025559999/hold',
    asking: { method: 'DELETE' },
    status: 404,
    code: 'LINE_NOT_FOUND',
    says: /GET \/status lists/,
  },
  {
    path: `/status/chats/${CHAT}/share`,
    asking: { method: 'POST' },
    status: 409,
    code: 'NOT_SHAREABLE',
    says: /can't be shared now/,
  },
  ...['/nothing', '/status/nothing', '/webhooks/linq', '/wp-admin'].map((path) => ({
    path,
    status: 404,
    code: 'NOT_FOUND',
    says: /POST \/webhooks\/linq/,
  })),
  { path: '/status', asking: { method: 'POST' }, status: 404, code: 'NOT_FOUND', says: /GET \/status/ },
];

describe('the routes for people and machines', () => {
  it('tell of a wrong path or parameter what is allowed, and change nothing', async () => {
    const { reactor, directory } = await startRig();
    await deliver(reactor.url, message2026({ chatId: CHAT, isOutbound: false }));
    const before = dumpRows(directory);

    await compare(reactor.url, BAD_PARAMETERS, TOKEN);

    const refused = await ask(reactor.url, `/status/chats/${CHAT}/share`, { method: 'POST', headers: TOKEN });
    expect(refused.body).toMatchObject({ state: 'held', reason: 'no_outbound' });
    expect(dumpRows(directory)).toEqual(before);
  });

  it('find a chat whatever its id, in any length that a delivery may tell', async () => {
    const { reactor } = await startRig();
    for (const chatId of ['x'.repeat(128), '\u{1f4c7}'.repeat(128), 'a/b?c#d%', '...', 'status']) {
      await deliver(reactor.url, message2026({ chatId, isOutbound: false }));
      expect(await readChat(reactor.url, encodeURIComponent(chatId))).toMatchObject({ chatId });
    }
  });
});
