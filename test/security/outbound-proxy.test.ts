import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { AUTHORITY, FOR_ANOTHER_HOST, LEAF_KEY } from '../helpers/certificates.ts';
import { type Manners, startConnectProxy } from '../helpers/connect-proxy.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { API_KEY, createWorkDir, launch, type Settings } from '../helpers/process.ts';
import { readChat, until } from '../helpers/status.ts';
import { runVerb } from '../helpers/verb.ts';

const CHAT = '11111111-2222-4333-8444-555555555555';
const CARDS = { contact_cards: [{ phone_number: '+12025550100', first_name: 'A', is_active: true }] };
const PASSWORD = 'pr0xy-pa55word';
const LOGIN = Buffer.from(`user:${PASSWORD}`).toString('base64');

/** A Linq that only a proxy can reach, with its name and password in `.env`. */
async function setUp(manners?: Manners) {
  const keys: (string | undefined)[] = [];
  const linq = createServer({ key: LEAF_KEY, cert: FOR_ANOTHER_HOST }, (request, response) => {
    keys.push(request.headers.authorization);
    const isShare = request.method === 'POST';
    response.writeHead(isShare ? 204 : 200, { 'content-type': 'application/json' });
    response.end(isShare ? '' : JSON.stringify({ ...CARDS, phone_numbers: [], subscriptions: [] }));
  });
  linq.listen(0, '127.0.0.1');
  await once(linq, 'listening');
  onTestFinished(() => {
    linq.closeAllConnections();
    linq.close();
  });
  const proxy = await startConnectProxy((linq.address() as AddressInfo).port, manners);
  const directory = createWorkDir();
  const trusted = join(directory, 'authority.pem');
  writeFileSync(trusted, AUTHORITY);
  const named = proxy.origin.replace('://', `://user:${PASSWORD}@`);
  writeFileSync(join(directory, '.env'), `HTTPS_PROXY=${named}\n`, { mode: 0o600 });
  const settings = {
    LINQ_API_BASE_URL: 'https://other.example.com/api/partner',
    NODE_EXTRA_CA_CERTS: trusted,
    LOG_LEVEL: 'trace',
  };
  const reactor = launch(directory, settings);
  const url = await reactor.listening;
  await deliver(url, message2026({ chatId: CHAT, sentAt: Date.now() - 1_000 }));
  const verb = async (args: string[], more: Settings = {}) => {
    const { stdout, stderr } = await runVerb(directory, args, { ...settings, ...more });
    return stdout + stderr;
  };
  return { proxy, keys, reactor, url, verb, directory };
}

it('shares through the proxy of the settings, which learns neither key nor chat', async () => {
  const { proxy, keys, reactor, url, verb } = await setUp();
  await until(
    () => readChat(url, CHAT),
    ({ shareCount }) => shareCount === 1,
  );
  expect(new Set(keys)).toEqual(new Set([`Bearer ${API_KEY}`]));
  expect(proxy.heads.length).toBeGreaterThan(0);
  for (const head of proxy.heads) {
    expect(head).toMatch(/^CONNECT other\.example\.com:443 HTTP\/1\.1\r\n/);
    expect(head).toContain(`proxy-authorization: Basic ${LOGIN}`);
    expect(head).not.toMatch(new RegExp(`${API_KEY}|${CHAT}`));
  }
  const told = [reactor.output(), await verb(['config', 'show']), await verb(['doctor', '--no-round-trip'])];
  expect(told[1]).toContain(`${proxy.origin} (with a password)`);
  expect(told[2]).toContain(`through ${proxy.origin}, which allows them`);
  expect(told.join('\n')).not.toMatch(new RegExp(`${PASSWORD}|${LOGIN}`));
});

it('tells nothing of name and password when the proxy refuses them', async () => {
  const { proxy, keys, reactor, url, verb } = await setUp(407);
  await until(
    async () => proxy.heads.length,
    (count) => count >= 3,
  );
  expect((await readChat(url, CHAT)).shareCount).toBe(0);
  const told = [
    reactor.output(),
    await verb(['doctor', '--no-round-trip']),
    await verb(['doctor', '--json']),
  ];
  expect(told[1]).toContain('HTTP 407');
  expect(told.join('\n')).not.toMatch(new RegExp(`${PASSWORD}|${LOGIN}`));
  expect(keys).toEqual([]);
});

it('is found by setup in the environment, and saved for a service that will run without it', async () => {
  const { proxy, verb, directory } = await setUp();
  const named = `http://setup:${PASSWORD}@127.0.0.1:${proxy.port}`;
  const flags = [
    '--yes',
    '--no-check',
    '--env-file',
    'other.env',
    '--public-url',
    'https://cards.example.com',
  ];
  const told = await verb(['setup', ...flags], { https_proxy: named });
  expect(told).toContain(`through the proxy ${proxy.origin}.`);
  expect(told).not.toContain(PASSWORD);
  expect(readFileSync(join(directory, 'other.env'), 'utf8')).toContain(`HTTPS_PROXY=${named}\n`);
});
