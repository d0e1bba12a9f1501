import { expect, it } from 'vitest';
import { deliver, message2026, SECRET } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { startReactor } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { readChat, readOverview, until } from '../helpers/status.ts';

it('repeats the call that a kill cut off first, before the chats that were waiting', async () => {
  const settings = { SHARE_CONCURRENCY: '1', SHARE_RATE_PER_LINE: '0' };
  const { simulator, reactor, directory } = await startRig(settings);
  simulator.subscribe({
    targetUrl: `${reactor.url}/webhooks/linq`,
    signingSecret: SECRET,
  });
  simulator.fail({ hang: true });
  const chats = Array.from({ length: 5 }, () => {
    const { chatId } = simulator.createChat({ line: LINES[0] });
    simulator.sendMessage(chatId);
    return chatId;
  });
  await simulator.settled();
  await simulator.when(() => simulator.calls.length === 1);
  const cut = simulator.calls[0]?.chatId ?? '';
  await reactor.end('SIGKILL');
  simulator.clearFaults();

  const again = await startReactor(directory, { LINQ_API_BASE_URL: simulator.baseUrl, ...settings });

  await simulator.when(() => simulator.calls.length === 1 + chats.length);
  expect(again.log()).toContainEqual(
    expect.objectContaining({ msg: 'attempts.interrupted', interrupted: 1 }),
  );
  expect(simulator.calls[1]?.chatId).toBe(cut);
  expect(new Set(simulator.calls.map(({ chatId }) => chatId))).toEqual(new Set(chats));
  await until(
    () => readChat(again.url, cut),
    ({ shareCount }) => shareCount === 1,
  );
  const { attempts } = await readChat(again.url, cut);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['shared', 'interrupted']);
});

it('parks a chat whose call was cut three times in a row, and no other', async () => {
  const settings = { SHARE_RATE_PER_LINE: '0' };
  const { simulator, reactor, directory } = await startRig(settings);
  const { chatId } = simulator.createChat({ line: LINES[0], announce: false });
  simulator.fail({ chatId, hang: true });
  await deliver(reactor.url, message2026({ chatId, line: LINES[0], sentAt: Date.now() }));
  let current = reactor;
  for (let cuts = 1; cuts <= 3; cuts++) {
    await simulator.when(() => simulator.calls.length === cuts);
    await current.end('SIGKILL');
    current = await startReactor(directory, { LINQ_API_BASE_URL: simulator.baseUrl, ...settings });
  }

  expect(await readChat(current.url, chatId)).toMatchObject({ state: 'held', reason: 'parked' });
  expect(current.log()).toContainEqual(expect.objectContaining({ msg: 'attempts.interrupted', parked: 1 }));
  expect((await readOverview(current.url)).problems).toMatchObject([{ code: 'chats_parked' }]);
  const other = simulator.createChat({ line: LINES[0], announce: false });
  await deliver(current.url, message2026({ chatId: other.chatId, line: LINES[0], sentAt: Date.now() }));
  await simulator.when(() => simulator.callsOf(other.chatId).length === 1);
  expect(simulator.callsOf(chatId)).toHaveLength(3);
});
