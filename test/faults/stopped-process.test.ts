import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openStored } from '../helpers/database.ts';
import { SECRET } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { findBrokenPromises } from '../helpers/promises.ts';
import { startRig } from '../helpers/rig.ts';
import { readOverview, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

/** Longer than a call may last (15 s) and than Linq waits for an answer (10 s); a lease lasts 60 s. */
const STOPPED_MS = suiteCount(16) * 1000;
const CONCURRENCY = 16;
const DAY = 24 * 3_600_000;
/** What could not be read in time is repeated after a backoff of seconds. */
const CAUGHT_UP = { tries: 300, everyMs: 100 };

it(
  `stopped for ${STOPPED_MS / 1000} s amid calls and deliveries, it loses nothing and greets nobody twice`,
  async () => {
    const { simulator, reactor, directory } = await startRig({
      SHARE_CONCURRENCY: String(CONCURRENCY),
      SHARE_RATE_PER_LINE: '0',
    });
    simulator.subscribe({ targetUrl: `${reactor.url}/webhooks/linq`, signingSecret: SECRET });
    const chats: string[] = [];
    const begin = (count: number) => {
      for (let n = 0; n < count; n++) {
        const { chatId } = simulator.createChat({ line: LINES[n % LINES.length] ?? LINES[0] });
        simulator.sendMessage(chatId);
        chats.push(chatId);
      }
    };
    simulator.fail({ hang: true, times: 1 });
    const answerLate = simulator.fail({ latencyMs: 2_000 });
    begin(2 * CONCURRENCY);
    await simulator.when(() => simulator.calls.length === CONCURRENCY);

    process.kill(reactor.pid, 'SIGSTOP');
    begin(CONCURRENCY);
    for (const chatId of chats) simulator.sendMessage(chatId);
    await delay(STOPPED_MS);
    expect(simulator.calls).toHaveLength(CONCURRENCY);
    answerLate();
    process.kill(reactor.pid, 'SIGCONT');

    await until(
      async () => (await readOverview(reactor.url)).chats,
      ({ byState }) => byState.waiting === chats.length,
      CAUGHT_UP,
    );
    await simulator.settled();
    expect(new Set(simulator.deliveries.map(({ state }) => state))).toEqual(new Set(['accepted']));
    expect((await readOverview(reactor.url)).problems).toEqual([]);
    expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });

    const { chats: stored, attempts, close } = openStored(directory);
    close();
    for (const chatId of chats) {
      const sent = simulator.chat(chatId).messages.map(({ sentAt }) => sentAt);
      expect(stored.get(chatId)).toMatchObject({ firstOutboundAt: sent[0], lastOutboundAt: sent.at(-1) });
      expect(simulator.prompts(chatId)).toHaveLength(1);
    }
    expect(findBrokenPromises(simulator.calls, attempts, DAY)).toEqual([]);
    const outcomes = attempts.map(({ outcome }) => outcome ?? 'open');
    expect(outcomes.filter((outcome) => outcome === 'shared')).toHaveLength(chats.length);
    const unread = outcomes.length - chats.length;
    const again = simulator.deliveries.filter(({ attempts: { length } }) => length > 1).length;
    expect(unread).toBeGreaterThan(0); // else the stop was too short to put anything to the test
    expect(again).toBeGreaterThan(0);
    reportReached('stopped-process', {
      seconds: STOPPED_MS / 1000,
      chats: chats.length,
      unread,
      deliveredAgain: again,
      violations: 0,
    });
  },
  120_000 + STOPPED_MS,
);
