import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PostgresProxy {
  readonly url: string;
  /** The next request that has these words is done by the server, but its answer is lost with the connection. */
  loseAnswerTo(words: string): void;
  /** Resolves once that has happened. */
  lost(): Promise<void>;
  close(): Promise<void>;
}

const SOCKET = '.s.PGSQL.5432';

/** Stands between a store and its server, on a socket of its own. */
export async function createPostgresProxy(url: string): Promise<PostgresProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'reactor-proxy-'));
  const behind = join(new URL(url).searchParams.get('host') ?? '', SOCKET);
  const sockets = new Set<Socket>();
  let words: string | null = null;
  let tellLost = () => {};
  let lost: Promise<void> = Promise.resolve();

  const server = createServer((client) => {
    const upstream = connect(behind);
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end).on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    upstream.on('data', (answer) => client.write(answer));
    client.on('data', (request) => {
      if (words !== null && request.includes(words)) {
        words = null;
        upstream.removeAllListeners('data');
        upstream.once('data', () => {
          end();
          tellLost();
        });
      }
      upstream.write(request);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(directory, SOCKET), resolve));
  return {
    url: url.replace(/host=[^&]*/, `host=${directory}`),
    loseAnswerTo(next) {
      words = next;
      lost = new Promise((resolve) => {
        tellLost = resolve;
      });
    },
    lost: () => lost,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
