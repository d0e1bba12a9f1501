import { expect, it } from 'vitest';
import { SECRET } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { startRig } from '../helpers/rig.ts';
import { createSeeded } from '../helpers/seed.ts';
import { readOverview, until } from '../helpers/status.ts';

const CHATS = 1_000;
const WINDOW_MS = 3_000;
const SETTINGS = {
  SHARE_WINDOW: '3s',
  MAX_SHARES_PER_CHAT: '2',
  SHARE_RATE_PER_LINE: '0',
  RESHARE_IDLE_AFTER: '0',
};

/** A line's chats are reported in one version of the payloads. */
const VERSIONS = [
  ['2026-02-03', LINES[0]],
  ['2025-01-01', LINES[1]],
] as const;

it('shares each of 1,000 chats twice, a window apart, whatever order, repeats and version', async () => {
  const { seed, pick } = createSeeded('npm run test:e2e -- thousand-chats');
  const { simulator, reactor } = await startRig(SETTINGS, {
    seed,
    // deliveries overtake each other and a third comes twice; calls inside the window would show no prompt
    behaviour: { shuffleMs: 1_500, duplicateRate: 0.33, suppressionMs: WINDOW_MS },
  });
  for (const [version, line] of VERSIONS) {
    const targetUrl = `${reactor.url}/webhooks/linq?version=${version}`;
    simulator.subscribe({ targetUrl, signingSecret: SECRET, lines: [line] });
  }
  const chats = Array.from({ length: CHATS }, () => {
    const { chatId } = simulator.createChat({ line: pick(LINES) ?? LINES[0] });
    simulator.sendMessage(chatId, { delivered: true, read: true });
    return chatId;
  });

  const byState = async () => (await readOverview(reactor.url)).chats.byState;
  await simulator.settled(); // while this process sends so much, a question of its own may take too long to be written
  await until(byState, ({ done }) => done === CHATS);
  for (const chatId of chats) simulator.sendMessage(chatId, { read: true }); // too late to matter
  await simulator.settled();
  expect(await byState()).toMatchObject({ done: CHATS, due: 0, sharing: 0, retrying: 0 });

  const distances = chats.map((chatId) => {
    const calls = simulator.callsOf(chatId);
    expect(calls.map(({ status, effect }) => ({ status, effect }))).toEqual([
      { status: 204, effect: 'prompt' },
      { status: 204, effect: 'prompt' },
    ]);
    const [first, second] = calls;
    return (second?.arrivedMonotonicMs ?? 0) - (first?.answeredMonotonicMs ?? Number.POSITIVE_INFINITY);
  });
  expect(simulator.calls).toHaveLength(2 * CHATS);
  expect(Math.min(...distances)).toBeGreaterThanOrEqual(WINDOW_MS);
  expect(simulator.deliveries.filter(({ state }) => state !== 'accepted')).toEqual([]);
  const { webhooks } = await readOverview(reactor.url);
  expect(webhooks.accepted).toBe(simulator.deliveries.length);
  console.info(
    `${simulator.deliveries.length} deliveries, ${simulator.calls.length} calls, ` +
      `second after ${Math.min(...distances).toFixed(1)} to ${Math.max(...distances).toFixed(1)} ms`,
  );
});
