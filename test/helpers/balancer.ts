import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Balancer {
  readonly url: string;
  /** Where requests go from now on, in turn. */
  readonly setTargets: (urls: readonly string[]) => void;
}

/**
 * Hands each request to the next of its targets, whether that works or not, and repeats none: what a replica doesn't
 * answer is answered 502.
 */
export async function startBalancer(): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  let targets: readonly string[] = [];
  let turn = 0;
  const server = createServer((incoming, answer) => {
    const fail = () => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end();
    };
    const target = targets[turn++ % Math.max(1, targets.length)];
    if (target === undefined) return fail();
    const { method, headers } = incoming;
    const url = new URL(incoming.url ?? '/', target);
    const outgoing = request(url, { agent, method, headers, timeout: 30_000 }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.on('error', fail).pipe(answer);
    });
    outgoing.on('timeout', () => outgoing.destroy()).on('error', fail);
    incoming.on('error', () => outgoing.destroy()).pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    setTargets(urls) {
      targets = urls;
    },
  };
}
