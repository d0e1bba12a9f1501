import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { findUnequalShares, startFleet } from '../helpers/fleet.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

/** How many replicas freeze, at the same time, since each costs more than a minute. */
const FROZEN_AT_ONCE = 10;
const STOPS = suiteCount(10);
/** Longer than a lease (60 s), which the others then take over. */
const FROZEN_MS = 66_000;

it(
  `replicas that are frozen amid calls for longer than a lease, ${STOPS} of them, change nothing when they go on`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${STOPS} npm run test:faults-postgres -- frozen-replica`);
    const replicas = FROZEN_AT_ONCE + 1;
    const fleet = await startFleet({ seeded, replicas, connections: 6, restMs: 20, latencyMs: 400 });
    const { trial, members, balancer } = fleet;
    const { load, simulator } = trial;

    let stops = 0;
    while (stops < STOPS) {
      const before = simulator.calls.length;
      const run = load.run(balancer.url);
      await simulator.when(() => simulator.calls.length > before + 2 * replicas);
      const frozen = seeded.shuffle(members).slice(0, Math.min(FROZEN_AT_ONCE, STOPS - stops));
      for (const { running } of frozen) {
        process.kill(running.pid, 'SIGSTOP');
        await delay(seeded.between(0, 200)); // each at another point
      }
      const unfrozen = members.filter((member) => !frozen.includes(member));
      balancer.setTargets(unfrozen.flatMap(({ url }) => url ?? [])); // as a health check would
      await delay(FROZEN_MS);
      for (const { running } of frozen) process.kill(running.pid, 'SIGCONT');
      balancer.setTargets(members.flatMap(({ url }) => url ?? []));
      stops += frozen.length;
      await fleet.endRound(run);
    }
    const stored = await fleet.finish();

    expect(findUnequalShares(fleet, stored)).toEqual([]);
    const figures = await fleet.figures(stored);
    expect(figures.interrupted).toBeGreaterThan(0); // else nothing was put to the test
    const lost = fleet.everyone.flatMap((one) => one.log()).filter(({ msg }) => msg === 'attempt.lease_lost');
    reportReached('frozen-replica', {
      seed: seeded.seed,
      ...{ stops, leasesLost: lost.length },
      ...figures,
      violations: 0,
    });
  },
  300_000 + STOPS * 60_000,
);
