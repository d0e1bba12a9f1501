import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ShareCall } from '../../src/simulator/shares.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { knowChat, type Rig, startRig } from '../helpers/rig.ts';
import { readOverview, until } from '../helpers/status.ts';
import { suiteCount } from '../helpers/suite.ts';

const SECOND = 1_000;
/** The other chats have their cards within this. */
const PROMPT_MS = 5 * SECOND;
/** How long the busy dispatcher is measured, in seconds. */
const MEASURED_S = suiteCount(15);

/** A message of ours in each of so many new chats. */
async function write({ simulator, reactor }: Rig, count: number, line: string, isFailing = false) {
  const chatIds = Array.from({ length: count }, () => randomUUID());
  for (const chatId of chatIds) {
    knowChat(simulator, { chatId, line });
    if (isFailing) simulator.fail({ chatId, status: 500 });
    await deliver(reactor.url, message2026({ chatId, line, sentAt: Date.now() }));
  }
  return chatIds;
}

it('shares with new chats within five seconds, however long ten others on their line have been failing', async () => {
  const rig = await startRig({ SHARE_RATE_PER_LINE: '0' });
  const [line] = LINES;
  const failing = await write(rig, 10, line, true);
  const isOpen = async () => (await readOverview(rig.reactor.url)).problems.map(({ code }) => code);
  await until(isOpen, (codes) => codes.includes('api_unavailable'));
  for (const quietMs of [0, 25 * SECOND, 0]) {
    await delay(quietMs); // the probes of the breaker come ever more rarely
    const writtenAt = performance.now();
    const fresh = await write(rig, 3, line);
    const shared = () => fresh.flatMap((chatId): readonly ShareCall[] => rig.simulator.sharesOf(chatId));
    await Promise.race([rig.simulator.when(() => shared().length === 3), delay(90 * SECOND)]);
    expect(performance.now() - writtenAt).toBeLessThan(PROMPT_MS);
  }
  for (const chatId of failing) expect(rig.simulator.callsOf(chatId).length).toBeGreaterThan(0);
  await until(isOpen, (codes) => !codes.includes('api_unavailable'));
});

/** CPU time of a process so far, in seconds. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

it(
  'uses next to no CPU while a hundred lines without a card wait for slow looks at it',
  async () => {
    const lines = Array.from({ length: 100 }, (_, index) => `+1202555${1000 + index}`);
    const rig = await startRig({ CARD_TTL: '10s' }, { lines: [] });
    for (const line of lines) rig.simulator.addLine(line, { card: 'none' });
    for (const line of lines) await write(rig, 1, line);
    const cards = async () => (await readOverview(rig.reactor.url)).lines.map(({ card }) => card.state);
    await until(cards, (seen) => seen.filter((card) => card === 'missing').length === lines.length);
    rig.simulator.fail({ route: 'contact_card', latencyMs: 12 * SECOND });
    await delay(11 * SECOND); // all of them are to be looked at again
    const before = cpuSeconds(rig.reactor.pid);
    await delay(MEASURED_S * SECOND);
    const share = (cpuSeconds(rig.reactor.pid) - before) / MEASURED_S;
    console.info(JSON.stringify({ measuredS: MEASURED_S, cpuOfOneCore: share }));
    expect(share).toBeLessThan(0.05);
  },
  120_000 + MEASURED_S * SECOND,
);
