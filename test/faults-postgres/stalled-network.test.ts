import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  findUnequalShares,
  findUnmadeCalls,
  type Recovered,
  recovery,
  startFleet,
  summarize,
} from '../helpers/fleet.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const FAULTS = suiteCount(10);
/** Shorter than a lease of 60 s and than the 10 s after which a transaction is given up, and longer than that. */
const LONGEST_MS = 14_000;

it(
  `a network that stalls or is cut between the database and one replica or all, ${FAULTS} times, loses nothing`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${FAULTS} npm run test:faults-postgres -- stalled-network`);
    const fleet = await startFleet({ seeded, connections: 6, restMs: 10, latencyMs: 30 });
    const { trial, members, balancer } = fleet;
    const { load } = trial;

    const recoveries: Recovered[] = [];
    let stalls = 0;
    for (let fault = 0; fault < FAULTS; fault++) {
      const run = load.run(balancer.url);
      await delay(seeded.between(200, 2_000));
      const one = seeded.pick(members);
      const struck = one === undefined || seeded.random() < 0.4 ? members : [one];
      const isStall = seeded.random() < 0.5;
      for (const { proxy } of struck) isStall ? proxy.stall() : proxy.cut();
      if (isStall) stalls++;
      await delay(LONGEST_MS * seeded.random() ** 2);
      for (const { proxy } of struck) proxy.mend();
      recoveries.push(await recovery(fleet));
      await fleet.endRound(run);
    }
    const stored = await fleet.finish();

    expect(findUnequalShares(fleet, stored)).toEqual([]);
    expect(findUnmadeCalls(fleet, stored)).toEqual([]);
    const figures = await fleet.figures(stored);
    expect(figures.unanswered).toBeGreaterThan(0); // else nothing was put to the test
    reportReached('stalled-network', {
      seed: seeded.seed,
      ...{ faults: FAULTS, stalls, ...summarize(recoveries) },
      ...figures,
      violations: 0,
    });
  },
  300_000 + FAULTS * 30_000,
);
