import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { readChat, until } from '../helpers/status.ts';
import { CERTIFICATE, KEY } from './tls-identity.ts';

const CHAT = '11111111-2222-4333-8444-555555555555';
const CARDS = { contact_cards: [{ phone_number: '+12025550100', first_name: 'A', is_active: true }] };

/** Linq over https, named `localhost`; remembers what reached it. */
async function startHttps() {
  const requests: string[] = [];
  const server = createServer({ key: KEY, cert: CERTIFICATE }, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const isShare = request.method === 'POST';
    response.writeHead(isShare ? 204 : 200, { 'content-type': 'application/json' });
    response.end(isShare ? '' : JSON.stringify(CARDS));
  });
  let handshakes = 0;
  server.on('connection', () => handshakes++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { port, requests, handshakes: () => handshakes };
}

interface Trust {
  readonly name: string;
  readonly host: string;
  readonly isTrusted: boolean;
}

const REFUSED: readonly Trust[] = [
  { name: 'a certificate that nobody trusts', host: 'localhost', isTrusted: false },
  { name: 'a trusted certificate of another host', host: '127.0.0.1', isTrusted: true },
];

async function startWith({ host, isTrusted }: Trust) {
  const linq = await startHttps();
  const directory = createWorkDir();
  const trusted = join(directory, 'trusted.pem');
  writeFileSync(trusted, CERTIFICATE);
  const reactor = await startReactor(directory, {
    LINQ_API_BASE_URL: `https://${host}:${linq.port}`,
    ...(isTrusted ? { NODE_EXTRA_CA_CERTS: trusted } : {}),
  });
  await deliver(reactor.url, message2026({ chatId: CHAT, sentAt: Date.now() - 1_000 }));
  return { linq, reactor };
}

it.each(REFUSED)('the key never reaches a server with $name', async (trust) => {
  const { linq, reactor } = await startWith(trust);
  await until(
    async () => linq.handshakes(),
    (count) => count >= 2,
  );
  const chat = await readChat(reactor.url, CHAT);
  expect(linq.requests).toEqual([]);
  expect(chat.shareCount).toBe(0);
  expect(chat.lastSharedAt).toBeNull();
});

it('reaches one whose certificate is trusted and its own', async () => {
  const { linq, reactor } = await startWith({ name: '', host: 'localhost', isTrusted: true });
  await until(
    () => readChat(reactor.url, CHAT),
    ({ shareCount }) => shareCount === 1,
  );
  expect(linq.requests.at(-1)).toBe(`POST /v3/chats/${CHAT}/share_contact_card`);
});
