import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
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
/** So many of 1 MiB one address may have under way: three times what is then still free of 64 MiB. */
const MOST = 47;
/** What is left of a body of 1 MiB that began. */
const REST = Buffer.alloc(8 * 1024, ' ');
const NEARLY_ALL = Buffer.alloc(MIB - REST.length, ' ');
const START: Readonly<Record<string, Buffer>> = {
  [ONE_MIB]: NEARLY_ALL,
  [CHUNKED]: Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), NEARLY_ALL]),
};

type Route = Awaited<ReturnType<typeof startRoute>>;
const LARGEST = JSON.stringify(message2026()).padEnd(MIB, ' ');
/** Whether there is room for one more delivery of the largest size. */
const fits = async (route: Route) => (await route.deliver(LARGEST)).status === 204;

/** Begins so many requests of 1 MiB, and waits until nearly all of each has arrived. */
async function begin(route: Route, count: number, length = ONE_MIB): Promise<Socket[]> {
  const start = Buffer.concat([Buffer.from(head(length)), START[length] ?? Buffer.alloc(0)]);
  const before = route.bytesRead();
  const begun: Socket[] = [];
  let refused = 0;
  for (let n = 0; n < count; n++) {
    const socket = await open(route.url);
    socket.once('data', (answer) => {
      if (String(answer).startsWith('HTTP/1.1 503')) refused++;
    });
    socket.write(start);
    begun.push(socket);
  }
  await expect.poll(() => route.bytesRead() - before).toBe(count * start.length);
  expect(refused).toBe(0);
  return begun;
}

/** As many requests of 1 MiB as one address may have, so that they all fit and then no more. */
async function fill(route: Route, length = ONE_MIB): Promise<Socket[]> {
  const begun = await begin(route, MOST, length);
  expect(await fits(route)).toBe(false);
  return begun;
}

describe('bodies in flight', () => {
  it.each([ONE_MIB, CHUNKED])(
    "beyond an address's part of 64 MiB large newcomers are answered 503 and told to come again (%s)",
    async (length) => {
      const route = await startRoute();
      await fill(route, length);
      const answer = await route.deliver(LARGEST);
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
    first?.write(REST);
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
    const headers = Object.entries(sign(LARGEST, { at: NOW })).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const request = `POST /webhooks/linq HTTP/1.1\r\nHost: reactor\r\n${headers.join('')}${ONE_MIB}\r\n\r\n${LARGEST}`;
    for (let n = 0; n < 8; n++) {
      const socket = await open(route.url);
      socket.write(request.repeat(3) + head(ONE_MIB));
    }
    await expect.poll(() => asked.length).toBe(24);
    for (const socket of sockets) socket.destroy();
    for (const finish of asked) finish();
    isHolding = false;
    // all of it is free: as many as before fit exactly
    await expect.poll(() => fits(route)).toBe(true);
    const again = await fill(route);
    again[0]?.destroy();
    await expect.poll(() => fits(route)).toBe(true);
  });

  it('are what arrived, not what headers promise: idle senders keep nobody out', async () => {
    const route = await startRoute();
    for (let n = 0; n < 100; n++) (await open(route.url)).write(head(ONE_MIB));
    await expect.poll(() => route.bytesRead()).toBe(100 * head(ONE_MIB).length);
    expect((await route.deliver(message2026())).status).toBe(204);
  });

  it('of one address leave room for those of any other, and for its own small ones', async () => {
    const route = await startRoute();
    await fill(route);
    const from = (address: string) => ({
      ...sign(LARGEST, { at: NOW }),
      'x-forwarded-for': address,
    });
    expect((await route.post(LARGEST, from('198.51.100.1'))).status).toBe(204);
    expect((await route.post(LARGEST, from('2001:db8::1'))).status).toBe(204);
    expect((await route.deliver(message2026())).status).toBe(204);
  });

  it('count as what is kept of them, however tiny their pieces: these are joined', async () => {
    const route = await startRoute();
    const tiny = head(CHUNKED) + '1\r\n \r\n'.repeat(64 * 1024 - 1);
    (await open(route.url)).write(tiny);
    await expect.poll(() => route.bytesRead()).toBe(tiny.length);
    await begin(route, MOST - 1);
    expect((await route.deliver(message2026())).status).toBe(204);
  });

  it('arrive as they were sent, in whatever pieces', async () => {
    const route = await startRoute();
    const sizes = [1, 2, 1_000, 1_023, 1_025, 5_000, 70_000, 300_000];
    for (const first of sizes) {
      const body = Buffer.from(JSON.stringify(message2026()).padEnd(500_000, ' '));
      const pieces = (function* () {
        yield body.subarray(0, first);
        yield body.subarray(first, first + 1);
        for (let at = first + 1; at < body.length; at += 9_999) yield body.subarray(at, at + 9_999);
      })();
      const answer = await route.post(Readable.from(pieces), sign(body, { at: NOW }));
      expect(answer.status, `the first of ${first} bytes`).toBe(204);
    }
  });

  it('of one that is answered 503 are not waited for: the connection goes on', async () => {
    const route = await startRoute();
    const [first] = await fill(route);
    const socket = await open(route.url);
    socket.write(Buffer.concat([Buffer.from(head(ONE_MIB)), NEARLY_ALL]));
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 503 /);
    first?.destroy();
    await expect.poll(() => fits(route)).toBe(true);
    socket.write(REST);
    socket.write(`${head('Content-Length: 1')} `);
    const [next] = await once(socket, 'data');
    expect(String(next)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('are not counted for what is refused by its headers', async () => {
    const route = await startRoute();
    for (let n = 0; n < 70; n++) {
      const answer = await route.post(Buffer.alloc(10), { 'content-type': 'text/plain' });
      expect(answer.status).toBe(415);
    }
    expect(await fits(route)).toBe(true);
  });

  it('that are refused by their headers are discarded, so that no reset overtakes the answer', async () => {
    const route = await startRoute();
    const socket = await open(route.url);
    const large = Buffer.alloc(2 * MIB, ' ');
    socket.write(head(`Content-Length: ${large.length}`));
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /);
    socket.write(large);
    socket.write(`${head('Content-Length: 1')} `);
    const [next] = await once(socket, 'data');
    expect(String(next)).toMatch(/^HTTP\/1\.1 401 /);
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
