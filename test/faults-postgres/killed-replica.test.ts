import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { findUnequalShares, type Member, startFleet } from '../helpers/fleet.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const KILLS = suiteCount(60);
const CHECK_EVERY = 10;

it(
  `three replicas, that are killed ${KILLS} times under load, keep what they answered and repeat no share`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${KILLS} npm run test:faults-postgres -- killed-replica`);
    const fleet = await startFleet({ seeded, connections: 6, restMs: 10, latencyMs: 30 });
    const { trial, members, balancer } = fleet;
    const { load, simulator } = trial;

    const nexts = members.map((_, index) => fleet.prepare(index)); // they load while others live
    const there = new Set(members);
    let kills = 0;
    let goal = 0;
    /** Each replica is killed again and again while others begin, as long as one of them is there. */
    async function killOften(member: Member, index: number): Promise<void> {
      while (kills < goal) {
        kills++;
        if (seeded.random() < 0.3) simulator.fail({ drop: 'after', times: 1 });
        await delay(seeded.between(20, 900));
        while (there.size === 1) await delay(10);
        there.delete(member);
        expect(await fleet.end(member, 'SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
        const entering = fleet.enter(member, nexts[index] ?? fleet.prepare(index));
        nexts[index] = fleet.prepare(index);
        await entering;
        there.add(member);
      }
    }

    while (kills < KILLS) {
      goal = Math.min(KILLS, goal + CHECK_EVERY);
      const run = load.run(balancer.url);
      await Promise.all(members.map(killOften));
      await fleet.endRound(run);
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
