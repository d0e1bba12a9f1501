import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { message2026, sign } from '../../helpers/deliver.ts';
import { errorOf, NOW, startRoute } from './server.ts';

const WRONG = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const body = JSON.stringify(message2026());
const forged = (from: string) => ({ ...sign(body, { at: NOW, secret: WRONG }), 'x-forwarded-for': from });
const authentic = (from: string) => ({ ...sign(body, { at: NOW }), 'x-forwarded-for': from });

type Route = Awaited<ReturnType<typeof startRoute>>;
const statuses = async (route: Route, times: number, headers: Record<string, string>) => {
  const seen: number[] = [];
  for (let n = 0; n < times; n++) seen.push((await route.post(body, headers)).status);
  return seen;
};
const repeat = (status: number, times: number) => Array<number>(times).fill(status);

// the limiter's minutes are the system's
beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

describe('an address that keeps failing verification', () => {
  it('gets 429 in place of 401 from the 61st failure in a minute on, and 401 again in the next', async () => {
    const route = await startRoute();
    expect(await statuses(route, 62, forged('192.0.2.1'))).toEqual([...repeat(401, 60), 429, 429]);
    const answer = await route.post(body, forged('192.0.2.1'));
    expect(answer.headers['retry-after']).toBe('60');
    expect(errorOf(answer)).toMatchObject({
      statusCode: 429,
      code: 'TOO_MANY_FAILURES',
      error: 'Too Many Requests',
    });
    expect(route.counters.rejected).toMatchObject({ mismatch: 60, limited: 3 });
    vi.setSystemTime(NOW + 60_000);
    expect(await statuses(route, 1, forged('192.0.2.1'))).toEqual([401]);
  });

  it('still gets its authentic deliveries through, and other addresses their 401', async () => {
    const route = await startRoute();
    await statuses(route, 61, forged('192.0.2.1'));
    expect(await statuses(route, 2, authentic('192.0.2.1'))).toEqual([204, 204]);
    expect(await statuses(route, 1, forged('192.0.2.2'))).toEqual([401]);
  });

  it('is the whole /64 of an IPv6 address', async () => {
    const route = await startRoute();
    await statuses(route, 60, forged('2001:db8:0:1::1'));
    expect(await statuses(route, 1, forged('2001:db8:0:1:ffff::2'))).toEqual([429]);
    expect(await statuses(route, 1, forged('2001:db8:0:2::1'))).toEqual([401]);
  });

  it('writes ten lines a second to the log, and how many it left out', async () => {
    const route = await startRoute();
    await statuses(route, 30, forged('192.0.2.1'));
    expect(route.logged()).toHaveLength(10);
    expect(route.deliveries.newest()).toHaveLength(10);
    route.time.now += 1_000;
    await statuses(route, 1, forged('192.0.2.1'));
    expect(route.logged().at(-1)).toMatchObject({ msg: 'delivery.rejected', linesLeftOut: 20 });
    expect(route.counters.rejected.mismatch).toBe(31);
  });
});

describe('WEBHOOK_RATE_LIMIT', () => {
  it('answers what exceeds it in a minute, by address, with 429 and unverified', async () => {
    const route = await startRoute({ rateLimit: 3 });
    expect(await statuses(route, 4, authentic('192.0.2.1'))).toEqual([204, 204, 204, 429]);
    const answer = await route.post(body, authentic('192.0.2.1'));
    expect(answer.headers['retry-after']).toBe('60');
    expect(errorOf(answer)).toMatchObject({ code: 'RATE_LIMITED' });
    expect(route.counters).toMatchObject({ accepted: 3, rejected: { limited: 2 } });
    expect(await statuses(route, 1, authentic('192.0.2.2'))).toEqual([204]);
    vi.setSystemTime(NOW + 60_000);
    expect(await statuses(route, 1, authentic('192.0.2.1'))).toEqual([204]);
  });

  it('counts each delivery before it sees the next one, also when they arrive together', async () => {
    const route = await startRoute({ rateLimit: 3 });
    const { hostname, port } = new URL(route.url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes;
    });
    const head = 'POST /webhooks/linq HTTP/1.1\r\nhost: reactor\r\ncontent-type: application/json\r\n';
    socket.write(`${head}content-length: 2\r\n\r\n{}`.repeat(5));
    const seen = () => [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    await expect.poll(() => seen()).toHaveLength(5);
    expect(seen()).toEqual(['401', '401', '401', '429', '429']);
  });

  it('is off at 0', async () => {
    const route = await startRoute({ rateLimit: 0 });
    expect(await statuses(route, 200, authentic('192.0.2.1'))).toEqual(repeat(204, 200));
  });
});
