import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { findUnequalShares, findUnmadeCalls, startFleet } from '../helpers/fleet.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const LOST = suiteCount(30);
const CHECK_EVERY = 10;
/** What commits: transactions at their end, and the one statement that records deliveries. */
const COMMITS = ['COMMIT', 'COMMIT', '.chats '];

it(
  `no answer that is lost after its commit, ${LOST} of them, counts, calls or loses anything twice`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${LOST} npm run test:faults-postgres -- lost-answers`);
    const fleet = await startFleet({ seeded, connections: 6, restMs: 10, latencyMs: 30 });
    const { trial, members, balancer } = fleet;
    const { load } = trial;

    let lost = 0;
    while (lost < LOST) {
      const run = load.run(balancer.url);
      for (let n = 0; n < CHECK_EVERY && lost < LOST; n++) {
        await delay(seeded.between(20, 500));
        const proxy = seeded.pick(members)?.proxy;
        proxy?.loseAnswerTo(seeded.pick(COMMITS) ?? 'COMMIT');
        await proxy?.lost();
        lost++;
      }
      await fleet.endRound(run);
    }
    const stored = await fleet.finish();

    expect(findUnequalShares(fleet, stored)).toEqual([]);
    expect(findUnmadeCalls(fleet, stored)).toEqual([]);
    const figures = await fleet.figures(stored);
    expect(figures.interrupted).toBe(0); // claims that nobody heard of were withdrawn
    reportReached('lost-answers', { seed: seeded.seed, lost, ...figures, violations: 0 });
  },
  300_000 + LOST * 6_000,
);
