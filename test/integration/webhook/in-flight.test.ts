import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { message2026, sign } from '../../helpers/deliver.ts';
import { errorOf, NOW, startRoute } from './server.ts';

const MIB = 1024 * 1024;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A raw connection, so that a request can be left half sent. */
async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

const head = (length: string) =>
  `POST /webhooks/linq HTTP/1.1\r\nHost: reactor\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;
const ONE_MIB = `Content-Length: ${MIB}`;
const CHUNKED = 'Transfer-Encoding: chunked';

type Route = Awaited<ReturnType<typeof startRoute>>;
const fits = async (route: Route) => (await route.deliver(message2026())).status === 204;

/** Begins 64 requests that claim 1 MiB each, so that they all fit and then nothing more. */
async function fill(route: Route, length = ONE_MIB): Promise<Socket[]> {
  const half: Socket[] = [];
  let refused = 0;
  for (let n = 0; n < 64; n++) {
    const socket = await open(route.url);
    socket.once('data', (answer) => {
      if (String(answer).startsWith('HTTP/1.1 503')) refused++;
    });
    socket.write(head(length));
    half.push(socket);
  }
  await expect.poll(() => fits(route)).toBe(false);
  expect(refused).toBe(0);
  return half;
}

describe('bodies in flight', () => {
  it.each([ONE_MIB, CHUNKED])(
    'beyond 64 MiB newcomers are answered 503 and told to come again (%s)',
    async (length) => {
      const route = await startRoute();
      await fill(route, length);
      const answer = await route.deliver(message2026());
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(errorOf(answer).code).toBe('OVERLOADED');
    },
  );

  it('fit again as soon as a sender has gone away', async () => {
    const route = await startRoute();
    const [first, ...others] = await fill(route);
    first?.destroy();
    await expect.poll(() => fits(route)).toBe(true);
    for (const socket of others) socket.destroy();
    await fill(route);
  });

  it('fit again as soon as one was answered, whatever the answer', async () => {
    const route = await startRoute();
    const [first] = await fill(route);
    first?.write(Buffer.alloc(MIB, ' '));
    const [answer] = first === undefined ? [] : await once(first, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await fits(route)).toBe(true);
  });

  it('are given back when a connection dies with several requests under way', async () => {
    const asked: (() => void)[] = [];
    let isHolding = true;
    const route = await startRoute({
      record: () =>
        isHolding ? new Promise((resolve) => asked.push(() => resolve('stored'))) : Promise.resolve('stored'),
    });
    const body = JSON.stringify(message2026()).padEnd(MIB, ' ');
    const headers = Object.entries(sign(body, { at: NOW })).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `POST /webhooks/linq HTTP/1.1\r\nHost: reactor\r\n${headers.join('')}${ONE_MIB}\r\n\r\n${body}`;
    for (let n = 0; n < 8; n++) {
      const socket = await open(route.url);
      socket.write(request.repeat(3) + head(ONE_MIB));
    }
    await expect.poll(() => asked.length, { timeout: 10_000 }).toBe(24);
    for (const socket of sockets) socket.destroy();
    for (const finish of asked) finish();
    isHolding = false;
    // all of it is free: 64 more fit exactly
    await expect.poll(() => fits(route)).toBe(true);
    const again = await fill(route);
    again[0]?.destroy();
    await expect.poll(() => fits(route)).toBe(true);
  });

  it('are not counted for what is refused by its headers', async () => {
    const route = await startRoute();
    for (let n = 0; n < 70; n++) {
      const answer = await route.post(Buffer.alloc(10), { 'content-type': 'text/plain' });
      expect(answer.status).toBe(415);
    }
    expect(await fits(route)).toBe(true);
  });

  it('of a sender that went away are no trouble of ours: nothing is logged', async () => {
    const route = await startRoute();
    const socket = await open(route.url);
    socket.write(`${head(ONE_MIB)}{`);
    expect(await fits(route)).toBe(true);
    socket.destroy();
    await once(socket, 'close');
    expect(await fits(route)).toBe(true);
    expect(route.logged().map(({ msg }) => msg)).toEqual(['delivery.received', 'delivery.received']);
  });
});
