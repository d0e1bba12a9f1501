import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { request } from 'undici';
import { onTestFinished } from 'vitest';
import { AUTHORITY, FOR_LOCALHOST, LEAF_KEY } from '../../helpers/certificates.ts';

/** What a proxy hands on. */
export interface Passed {
  path: string;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

export interface Front {
  /** As PUBLIC_URL would be, with the route's path. */
  readonly publicUrl: string;
  /** Requests that arrived, by path. */
  readonly seen: readonly string[];
}

/** An https server for `localhost` that does what it is told. */
export async function startFront(
  answer: RequestListener,
  certificate = FOR_LOCALHOST,
  key = LEAF_KEY,
): Promise<Front> {
  const seen: string[] = [];
  const server = createTlsServer({ key, cert: certificate }, (incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    answer(incoming, response);
  });
  return { publicUrl: `https://localhost:${await listen(server)}/webhooks/linq`, seen };
}

/** A proxy with TLS in front of a service, which changes what it passes on. */
export function startProxy(target: () => string, change: (passed: Passed) => Passed | null): Promise<Front> {
  return startFront(async (incoming, response) => {
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = incoming.headers;
    const passed = change({ path: incoming.url ?? '/', headers: clean(headers), body: await read(incoming) });
    if (passed === null) return void response.destroy();
    const answer = await request(`${target()}${passed.path}`, {
      method: 'POST',
      headers: passed.headers,
      body: passed.body,
    });
    const { connection: _one, 'transfer-encoding': _other, ...back } = answer.headers;
    response.writeHead(answer.statusCode, clean(back));
    response.end(Buffer.from(await answer.body.arrayBuffer()));
  });
}

function clean(headers: Readonly<Record<string, string | string[] | undefined>>): Passed['headers'] {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return Object.fromEntries(entries);
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** @returns the port */
async function listen(server: Pick<Server, 'listen' | 'address' | 'close' | 'closeAllConnections'>) {
  server.listen(0, 'localhost');
  await once(server as Server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** A server without TLS. */
export const startPlain = async (answer: RequestListener): Promise<number> => listen(createServer(answer));

export const TRUSTED = AUTHORITY;
