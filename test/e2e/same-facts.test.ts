import { expect, it } from 'vitest';
import { SECRET } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { createLeapingClock, type LeapingClock } from '../helpers/leaping-clock.ts';
import { createWorkDir } from '../helpers/process.ts';
import { startSimulator } from '../helpers/rig.ts';
import { createSeeded } from '../helpers/seed.ts';
import { startService } from '../helpers/service.ts';
import { ask, listChats, readOverview, TOKEN, until } from '../helpers/status.ts';

const CHATS = 16;

/** What is told of chats, whoever told it. */
async function factsOf(url: string) {
  const chats = await listChats(url, '');
  return chats
    .map(
      ({
        chatId,
        line,
        service,
        isGroup,
        firstOutboundAt,
        lastOutboundAt,
        lastInboundAt,
        optedOutAt,
        health,
      }) => {
        return {
          chatId,
          line,
          service,
          isGroup,
          firstOutboundAt,
          lastOutboundAt,
          lastInboundAt,
          optedOutAt,
          health,
        };
      },
    )
    .sort((a, b) => (a.chatId < b.chatId ? -1 : 1));
}

/** It starts two calls a second; little by little, so that webhooks stay in disorder meanwhile. */
async function catchUp(clock: LeapingClock, url: string): Promise<void> {
  expect((await ask(url, '/status/catch-up', { method: 'POST', headers: TOKEN })).status).toBe(202);
  await until(
    async () => {
      clock.leap(100);
      return (await readOverview(url)).catchUp.state;
    },
    (state) => state === 'off',
    { everyMs: 5 },
  );
}

it('webhooks alone, catch-up alone, and both in any order give the same facts', async () => {
  const { seed, pick, between } = createSeeded('npm run test:e2e -- same-facts');
  const clock = createLeapingClock();
  const simulator = await startSimulator({
    clock: clock.elsewhere,
    seed,
    behaviour: { shuffleMs: 300, duplicateRate: 0.3, chatOrder: 'updated' },
  });
  const settings = { LINQ_API_BASE_URL: simulator.baseUrl, DRY_RUN: 'true' };
  const start = () => startService(createWorkDir(), settings, clock);
  const [hearing, reading, both] = await Promise.all([start(), start(), start()]);
  for (const { url } of [hearing, both])
    simulator.subscribe({ targetUrl: `${url}/webhooks/linq?version=2026-02-03`, signingSecret: SECRET });

  const chats = Array.from({ length: CHATS }, (_, n) => {
    const service = n % 5 === 0 ? ('SMS' as const) : ('iMessage' as const);
    return simulator.createChat({ line: pick(LINES) ?? LINES[0], isGroup: n % 6 === 0, service }).chatId;
  });
  const happen = () => {
    // two healths of one millisecond would be told apart by webhooks, while a list knows the latest alone
    clock.leap(1);
    const chatId = pick(chats) ?? '';
    const what = between(0, 5);
    if (what === 0) simulator.receiveMessage(chatId, 'STOP');
    else if (what === 1) simulator.receiveMessage(chatId, 'Hello');
    else if (what === 2) simulator.failMessage(chatId);
    else simulator.sendMessage(chatId, { delivered: what > 3, read: what > 4 });
  };
  for (let n = 0; n < 3 * CHATS; n++) happen();
  const running = catchUp(clock, both.url); // while webhooks still arrive, in disorder
  for (let n = 0; n < CHATS; n++) happen();
  await running;
  await simulator.settled();
  await Promise.all([catchUp(clock, reading.url), catchUp(clock, both.url)]);

  const told = await factsOf(hearing.url);
  expect(told).toHaveLength(CHATS);
  expect(told.filter(({ optedOutAt }) => optedOutAt !== null).length).toBeGreaterThan(0);
  expect(await factsOf(reading.url)).toEqual(told);
  expect(await factsOf(both.url)).toEqual(told);
});
