import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Upstream {
  /** `127.0.0.1:…` */
  readonly address: string;
  readonly requests: readonly Seen[];
  /** How many connections were ever made to it. */
  readonly connections: () => number;
  /** What it does from now on. `cut`: closes the connection in place of an answer, but for checks. */
  be(condition: Condition): void;
  /** Nobody listens any more. */
  stop(): Promise<void>;
}

export type Condition = 'ready' | 'not ready' | 'cut';

/** Stands in the service's place and keeps what a proxy sends on. */
export async function startUpstream(): Promise<Upstream> {
  const requests: Seen[] = [];
  let connections = 0;
  let condition: Condition = 'ready';
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece);
    } catch {
      return; // who sent it is gone, or we are
    }
    const { method = '', url = '', headers } = request;
    const isCheck = url === '/readyz';
    if (!isCheck) requests.push({ method, path: url, headers, body: Buffer.concat(pieces) });
    if (condition === 'cut' && !isCheck) return void request.socket.destroy();
    response.writeHead(condition === 'not ready' ? 503 : 204).end();
  });
  server.keepAliveTimeout = 75_000;
  server.on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    be(next) {
      condition = next;
    },
    stop,
  };
}
