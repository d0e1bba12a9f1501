import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createFakeWall } from '../helpers/faketime.ts';
import { findUnequalShares, findUnmadeCalls, startFleet } from '../helpers/fleet.ts';
import { createWorkDir } from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const MINUTE = 60_000;
const FAR_MS = 10 * MINUTE;
/** How far the replicas' clocks are off; one at least is right, since one that is wrong can't judge signatures. */
const CASES = [
  [FAR_MS, 0, 0],
  [0, -FAR_MS, 0],
  [FAR_MS, 0, -FAR_MS],
  [-FAR_MS, -FAR_MS, 0],
];
const COUNT = suiteCount(4);

it(
  `replicas whose clocks are off by 10 min, ${COUNT} times, make no share early, and lose nothing that was answered 204`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${COUNT} npm run test:faults-postgres -- wrong-clocks`);
    const total = { cases: 0, chats: 0, acked: 0, refused: 0, unanswered: 0, calls: 0, attempts: 0 };
    const play = async (offs: readonly number[]) => {
      const walls = offs.map(() => createFakeWall(createWorkDir()));
      const fleet = await startFleet({
        seeded,
        connections: 3,
        restMs: 20,
        latencyMs: 30,
        chatsPerRun: 30,
        isRefusalRepeated: true, // until a replica knows that its own clock is wrong, it calls deliveries stale
        settingsOf: (index) => walls[index]?.settings ?? {},
      });
      const { trial, balancer } = fleet;
      const run = trial.load.run(balancer.url);
      await trial.simulator.when(() => trial.simulator.calls.length > 10);
      for (const [index, wall] of walls.entries()) wall.set(offs[index] ?? 0); // while they run
      await delay(seeded.between(3_000, 6_000));
      await run.stop();
      const stored = await fleet.finish();
      expect(findUnequalShares(fleet, stored)).toEqual([]);
      expect(findUnmadeCalls(fleet, stored)).toEqual([]);
      const { chats, acked, unanswered, calls, attempts } = await fleet.figures(stored);
      const refused = trial.load.answers.get(401) ?? 0;
      const of = { cases: 1, chats, acked, refused, unanswered, calls, attempts };
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += of[name];
    };
    for (let n = 0; n < COUNT; n++) await play(CASES[n % CASES.length] ?? []);
    expect(total.refused + total.unanswered).toBeGreaterThan(0); // those that were wrong sent deliveries elsewhere
    reportReached('wrong-clocks', { seed: seeded.seed, ...total, violations: 0 });
  },
  300_000 + COUNT * 90_000,
);
