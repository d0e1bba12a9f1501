import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { checkWhileConnected } from '../../../src/http/server.ts';

const EVERY_MS = 1_234;
const HOUR_MS = 3_600_000;

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it('slow connections are looked for only while there is one', async () => {
  const server = createServer({ connectionsCheckingInterval: EVERY_MS, headersTimeout: 50 });
  checkWhileConnected(server, EVERY_MS);
  const port = await listening(server);
  const interval = () => Reflect.get(server, 'connectionsCheckingInterval');
  expect(interval()).toBe(HOUR_MS);

  const first = connect(port, '127.0.0.1');
  await once(server, 'connection');
  expect(interval()).toBe(EVERY_MS);
  const second = connect(port, '127.0.0.1');
  await once(server, 'connection');
  first.destroy();
  await once(first, 'close');
  expect(interval()).toBe(EVERY_MS);
  const answer = await once(second, 'data'); // it is looked for, and found
  expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
  await once(second, 'close');
  await vi.waitFor(() => expect(interval()).toBe(HOUR_MS));
});
