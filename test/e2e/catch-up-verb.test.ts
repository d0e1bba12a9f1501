import { expect, it } from 'vitest';
import { type ServiceRig, startServiceRig } from '../helpers/service.ts';
import { ask, readChat, readOverview, TOKEN, until } from '../helpers/status.ts';
import { runVerbHere } from '../helpers/verb-here.ts';

const LINE = '+12025550100';

/** Runs `catch-up` against a service; resolves to what it printed. */
async function catchUp({ directory, service }: ServiceRig, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runVerbHere(directory, ['catch-up', '--url', service.url, ...args]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

it('catch-up reads on demand what no webhook told, and says what it brought', async () => {
  const rig = await startServiceRig({}, { behaviour: { lossRate: 1 } });
  const { simulator, service } = rig;
  const { chatId } = simulator.createChat({ line: LINE });
  simulator.sendMessage(chatId);
  expect((await readOverview(service.url)).chats.total).toBe(0);
  expect(await catchUp(rig)).toMatch(
    /^Catching up: .*\nCaught up in .*: 1 chat seen, 1 read, 0 unchanged and skipped; 1 updated\.\n$/,
  );
  await simulator.when(() => simulator.callsOf(chatId).length === 1);
  expect((await readChat(service.url, chatId)).lastOutboundAt).not.toBeNull();
  expect(JSON.parse(await catchUp(rig, '--json'))).toMatchObject({ state: 'off', chatsChanged: 0 });
});

it('a pause that Linq asks of catch-up is one of all calls', async () => {
  const rig = await startServiceRig({}, { behaviour: { lossRate: 1 } });
  const { simulator, service } = rig;
  simulator.fail({ route: 'chats', status: 429, retryAfter: 3_600, times: 1 });
  await ask(service.url, '/status/catch-up', { method: 'POST', headers: TOKEN });
  const limited = await until(
    () => readOverview(service.url),
    ({ problems, catchUp: { state } }) => state === 'waiting' && problems.length > 0,
  );
  expect(limited.catchUp.cause).toBe('rate_limited');
  expect(limited.problems).toMatchObject([{ code: 'rate_limited' }]);
});

it('says that no subscription leads here, until one does', async () => {
  const rig = await startServiceRig({ PUBLIC_URL: 'https://reactor.example.com' });
  const { simulator, service } = rig;
  const problemsOnce = (isThere: boolean) =>
    until(
      () => readOverview(service.url),
      ({ problems }) => problems.some(({ code }) => code === 'subscription_missing') === isThere,
    );
  expect((await problemsOnce(true)).ok).toBe(false);
  simulator.subscribe({ targetUrl: 'https://reactor.example.com/webhooks/linq?version=2026-02-03' });
  await catchUp(rig);
  expect((await problemsOnce(false)).ok).toBe(true);
});
