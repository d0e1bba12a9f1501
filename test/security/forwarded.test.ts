import { Pool } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { message2026, OTHER_SECRET, sign } from '../helpers/deliver.ts';
import { startRig } from '../helpers/rig.ts';
import { reportReached } from '../helpers/suite.ts';

const BODY = JSON.stringify(message2026());
const BEFORE_LIMIT = 60;
const CLAIMS = [
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'cf-connecting-ip',
  'true-client-ip',
];

/** Forges deliveries, each with other headers; resolves to how often each status was answered. */
async function forge(url: string, headersOfEach: readonly Record<string, string>[]) {
  const pool = new Pool(url, { connections: 16 });
  onTestFinished(() => pool.destroy());
  const headers = sign(BODY, { at: Date.now(), secret: OTHER_SECRET });
  const statuses: Record<number, number> = {};
  const waiting = [...headersOfEach];
  const work = async () => {
    for (let more = waiting.pop(); more !== undefined; more = waiting.pop()) {
      const answer = await pool.request({
        method: 'POST',
        path: '/webhooks/linq',
        headers: { ...headers, ...more },
        body: BODY,
      });
      await answer.body.dump();
      statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  return statuses;
}

const addressOf = (n: number) => `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
const many = (count: number, headersOf: (n: number) => Record<string, string>) =>
  Array.from({ length: count }, (_, n) => headersOf(n));

describe('addresses that a sender claims', () => {
  it('are not believed by default: however many, they share one limit', async () => {
    const { reactor } = await startRig();
    const count = 10_000; // within the minute that the limit counts
    const rotated = many(count, (n) => ({
      [CLAIMS[n % 2 === 0 ? 0 : n % CLAIMS.length] ?? '']: addressOf(n),
    }));
    const statuses = await forge(reactor.url, rotated);
    reportReached('forwarded', {
      cases: count,
      violations: Math.max(0, (statuses[401] ?? 0) - BEFORE_LIMIT),
    });
    expect(statuses).toEqual({ 401: BEFORE_LIMIT, 429: count - BEFORE_LIMIT });
  });

  it('are not believed from a peer outside the trusted ranges', async () => {
    const { reactor } = await startRig({ TRUST_PROXY: '10.0.0.0/8,fd00::/8' });
    const statuses = await forge(
      reactor.url,
      many(500, (n) => ({ 'x-forwarded-for': addressOf(n) })),
    );
    expect(statuses).toEqual({ 401: BEFORE_LIMIT, 429: 500 - BEFORE_LIMIT });
  });

  it('are the same whatever the port, and no addresses at all are one together', async () => {
    const { reactor } = await startRig({ TRUST_PROXY: 'loopback' });
    const sorts: readonly ((n: number) => string)[] = [
      (n) => `203.0.113.20:${50_000 + n}`,
      (n) => `[2001:db8::20]:${50_000 + n}`,
      (n) => `fe80::20%eth${n}`,
      (n) => `_hidden${n}`.padEnd(5_000, 'x'),
    ];
    for (const sort of sorts) {
      const sent = many(100, (n) => ({ 'x-forwarded-for': sort(n) }));
      expect(await forge(reactor.url, sent)).toEqual({ 401: BEFORE_LIMIT, 429: 100 - BEFORE_LIMIT });
    }
    const logins: number[] = [];
    for (let n = 0; n < 26; n++) {
      const headers = { authorization: 'Bearer wrong', 'x-forwarded-for': `203.0.113.21:${50_000 + n}` };
      logins.push((await fetch(`${reactor.url}/status`, { headers })).status);
    }
    expect(logins.filter((status) => status === 401)).toHaveLength(20);
    const addresses = reactor.log().map(({ address }) => address);
    expect(new Set(addresses.filter((address) => address !== undefined))).toEqual(new Set(['203.0.113.21']));
  });

  it('behind a trusted proxy count from the right: the first that is not trusted is the sender', async () => {
    const { reactor } = await startRig({ TRUST_PROXY: 'loopback,10.0.0.0/8' });
    const spoofed = many(200, (n) => ({ 'x-forwarded-for': `${addressOf(n)}, 203.0.113.9` }));
    expect(await forge(reactor.url, spoofed)).toEqual({ 401: BEFORE_LIMIT, 429: 200 - BEFORE_LIMIT });
    for (const same of [
      '203.0.113.9',
      '127.0.0.1, 203.0.113.9',
      '10.1.1.1, 203.0.113.9, 10.2.2.2, 127.0.0.1',
    ]) {
      expect(await forge(reactor.url, [{ 'x-forwarded-for': same }])).toEqual({ 429: 1 });
    }
    for (const other of ['203.0.113.10', '203.0.113.9, 203.0.113.11']) {
      expect(await forge(reactor.url, [{ 'x-forwarded-for': other }])).toEqual({ 401: 1 });
    }
    const ports = many(100, (n) => ({ 'x-forwarded-for': `203.0.113.9:${50_000 + n}, 10.2.2.2:443` }));
    expect(await forge(reactor.url, ports)).toEqual({ 429: 100 });
    for (const unused of CLAIMS.slice(1)) {
      expect(
        await forge(reactor.url, [{ 'x-forwarded-for': '203.0.113.9', [unused]: '203.0.113.77' }]),
      ).toEqual({ 429: 1 });
    }
  });
});
