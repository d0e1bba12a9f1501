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

const SECONDS = suiteCount(60);
/** From the moment when the server accepts connections, until every replica takes deliveries. */
const RECOVERED_MS = 5_000;

it(
  `a database that crashes every 5 to 10 s for ${SECONDS} s loses nothing, and every replica is back by itself`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${SECONDS} npm run test:faults-postgres -- restarted-database`);
    const fleet = await startFleet({ seeded, connections: 6, restMs: 10, latencyMs: 30 });
    const { trial, server, balancer } = fleet;
    const { load } = trial;

    const recoveries: Recovered[] = [];
    for (const began = performance.now(); performance.now() - began < SECONDS * 1_000; ) {
      const run = load.run(balancer.url);
      await delay(seeded.between(3_000, 8_000));
      await server.stop();
      await delay(seeded.between(500, 2_000));
      await server.start();
      recoveries.push(await recovery(fleet));
      await fleet.endRound(run);
    }
    const stored = await fleet.finish();

    expect(findUnequalShares(fleet, stored)).toEqual([]);
    expect(findUnmadeCalls(fleet, stored)).toEqual([]);
    expect(summarize(recoveries).medianTakesMs).toBeLessThan(RECOVERED_MS);
    const figures = await fleet.figures(stored);
    expect(figures.unanswered).toBeGreaterThan(0); // else nothing was put to the test
    reportReached('restarted-database', {
      seed: seeded.seed,
      ...{ seconds: SECONDS, crashes: recoveries.length, ...summarize(recoveries) },
      ...figures,
      violations: 0,
    });
  },
  300_000 + SECONDS * 3_000,
);
