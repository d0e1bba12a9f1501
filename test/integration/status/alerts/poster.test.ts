import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { SECOND } from '../../../../src/decide/time.ts';
import { createPoster } from '../../../../src/status/alerts/poster.ts';
import { createFakeClock } from '../../../helpers/clock.ts';
import { type Manners, startConnectProxy } from '../../../helpers/connect-proxy.ts';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** A receiver of alerts, and a poster to it. */
async function startReceiver(answer: RequestListener) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const clock = createFakeClock();
  const poster = createPoster(`http://127.0.0.1:${port}/hooks/s3cret?token=t`, clock, null);
  onTestFinished(async () => {
    await poster.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const stopping = new AbortController();
  const post = () => poster.post({ text: 'Grüße' }, stopping.signal);
  return { seen, clock, post, stopping, server };
}

it('posts JSON to the whole address, and takes any 2xx', async () => {
  const { post, seen } = await startReceiver((_request, response) => response.writeHead(202).end('queued'));
  expect(await post()).toEqual({ kind: 'taken', cause: 'HTTP 202' });
  expect(await post()).toMatchObject({ kind: 'taken' });
  expect(seen).toHaveLength(2);
  expect(seen[0]).toMatchObject({
    method: 'POST',
    url: '/hooks/s3cret?token=t',
    headers: { 'content-type': 'application/json', 'user-agent': 'contact-card-reactor' },
    body: '{"text":"Grüße"}',
  });
  expect(Object.keys(seen[0]?.headers ?? {}).sort()).toEqual(
    ['connection', 'content-length', 'content-type', 'host', 'user-agent'].sort(),
  );
});

it.each([400, 404, 410, 429, 500, 503])('is refused by a %d', async (status) => {
  const { post } = await startReceiver((_request, response) => response.writeHead(status).end());
  expect(await post()).toEqual({ kind: 'refused', cause: `HTTP ${status}` });
});

it.each([301, 302, 307, 308])('follows no redirect (%d)', async (status) => {
  const { post, seen } = await startReceiver((_request, response) =>
    response.writeHead(status, { location: '/elsewhere' }).end(),
  );
  expect(await post()).toEqual({ kind: 'refused', cause: `HTTP ${status}` });
  expect(seen).toHaveLength(1);
});

it('gives up after 10 s on one that takes it and never answers, and does not know whether it was taken', async () => {
  const { post, seen, clock } = await startReceiver(() => {});
  const posted = post();
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  let isOver = false;
  void posted.then(() => {
    isOver = true;
  });
  clock.advance(10 * SECOND - 1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  clock.advance(1);
  expect(await posted).toEqual({ kind: 'unknown', cause: 'timeout' });
});

it('reads nothing of an endless answer', async () => {
  let sent = 0;
  const { post } = await startReceiver((_request, response) => {
    response.writeHead(200);
    const piece = Buffer.alloc(64 * 1024);
    const pour = () => {
      while (!response.destroyed && response.write(piece)) sent += piece.length;
    };
    response.on('drain', pour).on('error', () => {});
    pour();
  });
  expect(await post()).toEqual({ kind: 'taken', cause: 'HTTP 200' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toBeLessThan(16 * 1024 * 1024);
});

it('does not know whether it was taken when the connection breaks before the answer', async () => {
  const { post } = await startReceiver((request) => request.socket.destroy());
  expect((await post()).kind).toBe('unknown');
});

it('was not taken where nobody listens', async () => {
  const { post, server } = await startReceiver(() => {});
  await new Promise((resolve) => server.close(resolve));
  expect(await post()).toEqual({ kind: 'refused', cause: 'ECONNREFUSED' });
});

it('gives up at once when the service stops', async () => {
  const { post, seen, stopping } = await startReceiver(() => {});
  const posted = post();
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  stopping.abort();
  expect((await posted).kind).toBe('unknown');
});

/** Only the proxy knows the way to it; what arrives answers 204. */
async function startBehindProxy(manners?: Manners) {
  const targets: string[] = [];
  const server = createServer((request, response) => {
    targets.push(`${request.method} ${request.url} of ${request.headers.host}`);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await startConnectProxy((server.address() as AddressInfo).port, manners);
  const post = async (url: string, authorization: string | null = null) => {
    const poster = createPoster(url, createFakeClock(), { origin: proxy.origin, authorization });
    const posted = await poster.post({ text: 'x' }, new AbortController().signal);
    await poster.close();
    return posted;
  };
  onTestFinished(() => void server.close());
  return { proxy, post, targets };
}

it('an http:// address is handed to the proxy as it is, with its name and password', async () => {
  const { proxy, post, targets } = await startBehindProxy();
  expect(await post('http://alerts.invalid:9093/hook?x=y', 'Basic dTpw')).toMatchObject({ kind: 'taken' });
  expect(targets).toEqual(['POST http://alerts.invalid:9093/hook?x=y of alerts.invalid:9093']);
  expect(proxy.heads[0]).toMatch(/\r\nproxy-authorization: Basic dTpw\r\n/);
});

it('an https:// address is a tunnel through the proxy, which sees nothing but the host', async () => {
  const { proxy, post, targets } = await startBehindProxy();
  expect(await post('https://alerts.invalid/s3cret')).toMatchObject({ kind: 'unknown' }); // no TLS there
  expect(proxy.heads).toHaveLength(1);
  expect(proxy.heads[0]).toMatch(/^CONNECT alerts\.invalid:443 /);
  expect(proxy.heads[0]).not.toContain('s3cret');
  expect(targets).toEqual([]);
});

it.each<Manners>([407, 'hangs up', 'resets'])('was not taken by a proxy that %s', async (manners) => {
  const { proxy, post } = await startBehindProxy(manners);
  expect(await post('https://alerts.invalid/')).toEqual({ kind: 'refused', cause: 'REACTOR_PROXY' });
  expect(proxy.connections()).toBe(1);
});
