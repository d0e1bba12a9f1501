import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { findUnequalShares, startFleet } from '../helpers/fleet.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const KILLS = suiteCount(60);
const CHECK_EVERY = 10;

it(
  `three replicas, of which one is killed ${KILLS} times under load, keep what they answered and repeat no share`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${KILLS} npm run test:faults-postgres -- killed-replica`);
    const fleet = await startFleet({ seeded, connections: 6, restMs: 10, latencyMs: 30 });
    const { trial, members, balancer } = fleet;
    const { load, simulator } = trial;

    const nexts = members.map((_, index) => fleet.prepare(index));
    let kills = 0;
    while (kills < KILLS) {
      const run = load.run(balancer.url);
      for (let n = 0; n < CHECK_EVERY && kills < KILLS; n++) {
        const index = seeded.between(0, members.length - 1);
        const [victim, next] = [members[index], nexts[index]];
        if (victim === undefined || next === undefined) continue;
        if (seeded.random() < 0.3) simulator.fail({ drop: 'after', times: 1 });
        await delay(seeded.between(20, 900));
        expect(await fleet.end(victim, 'SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
        kills++;
        nexts[index] = fleet.prepare(index); // loads while the others live
        await fleet.enter(victim, next);
      }
      await run.stop();
      await fleet.check();
    }
    for (const next of nexts) await next.end('SIGKILL');
    const stored = await fleet.finish();

    expect(findUnequalShares(fleet, stored)).toEqual([]);
    const figures = await fleet.figures(stored);
    expect(figures.interrupted).toBeGreaterThan(0); // else nothing was put to the test
    reportReached('killed-replica', { seed: seeded.seed, kills, ...figures, violations: 0 });
  },
  300_000 + KILLS * 6_000,
);
