import { createServer } from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import type { LinqClientOptions } from '../../../src/linq/client.ts';
import { FOR_ANOTHER_HOST, LEAF_KEY } from '../../helpers/certificates.ts';
import { type Manners, startConnectProxy } from '../../helpers/connect-proxy.ts';
import { createTestClient, http, type Respond, startRawServer } from './raw-server.ts';

/** A client of an API that only a proxy can reach: nobody else knows the name. */
async function setUp(
  manners: Manners = 'opens',
  respond: Respond = (socket) => socket.write(http(204)),
  { authorization = null, ...options }: Partial<LinqClientOptions> & { authorization?: string | null } = {},
) {
  const server = await startRawServer(respond);
  const proxy = await startConnectProxy(server.port, manners);
  const client = createTestClient('http://linq.invalid/api/partner', {
    proxy: { origin: proxy.origin, authorization },
    ...options,
  });
  onTestFinished(async () => {
    await client.close();
    await server.stop();
  });
  return { server, proxy, client };
}

const unanswered = (mayHaveArrived: boolean, cause: string) => ({
  kind: 'unanswered',
  mayHaveArrived,
  cause,
});

it('every call goes through the proxy, which sees where to and neither key nor path', async () => {
  const { server, proxy, client } = await setUp();
  expect(await client.shareContactCard('c1')).toMatchObject({ httpStatus: 204 });
  await client.lines();
  expect(proxy.heads).toHaveLength(2); // shares and lists have connections of their own
  for (const head of proxy.heads) {
    expect(head).toMatch(/^CONNECT linq\.invalid:80 HTTP\/1\.1\r\nhost: linq\.invalid:80\r\n/);
    expect(head).not.toMatch(/key-for-tests|v3|proxy-authorization/i);
  }
  expect(server.requests.map(({ line, headers }) => [line, headers.get('host')])).toEqual([
    ['POST /api/partner/v3/chats/c1/share_contact_card HTTP/1.1', 'linq.invalid'],
    ['GET /api/partner/v3/phone_numbers HTTP/1.1', 'linq.invalid'],
  ]);
});

it('its name and password go to the proxy alone', async () => {
  const { server, proxy, client } = await setUp('opens', undefined, { authorization: 'Basic dTpw' });
  await client.shareContactCard('c1');
  expect(proxy.heads[0]).toMatch(/\r\nproxy-authorization: Basic dTpw\r\n/);
  expect([...(server.requests[0]?.headers.keys() ?? [])]).not.toContain('proxy-authorization');
});

it('connections are kept, and are as many as without a proxy', async () => {
  const { proxy, client, server } = await setUp('opens', undefined, { connections: 2 });
  for (let round = 0; round < 3; round++)
    await Promise.all(['a', 'b', 'c', 'd'].map((chatId) => client.shareContactCard(chatId)));
  expect([proxy.connections(), server.requests.length]).toEqual([2, 12]);
});

it.each<Manners>([407, 403, 502, 'hangs up', 'resets', 'hangs up at once'])(
  'a proxy that %s: the call never arrived, and the proxy was asked once',
  async (manners) => {
    const { server, proxy, client } = await setUp(manners);
    expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'proxy'));
    expect([proxy.connections(), server.requests]).toEqual([1, []]);
  },
);

it('a proxy that nobody runs: the call never arrived', async () => {
  const { proxy, client } = await setUp();
  await proxy.stop();
  expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'proxy'));
});

it('a proxy that never answers is given up when connecting has taken too long', async () => {
  const { client } = await setUp('hangs', undefined, { connectMs: 100 });
  const begun = performance.now();
  expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'proxy'));
  expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
});

it('the deadline holds while the proxy makes one wait, and what was never sent never is', async () => {
  const { server, client } = await setUp('hangs', undefined, { deadlineMs: 100 });
  expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'timeout'));
  expect(server.requests).toEqual([]);
});

it('closing ends calls that wait for the proxy', async () => {
  const { client } = await setUp('hangs');
  const call = client.shareContactCard('c1');
  await client.close();
  expect(await call).toEqual(unanswered(false, 'closed'));
});

it('a call that was sent through the proxy may have arrived when it is cut', async () => {
  const { client, server } = await setUp('opens', (socket) => socket.destroy());
  expect(await client.shareContactCard('c1')).toEqual(unanswered(true, 'reset'));
  expect(server.requests).toHaveLength(1);
});

it('a redirect is followed through the proxy no more than without', async () => {
  const { server, client } = await setUp('opens', (socket) =>
    socket.write(http(307, '', 'location: http://elsewhere.invalid/')),
  );
  expect(await client.shareContactCard('c1')).toMatchObject({ httpStatus: 307 });
  expect(server.requests).toHaveLength(1);
});

it('a certificate that isn’t trusted isn’t trusted in a tunnel either, and the key stays here', async () => {
  const requests: string[] = [];
  const server = createServer({ key: LEAF_KEY, cert: FOR_ANOTHER_HOST }, (request, response) => {
    requests.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const proxy = await startConnectProxy(typeof address === 'object' ? (address?.port ?? 0) : 0);
  const client = createTestClient('https://other.example.com', {
    proxy: { origin: proxy.origin, authorization: null },
  });
  onTestFinished(async () => {
    await client.close();
    server.close();
  });
  expect(await client.shareContactCard('c1')).toEqual(unanswered(false, 'tls'));
  expect([proxy.heads.length, requests]).toEqual([1, []]);
  expect(proxy.heads[0]).toMatch(/^CONNECT other\.example\.com:443 /);
});
