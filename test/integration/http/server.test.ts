import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { Writable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { createHttpServer } from '../../../src/http/server.ts';

/** A server that listens, with a route that fails, one that says 503 itself, and one whose body is awaited. */
async function start() {
  let isDraining = false;
  const server = await createHttpServer({
    trustProxy: false,
    log: {
      level: 'info',
      format: 'json',
      stream: new Writable({ write: (_chunk, _encoding, done) => done() }),
    },
    isDraining: () => isDraining,
  });
  server.get('/fails', () => Promise.reject(new Error('unforeseen')));
  server.get('/busy', (_request, reply) => reply.code(503).send({}));
  server.get('/patient', (_request, reply) => reply.code(503).header('retry-after', 60).send({}));
  await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    close() {
      isDraining = true;
      return server.close();
    },
  };
}

it('every 503 says when to come again, whichever route or error handler made it', async () => {
  const { url } = await start();
  const waits = async (path: string) => {
    const { status, headers } = await fetch(url + path);
    return [status, headers.get('retry-after')];
  };
  expect(await waits('/fails')).toEqual([503, '5']);
  expect(await waits('/busy')).toEqual([503, '5']);
  expect(await waits('/patient')).toEqual([503, '60']);
  expect(await waits('/nothing')).toEqual([404, null]);
});

it('what still comes on an open connection while the server closes is answered by its route', async () => {
  const server = await start();
  const socket = connect(server.port, '127.0.0.1');
  let heard = '';
  socket.on('data', (bytes) => {
    heard += bytes;
  });
  socket.on('error', () => {});
  const head = (path: string) => `GET ${path} HTTP/1.1\r\nhost: reactor\r\n`;
  socket.write(`${head('/patient')}\r\n${head('/busy')}`); // half a request keeps the connection from being idle
  await expect.poll(() => heard).toContain('retry-after: 60');

  heard = '';
  const closing = server.close();
  socket.write('\r\n');
  await once(socket, 'close');
  await closing;

  expect(heard).toMatch(/^HTTP\/1\.1 503 /);
  expect(heard).toContain('retry-after: 5\r\n');
  expect(heard).toContain('x-content-type-options: nosniff');
  expect(heard).toContain('connection: close');
});

it('accepts another connection before it handles the next request, however many have arrived', async () => {
  const { port, server } = await start();
  let accepted = 0;
  server.server.on('connection', () => accepted++);
  const acceptedBefore: number[] = [];
  server.server.prependListener('request', (_request, response) => {
    response.once('finish', () => acceptedBefore.push(accepted));
  });
  const eager = connect(port, '127.0.0.1');
  await once(server.server, 'connection');
  const others = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
  eager.resume().write('GET /busy HTTP/1.1\r\nhost: reactor\r\n\r\n'.repeat(40));
  await expect.poll(() => acceptedBefore).toHaveLength(40);
  expect(acceptedBefore.slice(25)).toEqual(Array(15).fill(1 + others.length));
  for (const socket of [eager, ...others]) socket.destroy();
});

it('answers requests that wait for their turn while the server closes', async () => {
  const { port, server, close } = await start();
  const sockets = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
  let accepted = 0;
  server.server.on('connection', () => accepted++);
  await expect.poll(() => accepted).toBe(sockets.length);
  let arrived = 0;
  const closed = new Promise<void>((resolve) => {
    server.server.prependListener('request', () => {
      if (++arrived === sockets.length) resolve(close());
    });
  });
  const answers = sockets.map(async (socket) => {
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes;
    });
    await once(socket, 'close');
    return heard.slice(0, 'HTTP/1.1 503'.length);
  });
  for (const socket of sockets) socket.write('GET /busy HTTP/1.1\r\nhost: reactor\r\n\r\n');
  expect(await Promise.all(answers)).toEqual(sockets.map(() => 'HTTP/1.1 503'));
  await closed;
});
