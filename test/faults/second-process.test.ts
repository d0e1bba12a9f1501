import { expect, it } from 'vitest';
import { openStored } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, type Exit, type Held, hold } from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const ROUNDS = suiteCount(6);
const STARTS = 3;

/** Of several that start at once the one that listens; the others, told why they don't, have ended. */
async function findWinner(starting: readonly Held[]): Promise<{ winner: Held; url: string; losers: Held[] }> {
  const outcomes = await Promise.all(
    starting.map(async (process) => ({ process, url: await process.listening.catch(() => null) })),
  );
  const [winner, ...others] = outcomes.filter(({ url }) => url !== null);
  expect(others).toEqual([]); // else two write to one file
  if (winner?.url == null) throw new Error(starting.map((process) => process.output()).join('\n---\n'));
  return {
    ...winner,
    url: winner.url,
    winner: winner.process,
    losers: starting.filter((one) => one !== winner.process),
  };
}

it(
  `lets exactly one of ${STARTS} processes have a database, ${ROUNDS} times, and the next one after its end by kill -9`,
  async () => {
    const { seed } = createSeeded(`SUITE_COUNT=${ROUNDS} npm run test:faults -- second-process`);
    const directory = createWorkDir();
    const chats: string[] = [];
    let next = Array.from({ length: STARTS }, () => hold(directory));
    for (let round = 1; round <= ROUNDS; round++) {
      const starting = next;
      if (round < ROUNDS) next = starting.map(() => hold(directory));
      for (const process of starting) process.go();
      const { winner, url, losers } = await findWinner(starting);
      for (const loser of losers) {
        expect(await loser.exited).toEqual({ code: 1, signal: null } satisfies Exit);
        expect(loser.output()).toContain('another process works on');
      }
      const chatId = `chat-${round}`;
      chats.push(chatId);
      expect((await deliver(url, message2026({ chatId }))).status).toBe(204);
      await winner.end('SIGKILL');
      const stored = openStored(directory);
      expect([...stored.chats.keys()].sort()).toEqual([...chats].sort());
      expect(stored.integrity()).toBe('ok');
      stored.close();
    }
    reportReached('second-process', {
      seed,
      rounds: ROUNDS,
      refused: ROUNDS * (STARTS - 1),
      kills: ROUNDS,
      violations: 0,
    });
  },
  60_000 + ROUNDS * 10_000,
);
