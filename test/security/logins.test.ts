import { describe, expect, it } from 'vitest';
import { dumpRows } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { type LogLine, STATUS_TOKEN } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { ask, TOKEN, until } from '../helpers/status.ts';
import { expectSlowLines } from './log-lines.ts';

const CHAT = '11111111-2222-4333-8444-555555555555';
const PAUSE = '/status/pause';
const basic = { authorization: `Basic ${Buffer.from(`anyone:${STATUS_TOKEN}`).toString('base64')}` };
const wrong = (from: string) => ({ authorization: 'Bearer a-token-that-is-wrong', 'x-forwarded-for': from });
const named = (log: readonly LogLine[], name: string) => log.filter(({ msg }) => msg === name);

describe('logins', () => {
  it('that fail end in 429 from the 21st of an address on, and the right token is let in all the same', async () => {
    const { reactor } = await startRig({ TRUST_PROXY: 'loopback' });
    const statuses: number[] = [];
    for (let n = 0; n < 25; n++) {
      statuses.push((await ask(reactor.url, '/status', { headers: wrong('192.0.2.1') })).status);
    }
    expect(statuses).toEqual([...Array(20).fill(401), ...Array(5).fill(429)]);
    const answer = await ask(reactor.url, '/status', { headers: wrong('192.0.2.1') });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask(reactor.url, '/status', { headers: wrong('192.0.2.2') })).status).toBe(401);
    const right = { ...TOKEN, 'x-forwarded-for': '192.0.2.1' };
    expect((await ask(reactor.url, '/status', { headers: right })).status).toBe(200);
  });

  it('that fail are logged with their address, at most ten lines a second, and without what was tried', async () => {
    const { reactor } = await startRig();
    for (let n = 0; n < 60; n++) await ask(reactor.url, '/status', { headers: wrong('192.0.2.1') });

    const lines = await until(
      async () => named(reactor.log(), 'login.failed'),
      (seen) => seen.length >= 10,
    );
    expect(lines[0]).toMatchObject({
      level: 'warn',
      address: '127.0.0.1',
      method: 'GET',
      route: '/status',
      reason: 'WRONG_TOKEN',
    });
    expectSlowLines(lines);
    expect(reactor.output()).not.toContain('a-token-that-is-wrong');
  });

  it('by password change nothing unless this service’s own page asks, in any method', async () => {
    const { reactor, directory } = await startRig();
    await deliver(reactor.url, message2026({ chatId: CHAT, isOutbound: false }));
    const before = dumpRows(directory);
    const changes = [
      ['PUT', PAUSE],
      ['DELETE', PAUSE],
      ['PUT', `/status/chats/${CHAT}/hold`],
      ['DELETE', `/status/chats/${CHAT}/hold`],
      ['POST', `/status/chats/${CHAT}/share`],
      ['DELETE', '/status/lines/%2B12025550100/hold'],
      ['POST', '/pause'],
      ['POST', `/chats/${CHAT}/share`],
      ['POST', `/chats/${CHAT}/hold`],
      ['POST', `/chats/${CHAT}/release`],
    ] as const;
    for (const site of [
      null,
      '',
      'none',
      'cross-site',
      'same-site',
      'Same-Origin',
      'same-origin, cross-site',
    ]) {
      for (const [method, path] of changes) {
        const headers = site === null ? basic : { ...basic, 'sec-fetch-site': site };
        const { status, body } = await ask(reactor.url, path, { method, headers });
        expect({ site, method, path, status, body }).toMatchObject({
          status: 403,
          body: { code: 'CROSS_SITE' },
        });
      }
    }
    expect(dumpRows(directory)).toEqual(before);
    const own = { ...basic, 'sec-fetch-site': 'same-origin' };
    expect((await ask(reactor.url, PAUSE, { method: 'PUT', headers: own })).body).toEqual({ paused: true });
    const line = await until(
      async () => named(reactor.log(), 'operator.request')[0],
      (found) => found !== undefined, // it may be read after the answer
    );
    expect(line).toMatchObject({ level: 'info', method: 'PUT', route: PAUSE, token: 'status' });
  });
});
