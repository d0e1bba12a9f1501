import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createLinqClient, type LinqClient, type LinqClientOptions } from '../../../src/linq/client.ts';

/** What arrived, as it was on the wire; header names in lower case. */
export interface RawRequest {
  readonly line: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export type Respond = (socket: Socket, request: RawRequest, count: number) => void;

/** A server that answers with bytes, so that it can also answer wrongly; it knows every request that reached it. */
export async function startRawServer(respond: Respond) {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      const request = parse(chunk.toString('latin1'));
      requests.push(request);
      respond(socket, request, requests.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    requests,
    origin: `http://127.0.0.1:${address.port}`,
    port: address.port,
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parse(text: string): RawRequest {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = new Map(lines.map((header) => split(header)));
  return { line, headers, body };
}

function split(header: string): [string, string] {
  const colon = header.indexOf(':');
  return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
}

/** A whole answer. */
export const http = (status: number, body = '', ...headers: string[]) =>
  [`HTTP/1.1 ${status} x`, `content-length: ${Buffer.byteLength(body)}`, ...headers, '', body].join('\r\n');

export function createTestClient(baseUrl: string, options: Partial<LinqClientOptions> = {}): LinqClient {
  return createLinqClient({
    baseUrl,
    apiKey: 'key-for-tests',
    connections: 4,
    clock: { wallNow: () => Date.now(), monotonic: () => performance.now() },
    onDate: () => {},
    ...options,
  });
}
