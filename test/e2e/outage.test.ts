import { expect, it } from 'vitest';
import { SECRET } from '../helpers/deliver.ts';
import { createMovableClock, livingAhead } from '../helpers/movable-clock.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { startSimulator } from '../helpers/rig.ts';
import { readChat, readOverview, until } from '../helpers/status.ts';

const MINUTE = 60_000;
const LINE = '+12025550100';
const CHATS = 10;
/** A share a second: a backlog shows whether it drains steadily. */
const SETTINGS = { CATCH_UP_EVERY: '6h', SHARE_RATE_PER_LINE: '1' };

/**
 * The 40 minutes aren't waited for: Linq and the first process live 45 minutes back, Linq then goes through the outage
 * in leaps, its ten attempts a delivery compressed to milliseconds, and the second process lives now.
 */
it('after 40 minutes of outage the facts and the shares are there, paced, and every chat got exactly one call', async () => {
  const clock = createMovableClock();
  clock.set(-45 * MINUTE);
  const simulator = await startSimulator({ clock, lines: [LINE], redeliveryMs: Array(9).fill(1) });
  const directory = createWorkDir();
  const settings = { ...SETTINGS, LINQ_API_BASE_URL: simulator.baseUrl };
  const before = await startReactor(directory, { ...settings, ...livingAhead(-45 * MINUTE) });
  simulator.subscribe({ targetUrl: `${before.url}/webhooks/linq?version=2026-02-03`, signingSecret: SECRET });
  const create = (more: object = {}) => simulator.createChat({ line: LINE, ...more }).chatId;
  const known = [create(), create()];
  for (const chatId of known) simulator.sendMessage(chatId);
  await simulator.when(() => simulator.calls.length === known.length);
  await until(
    async () => (await readOverview(before.url)).chats.byState.waiting,
    (waiting) => waiting === known.length,
  );
  expect((await before.end('SIGTERM')).code).toBe(0);

  const sentAt = new Map<string, number>();
  const send = (chatId: string, aheadMs: number) => {
    clock.set(aheadMs);
    sentAt.set(chatId, simulator.sendMessage(chatId).sentAt ?? Number.NaN);
  };
  clock.set(-44 * MINUTE);
  const fresh = Array.from({ length: CHATS }, () => create());
  const [group, sms] = [create({ isGroup: true }), create({ service: 'SMS' })];
  const [refusing, failing, silent] = [create(), create(), create()];
  for (const [n, chatId] of fresh.entries()) send(chatId, -40 * MINUTE + 2 * n * MINUTE);
  send(group, -20 * MINUTE);
  send(sms, -19 * MINUTE);
  send(refusing, -18 * MINUTE);
  simulator.receiveMessage(refusing, 'STOP');
  simulator.failMessage(failing);
  simulator.receiveMessage(silent, 'Is anybody there?');
  for (const chatId of known) send(chatId, -6 * MINUTE); // Linq's redelivery of all this is over by -5 min
  await simulator.settled();
  const lost = simulator.deliveries.filter(({ state }) => state === 'exhausted');
  expect(lost.length).toBeGreaterThanOrEqual(CHATS + 7);
  expect(lost.every(({ attempts }) => attempts.length === 10)).toBe(true);

  clock.set(0);
  const after = await startReactor(directory, settings);
  const toShare = [...fresh, group];
  await simulator.when(() => simulator.calls.length >= known.length + toShare.length);
  const overview = await until(
    () => readOverview(after.url),
    ({ catchUp, chats }) =>
      catchUp.state === 'idle' && chats.byState.waiting === known.length + toShare.length,
  );

  for (const [chatId, at] of sentAt) {
    expect(await readChat(after.url, chatId)).toMatchObject({
      lastOutboundAt: new Date(at).toISOString(),
      ...(known.includes(chatId) ? {} : { firstOutboundAt: new Date(at).toISOString() }),
    });
  }
  expect(await readChat(after.url, refusing)).toMatchObject({ state: 'held', reason: 'opted_out' });
  expect(await readChat(after.url, sms)).toMatchObject({ state: 'held', reason: 'not_imessage' });
  for (const chatId of [failing, silent]) {
    expect(await readChat(after.url, chatId)).toMatchObject({ state: 'held', reason: 'no_outbound' });
  }
  for (const chatId of [...known, ...toShare]) {
    expect(simulator.callsOf(chatId)).toMatchObject([{ status: 204, effect: 'prompt' }]);
  }
  expect(simulator.calls).toHaveLength(known.length + toShare.length);

  const starts = await Promise.all(
    toShare.map(async (chatId) =>
      Date.parse((await readChat(after.url, chatId)).attempts[0]?.startedAt ?? ''),
    ),
  );
  const inOrder = starts.toSorted((a, b) => a - b);
  const gaps = inOrder.slice(1).map((at, n) => at - (inOrder[n] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
  const { chatsSeen, chatsRead, startedAt, lastCompletedAt } = overview.catchUp;
  expect([chatsSeen, chatsRead]).toEqual([CHATS + 7, CHATS + 7]);
  const tookMs = Date.parse(lastCompletedAt ?? '') - Date.parse(startedAt ?? '');
  expect(tookMs).toBeGreaterThanOrEqual(chatsRead * 500); // one list and a page of messages for each: two a second
  expect(after.log().find(({ msg }) => msg === 'catch-up.started')).toMatchObject({ reason: 'away' });
});
