import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PostgresProxy {
  readonly url: string;
  /** The next request that has these words is done by the server, but its answer is lost with the connection. */
  loseAnswerTo(words: string): void;
  /** Resolves once that has happened. */
  lost(): Promise<void>;
  /** From now on nothing passes in either direction, and nobody is told. */
  stall(): void;
  /** From now on connections are reset, those in use and new ones. */
  cut(): void;
  /** Ends a stall, whose bytes arrive late, or a cut. */
  mend(): void;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** Listen on a port of the loopback interface in place of a socket. */
  readonly isTcp?: boolean;
}

const SOCKET = '.s.PGSQL.5432';

/** Stands between a store and its server, on a socket of its own. */
export async function createPostgresProxy(
  url: string,
  { isTcp = false }: ProxyOptions = {},
): Promise<PostgresProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'reactor-proxy-'));
  const behind = join(new URL(url).searchParams.get('host') ?? '', SOCKET);
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  /** Only TCP knows resets. */
  const reset = (client: Socket) => (isTcp ? client.resetAndDestroy() : client.destroy());
  let state: 'open' | 'stalled' | 'cut' = 'open';
  let words: string | null = null;
  let tellLost = () => {};
  let lost: Promise<void> = Promise.resolve();

  const server = createServer((client) => {
    if (state === 'cut') {
      reset(client.on('error', () => {}));
      return;
    }
    const upstream = connect(behind);
    clients.add(client);
    client.on('close', () => clients.delete(client));
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
    if (state === 'stalled') for (const socket of [client, upstream]) socket.pause();
  });
  await new Promise<void>((resolve) => {
    if (isTcp) server.listen(0, '127.0.0.1', resolve);
    else server.listen(join(directory, SOCKET), resolve);
  });
  return {
    url: isTcp
      ? overTcp(url, server.address() as AddressInfo)
      : url.replace(/host=[^&]*/, `host=${directory}`),
    loseAnswerTo(next) {
      words = next;
      lost = new Promise((resolve) => {
        tellLost = resolve;
      });
    },
    lost: () => lost,
    stall() {
      state = 'stalled';
      for (const socket of sockets) socket.pause();
    },
    cut() {
      state = 'cut';
      for (const socket of clients) reset(socket);
    },
    mend() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function overTcp(url: string, { port }: AddressInfo): string {
  const { pathname, searchParams } = new URL(url);
  return `postgres://${searchParams.get('user')}@127.0.0.1:${port}${pathname}`;
}
