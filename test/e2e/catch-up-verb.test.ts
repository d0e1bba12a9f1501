import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { ask, readChat, readOverview, TOKEN, until } from '../helpers/status.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const LINE = '+12025550100';

/** Runs `catch-up` against a service; resolves to what it printed, or rejects with that. */
function catchUp(url: string, ...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env.PATH, STATUS_TOKEN };
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['--', MAIN, 'catch-up', '--url', url, ...args],
      { env },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${error.code}: ${stdout}${stderr}`)),
    );
  });
}

it('catch-up reads on demand what no webhook told, and says what it brought', async () => {
  const { simulator, reactor } = await startRig({}, { behaviour: { lossRate: 1 } });
  const { chatId } = simulator.createChat({ line: LINE });
  simulator.sendMessage(chatId);
  expect((await readOverview(reactor.url)).chats.total).toBe(0);
  expect(await catchUp(reactor.url)).toMatch(
    /^Catching up: .*\nCaught up in .*: 1 chats seen, 1 read, 0 unchanged and skipped; 1 updated\.\n$/,
  );
  await simulator.when(() => simulator.callsOf(chatId).length === 1);
  expect((await readChat(reactor.url, chatId)).lastOutboundAt).not.toBeNull();
  expect(JSON.parse(await catchUp(reactor.url, '--json'))).toMatchObject({ state: 'off', chatsChanged: 0 });
});

it('a pause that Linq asks of catch-up is one of all calls', async () => {
  const { simulator, reactor } = await startRig({}, { behaviour: { lossRate: 1 } });
  simulator.fail({ route: 'chats', status: 429, retryAfter: 3_600, times: 1 });
  await ask(reactor.url, '/status/catch-up', { method: 'POST', headers: TOKEN });
  const limited = await until(
    () => readOverview(reactor.url),
    ({ problems, catchUp: { state } }) => state === 'waiting' && problems.length > 0,
  );
  expect(limited.catchUp.cause).toBe('rate_limited');
  expect(limited.problems).toMatchObject([{ code: 'rate_limited' }]);
});

it('says that no subscription leads here, until one does', async () => {
  const { simulator, reactor } = await startRig({ PUBLIC_URL: 'https://reactor.example.com' });
  const problemsOnce = (isThere: boolean) =>
    until(
      () => readOverview(reactor.url),
      ({ problems }) => problems.some(({ code }) => code === 'subscription_missing') === isThere,
    );
  expect((await problemsOnce(true)).ok).toBe(false);
  simulator.subscribe({ targetUrl: 'https://reactor.example.com/webhooks/linq?version=2026-02-03' });
  await catchUp(reactor.url);
  expect((await problemsOnce(false)).ok).toBe(true);
});
