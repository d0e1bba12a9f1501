import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Alert } from '../../src/status/alerts/alert-sender.ts';

export interface AlertReceiver {
  /** Part of it is a secret, as in chat tools. */
  readonly url: string;
  /** Those that were answered 2xx. */
  readonly taken: readonly Alert[];
  /** How many came in all. */
  readonly posts: () => number;
  /** The status of the next answers, one each; then 200. */
  readonly answers: number[];
}

/** Whoever is alerted, on loopback. */
export async function startAlertReceiver(): Promise<AlertReceiver> {
  const taken: Alert[] = [];
  const answers: number[] = [];
  let posts = 0;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      posts++;
      const status = answers.shift() ?? 200;
      if (status < 300) taken.push(JSON.parse(Buffer.concat(pieces).toString()) as Alert);
      response.writeHead(status).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/services/s3cret-path`, taken, posts: () => posts, answers };
}
