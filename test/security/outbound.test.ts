import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import type { LinqAnswer } from '../../src/decide/outcome.ts';
import { createLinqClient } from '../../src/linq/client.ts';
import { reportReached } from '../helpers/suite.ts';

/** The promise for every call, and what a busy machine may add. */
const DEADLINE_MS = 15_000;
const LEEWAY_MS = 1_500;
/** What fits into the buffers of both ends of a connection, beyond the 64 KiB that are read. */
const MOST_TAKEN_BYTES = 16 * 1024 * 1024;

const head = (status: number, ...headers: readonly string[]) =>
  [`HTTP/1.1 ${status} x`, ...headers, '', ''].join('\r\n');

/** A server that takes a request's head and answers with whatever bytes it likes. */
async function startHostile(respond: (socket: Socket) => void) {
  const heads: string[] = [];
  let taken = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('close', () => {
      taken += socket.bytesWritten - socket.writableLength;
    });
    socket.once('data', (chunk) => {
      heads.push(chunk.toString('latin1'));
      respond(socket);
    });
    onTestFinished(() => void socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { origin: `http://127.0.0.1:${port}`, heads, taken: () => taken };
}

/** Writes without end, as fast as the other side takes it. */
function pour(socket: Socket, text: string): void {
  const block = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
  const more = () => {
    while (socket.writable && socket.write(block));
  };
  socket.on('drain', more);
  more();
}

/** Writes a little, again and again. */
function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.writable && socket.write(text), 200);
  socket.on('close', () => clearInterval(timer));
}

const answered = (httpStatus: number) => ({ kind: 'answered', httpStatus });
const unanswered = (cause: string) => ({ kind: 'unanswered', mayHaveArrived: true, cause });

interface Attack {
  readonly name: string;
  /** @param elsewhere another origin, where nobody may be sent */
  readonly respond: (socket: Socket, elsewhere: string) => void;
  readonly expected: object;
}

const ATTACKS: readonly Attack[] = [
  ...[301, 302, 303, 307, 308].map((status) => ({
    name: `a redirect with ${status}`,
    respond: (socket: Socket, elsewhere: string) =>
      socket.end(head(status, `location: ${elsewhere}/latest/meta-data/`, 'content-length: 0')),
    expected: answered(status),
  })),
  {
    name: 'a redirect to the metadata address',
    respond: (socket) =>
      socket.end(head(307, 'location: http://169.254.169.254/latest/meta-data/', 'content-length: 0')),
    expected: answered(307),
  },
  {
    name: 'addresses in other headers',
    respond: (socket, elsewhere) =>
      socket.end(
        head(
          503,
          `refresh: 0; url=${elsewhere}`,
          `alt-svc: h2="${elsewhere.slice('http://'.length)}"`,
          `link: <${elsewhere}>; rel=preconnect`,
          `content-location: ${elsewhere}`,
          'content-length: 0',
        ),
      ),
    expected: answered(503),
  },
  {
    name: 'a body without end',
    respond(socket) {
      socket.write(head(500, 'transfer-encoding: chunked'));
      pour(socket, `1000\r\n${'x'.repeat(4096)}\r\n`);
    },
    expected: { ...answered(500), isJson: false },
  },
  {
    name: 'a body of 1 GiB, as it says',
    respond(socket) {
      socket.write(head(400, 'content-length: 1073741824'));
      pour(socket, 'x');
    },
    expected: { ...answered(400), isJson: false },
  },
  {
    name: 'a body of 1 GiB behind a success',
    respond(socket) {
      socket.write(head(200, 'content-length: 1073741824'));
      pour(socket, 'x');
    },
    expected: answered(200),
  },
  {
    name: 'a compressed body that is none',
    respond(socket) {
      socket.write(head(500, 'content-encoding: gzip', 'transfer-encoding: chunked'));
      pour(socket, `1000\r\n${'\0'.repeat(4096)}\r\n`);
    },
    expected: { ...answered(500), isJson: false },
  },
  {
    name: 'a compressed body that unpacks to 48 MiB',
    respond(socket) {
      const bomb = gzipSync(Buffer.alloc(48 * 1024 * 1024, ' '));
      socket.write(head(404, 'content-encoding: gzip', `content-length: ${bomb.length}`));
      socket.write(bomb);
    },
    expected: { ...answered(404), isJson: false },
  },
  {
    name: 'a body that drips',
    respond(socket) {
      socket.write(head(500, 'content-length: 100000'));
      drip(socket, 'x');
    },
    expected: { ...answered(500), isJson: false },
  },
  { name: 'silence', respond: () => {}, expected: unanswered('timeout') },
  {
    name: 'headers that drip',
    respond(socket) {
      socket.write('HTTP/1.1 200 OK\r\n');
      drip(socket, 'x-more: y\r\n');
    },
    expected: unanswered('timeout'),
  },
  {
    name: 'early hints without end',
    respond: (socket) => drip(socket, head(103, 'link: </x>; rel=preload')),
    expected: unanswered('timeout'),
  },
  {
    name: 'headers without end',
    respond(socket) {
      socket.write('HTTP/1.1 200 OK\r\n');
      pour(socket, 'x-more: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n');
    },
    expected: unanswered('protocol'),
  },
  {
    name: 'one header without end',
    respond(socket) {
      socket.write('HTTP/1.1 200 OK\r\nx-more: ');
      pour(socket, 'y');
    },
    expected: unanswered('protocol'),
  },
  {
    name: 'no HTTP',
    respond: (socket) => pour(socket, 'SSH-2.0-OpenSSH_9\r\n'),
    expected: unanswered('protocol'),
  },
  {
    name: 'an upgrade that nobody asked for',
    respond: (socket) => socket.write(head(101, 'upgrade: websocket', 'connection: upgrade')),
    expected: { kind: 'unanswered' },
  },
];

it('whatever answers a call: one request, to one address, 64 KiB, 15 seconds, and an outcome', async () => {
  const clock = createSystemClock();
  const elsewhere = await startHostile((socket) => socket.end(head(204)));

  async function attack({ name, respond }: Attack) {
    const linq = await startHostile((socket) => respond(socket, elsewhere.origin));
    const client = createLinqClient({
      baseUrl: linq.origin,
      apiKey: 'key',
      connections: 2,
      clock,
      onDate: () => {},
    });
    const began = performance.now();
    const answer: LinqAnswer = await client.shareContactCard('chat-1');
    const tookMs = performance.now() - began;
    await client.close();
    return {
      name,
      answer,
      tookMs,
      requests: linq.heads.length,
      isInTime: tookMs < DEADLINE_MS + LEEWAY_MS,
      taken: linq.taken,
    };
  }

  const results = await Promise.all(ATTACKS.map(attack));
  await new Promise((resolve) => setImmediate(resolve));
  reportReached('outbound', { cases: results.length, violations: elsewhere.heads.length });
  const seen = results.map(({ name, answer, requests, isInTime }) => ({ name, answer, requests, isInTime }));
  expect(seen).toEqual(
    ATTACKS.map(({ name, expected }) => ({
      name,
      answer: expect.objectContaining(expected),
      requests: 1,
      isInTime: true,
    })),
  );
  for (const { name, taken } of results)
    expect(`${name}: ${taken() < MOST_TAKEN_BYTES}`).toBe(`${name}: true`);
  expect(elsewhere.heads).toEqual([]);
});
