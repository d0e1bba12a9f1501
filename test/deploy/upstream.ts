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
}

/** Stands in the service's place and keeps what a proxy sends on. */
export async function startUpstream(): Promise<Upstream> {
  const requests: Seen[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const { method = '', url = '', headers } = request;
    requests.push({ method, path: url, headers, body: Buffer.concat(pieces) });
    response.writeHead(204).end();
  });
  server.keepAliveTimeout = 75_000;
  server.on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, requests, connections: () => connections };
}
