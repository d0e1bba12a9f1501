import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createFakeWall } from '../helpers/faketime.ts';
import { type Fleet, findUnequalShares, findUnmadeCalls, startFleet } from '../helpers/fleet.ts';
import { createWorkDir } from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { readOverview, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const MINUTE = 60_000;
const FAR_MS = 10 * MINUTE;
/** Longer than it takes a replica to look at the database's clock again. */
const SAMPLED_MS = 1_500;
/** Longer than a window. */
const LONG_MS = 3_000;
/**
 * How far the clocks of the three replicas are off, or that of the database. One replica at least is right, since one that
 * is wrong can't judge signatures. The database's take minutes, so they come before a release only.
 */
const CASES = [
  { replicas: [FAR_MS, 0, 0] },
  { replicas: [0, -FAR_MS, 0] },
  { replicas: [FAR_MS, 0, -FAR_MS] },
  { replicas: [-FAR_MS, -FAR_MS, 0] },
  { database: FAR_MS },
  { database: -FAR_MS },
];
const COUNT = suiteCount(4);
const LOAD = { connections: 3, restMs: 20, latencyMs: 30, chatsPerRun: 30 };

it(
  `clocks of replicas or of the database that are off by 10 min, ${COUNT} times, make no share early, and lose nothing that was answered 204`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${COUNT} npm run test:faults-postgres -- wrong-clocks`);
    const total = { cases: 0, chats: 0, acked: 0, refused: 0, unanswered: 0, calls: 0, attempts: 0 };

    async function finish(fleet: Fleet): Promise<void> {
      const stored = await fleet.finish();
      expect(findUnequalShares(fleet, stored)).toEqual([]);
      expect(findUnmadeCalls(fleet, stored)).toEqual([]);
      const { chats, acked, unanswered, calls, attempts } = await fleet.figures(stored);
      const refused = fleet.trial.load.answers.get(401) ?? 0;
      const of = { cases: 1, chats, acked, refused, unanswered, calls, attempts };
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += of[name];
    }

    async function setReplicas(offs: readonly number[]): Promise<void> {
      const walls = offs.map(() => createFakeWall(createWorkDir()));
      const fleet = await startFleet({
        ...{ seeded, ...LOAD },
        isRefusalRepeated: true, // until a replica knows that its own clock is wrong, it calls deliveries stale
        settingsOf: (index) => walls[index]?.settings ?? {},
      });
      const { trial, balancer } = fleet;
      const run = trial.load.run(balancer.url);
      await trial.simulator.when(() => trial.simulator.calls.length > 10);
      for (const [index, wall] of walls.entries()) wall.set(offs[index] ?? 0); // while they run
      await delay(seeded.between(3_000, 6_000));
      await run.stop();
      await finish(fleet);
    }

    /** Replicas that have known better go on; once each of them has begun by the wrong clock, nothing is shared. */
    async function setDatabase(offMs: number): Promise<void> {
      const fleet = await startFleet({ ...{ seeded, ...LOAD }, maxShares: 6, isClockOurs: true });
      const { trial, balancer, members, server } = fleet;
      const { calls } = trial.simulator;
      const run = trial.load.run(balancer.url);
      await trial.simulator.when(() => calls.length > 10);
      server.setClock(offMs);
      await delay(SAMPLED_MS);
      const seen = calls.length;
      await trial.simulator.when(() => calls.length > seen + LOAD.chatsPerRun); // more than may have been under way
      for (const [index, member] of members.entries()) {
        const next = fleet.prepare(index);
        expect(await fleet.end(member, 'SIGTERM')).toEqual({ code: 0, signal: null });
        await fleet.enter(member, next);
      }
      for (const { url } of members)
        await until(
          () => readOverview(url ?? ''),
          ({ problems }) => problems.some(({ code }) => code === 'clock_skew'),
        );
      const before = calls.length;
      await delay(LONG_MS);
      expect(calls).toHaveLength(before);
      server.setClock(0);
      await run.stop();
      await finish(fleet);
      expect(calls.length).toBeGreaterThan(before);
    }

    const play = ({ replicas, database }: { replicas?: readonly number[]; database?: number }) =>
      database === undefined ? setReplicas(replicas ?? []) : setDatabase(database);
    for (let n = 0; n < COUNT; n++) await play(CASES[n % CASES.length] ?? {});
    expect(total.refused + total.unanswered).toBeGreaterThan(0); // those that were wrong sent deliveries elsewhere
    reportReached('wrong-clocks', { seed: seeded.seed, ...total, violations: 0 });
  },
  300_000 + COUNT * 90_000,
);
