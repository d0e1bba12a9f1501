import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What it does with a connection once it has the head of a request. */
export type Manners = 'opens' | 'hangs' | 'hangs up' | 'resets' | 'hangs up at once' | number;

/**
 * An HTTP proxy on loopback that leads every name to one port. It knows each request's head that reached it; a request
 * that isn't CONNECT is passed on as it came.
 * @param manners a number: the status it refuses with
 */
export async function startConnectProxy(port: number, manners: Manners = 'opens') {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const hold = (socket: Socket) => {
    sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };

  function lead(from: Socket, first: Buffer): void {
    const to = hold(connect(port, '127.0.0.1'));
    if (first.toString().startsWith('CONNECT ')) from.write('HTTP/1.1 200 Connection established\r\n\r\n');
    else to.write(first);
    from.pipe(to).pipe(from);
  }

  const server = createServer((socket) => {
    connections++;
    hold(socket);
    if (manners === 'hangs up at once') {
      socket.end();
      return;
    }
    socket.once('data', (chunk) => {
      heads.push(chunk.toString('latin1'));
      if (manners === 'opens') lead(socket, chunk);
      else if (manners === 'hangs up') socket.end();
      else if (manners === 'resets') socket.resetAndDestroy();
      else if (manners !== 'hangs') socket.end(`HTTP/1.1 ${manners} x\r\ncontent-length: 4\r\n\r\nno!\n`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const own = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return {
    origin: `http://127.0.0.1:${own}`,
    port: own,
    heads,
    connections: () => connections,
    /** Nobody listens there any more. */
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
