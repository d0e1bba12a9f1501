import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { findUnequalShares, findUnmadeCalls, startFleet } from '../helpers/fleet.ts';
import { withClient } from '../helpers/postgres-home.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const ENDED = suiteCount(100);
const CHECK_EVERY = 25;

it(
  `connections that the server ends, ${ENDED} of them, lose nothing and repeat nothing`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${ENDED} npm run test:faults-postgres -- ended-connections`);
    const fleet = await startFleet({ seeded, connections: 6, restMs: 10, latencyMs: 30 });
    const { trial, server, balancer } = fleet;
    const { load } = trial;

    /** Rather one that is in a transaction. */
    const endOne = () =>
      withClient(server.url, async (client) => {
        const { rowCount } = await client.query(
          `SELECT pg_terminate_backend(pid) FROM (
            SELECT pid FROM pg_stat_activity WHERE application_name = 'contact-card-reactor'
              ORDER BY xact_start IS NULL, md5(pid || $1) LIMIT 1
          ) one`,
          [String(seeded.random())],
        );
        return rowCount ?? 0;
      });

    let ended = 0;
    while (ended < ENDED) {
      const run = load.run(balancer.url);
      for (let n = 0; n < CHECK_EVERY && ended < ENDED; n++) {
        await delay(seeded.between(20, 300));
        ended += await endOne();
      }
      await fleet.endRound(run);
    }
    const stored = await fleet.finish();

    expect(findUnequalShares(fleet, stored)).toEqual([]);
    expect(findUnmadeCalls(fleet, stored)).toEqual([]);
    const figures = await fleet.figures(stored);
    expect(figures.interrupted).toBe(0);
    reportReached('ended-connections', { seed: seeded.seed, ended, ...figures, violations: 0 });
  },
  300_000 + ENDED * 3_000,
);
