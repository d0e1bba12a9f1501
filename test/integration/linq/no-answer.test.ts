import { afterEach, describe, expect, it } from 'vitest';
import type { LinqClient, LinqClientOptions } from '../../../src/linq/client.ts';
import { createTestClient, http, type Respond, startRawServer } from './raw-server.ts';

const DEADLINE_MS = 150;

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function setUp(respond: Respond, options: Partial<LinqClientOptions> = {}) {
  const server = await startRawServer(respond);
  const client: LinqClient = createTestClient(server.origin, options);
  cleanUps.push(client.close, server.stop);
  return { server, client };
}

/** Writes a byte now and then, and stops when the other side does. */
function drip(socket: Parameters<Respond>[0]): void {
  const timer = setInterval(() => socket.write('x'), 10);
  socket.on('close', () => clearInterval(timer));
}

const unanswered = (mayHaveArrived: boolean, cause: string) => ({
  kind: 'unanswered',
  mayHaveArrived,
  cause,
});

describe('a share call without an answer', () => {
  it('may have arrived when the server hangs until the deadline', async () => {
    const { server, client } = await setUp(() => {}, { deadlineMs: DEADLINE_MS });
    const start = performance.now();
    expect(await client.shareContactCard('c1')).toEqual(unanswered(true, 'timeout'));
    expect(performance.now() - start).toBeGreaterThanOrEqual(DEADLINE_MS - 1);
    expect(server.requests).toHaveLength(1);
  });

  it('may have arrived when its headers drip beyond the deadline', async () => {
    const { client } = await setUp(
      (socket) => {
        socket.write('HTTP/1.1 204 No Content\r\nx-drip: ');
        drip(socket);
      },
      { deadlineMs: DEADLINE_MS },
    );
    expect(await client.shareContactCard('c1')).toEqual(unanswered(true, 'timeout'));
  });

  it.each([
    ['reset', (socket: Parameters<Respond>[0]) => socket.resetAndDestroy()],
    ['closed', (socket: Parameters<Respond>[0]) => socket.end()],
  ])('may have arrived when the connection is %s, and is not repeated', async (_, drop) => {
    const { server, client } = await setUp((socket) => drop(socket));
    expect(await client.shareContactCard('c1')).toEqual(unanswered(true, 'reset'));
    expect(server.requests).toHaveLength(1);
  });

  it('may have arrived when a used connection dies under it, and is not repeated', async () => {
    const { server, client } = await setUp((socket, _, count) =>
      count === 1 ? socket.write(http(204)) : socket.resetAndDestroy(),
    );
    await client.shareContactCard('c1');
    expect(await client.shareContactCard('c2')).toEqual(unanswered(true, 'reset'));
    expect(server.requests).toHaveLength(2);
  });

  it('may have arrived when the answer is not HTTP', async () => {
    const { client } = await setUp((socket) => socket.write('SSH-2.0-OpenSSH\r\n\r\n'));
    expect(await client.shareContactCard('c1')).toEqual(unanswered(true, 'protocol'));
  });

  it('never arrived when the connection is refused', async () => {
    const { server, client } = await setUp(() => {});
    await server.stop();
    expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'refused'));
    expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'refused'));
  });

  it('never arrived when TLS fails', async () => {
    const server = await startRawServer((socket) => socket.write(http(400)));
    const client = createTestClient(`https://127.0.0.1:${server.port}`);
    cleanUps.push(client.close, server.stop);
    expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'tls'));
  });

  it('never arrived when the TLS handshake takes longer than connecting may', async () => {
    const server = await startRawServer(() => {});
    const client = createTestClient(`https://127.0.0.1:${server.port}`, { connectMs: 50 });
    cleanUps.push(client.close, server.stop);
    expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'connect_timeout'));
  });

  it('never arrived when the key cannot be sent, and the answer does not tell the key', async () => {
    const { server, client } = await setUp((socket) => socket.write(http(204)), { apiKey: 'a\nb' });
    expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'other'));
    expect(server.requests).toHaveLength(0);
  });

  it('never arrives later when it waited for a connection until the deadline', async () => {
    const options = { connections: 1, deadlineMs: DEADLINE_MS };
    for (;;) {
      const { server, client } = await setUp(
        (socket, _, count) => count > 1 && socket.write(http(204)),
        options,
      );
      const both = [client.shareContactCard('c1'), client.shareContactCard('c2')] as const;
      const [first, second] = await Promise.all(both);
      expect(first).toEqual(unanswered(true, 'timeout'));
      // on a busy machine it began so much later that it got the connection in time
      if (second.kind === 'answered') continue;
      expect(second).toEqual(unanswered(false, 'timeout'));
      expect(await client.shareContactCard('c3')).toMatchObject({ httpStatus: 204 });
      expect(server.requests.map(({ line }) => line)).toEqual([
        expect.stringContaining('/c1/'),
        expect.stringContaining('/c3/'),
      ]);
      return;
    }
  });
});

describe('a refusal whose body does not arrive whole', () => {
  it('is still an answer when the body drips beyond the deadline, and the connection is dropped', async () => {
    let closed = () => {};
    const dropped = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { client } = await setUp(
      (socket) => {
        socket.on('close', closed).write('HTTP/1.1 500 x\r\ncontent-length: 60000\r\n\r\n');
        drip(socket);
      },
      { deadlineMs: DEADLINE_MS },
    );
    expect(await client.shareContactCard('c1')).toMatchObject({
      kind: 'answered',
      httpStatus: 500,
      isJson: false,
    });
    await dropped;
  });

  it('is still an answer when the connection is cut', async () => {
    const { client } = await setUp((socket) =>
      socket.write('HTTP/1.1 429 x\r\ncontent-length: 60\r\nretry-after: 9\r\n\r\n{"', () =>
        socket.destroy(),
      ),
    );
    expect(await client.shareContactCard('c1')).toMatchObject({ httpStatus: 429, retryAfterMs: 9_000 });
  });
});

describe('a success whose body does not end', () => {
  it('keeps its connection for a second at most, whatever the deadline', async () => {
    const { server, client } = await setUp(
      (socket, _, count) => {
        if (count > 1) socket.write(http(204));
        else socket.write('HTTP/1.1 200 x\r\ncontent-length: 60000\r\n\r\n', () => drip(socket));
      },
      { connections: 1, deadlineMs: 600_000 },
    );
    const begun = performance.now();
    expect(await client.shareContactCard('c1')).toMatchObject({ httpStatus: 200 });
    const tookMs = performance.now() - begun;
    expect(await client.shareContactCard('c2')).toMatchObject({ httpStatus: 204 });
    expect(tookMs).toBeLessThan(900);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(999);
    expect(server.requests).toHaveLength(2);
  });

  it('keeps its connection when the body ends before', async () => {
    const ports: (number | undefined)[] = [];
    const { client } = await setUp(
      (socket) => {
        ports.push(socket.remotePort);
        socket.write('HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\n{', () => socket.write('}'));
      },
      { connections: 1 },
    );
    await client.shareContactCard('c1');
    await client.shareContactCard('c2');
    expect(ports).toEqual([ports[0], ports[0]]);
  });
});
