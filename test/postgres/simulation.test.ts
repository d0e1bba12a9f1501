import { expect, it } from 'vitest';
import { createReplicasWorld } from '../helpers/model/replicas-world.ts';
import { createPostgresHome } from '../helpers/postgres-home.ts';
import { createSeeded } from '../helpers/seed.ts';
import { simulate } from '../helpers/simulation/play.ts';
import { simulateReplicas } from '../helpers/simulation/replicas.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const RERUN =
  'npx vitest run --config test/vitest.config.ts --project postgres test/postgres/simulation.test.ts';
const SEEDS = suiteCount(2);
const CHATS = 12;
const DAYS = 6;
/** Each takes longer than minutes of replicas alone. */
const ACCOUNTS = Math.ceil(SEEDS / 2);

it(
  'breaks no promise with several replicas: kills, stops, pauses, no leader, and Linq in every mood',
  async () => {
    const { seed: first } = createSeeded(RERUN);
    const reached = { seeds: 0, calls: 0, kills: 0, violations: 0 };
    for (let index = 0; index < SEEDS; index++) {
      const seed = (first + index) >>> 0;
      const { open } = createPostgresHome();
      const replicas = 2 + (seed % 2);
      const played = await simulateReplicas({ seed, open, replicas, chats: 12, happenings: 40 });
      reached.violations += played.broken.length;
      expect(played.broken, `seed ${seed}; to repeat: SEED=${seed} SUITE_COUNT=1 ${RERUN}`).toEqual([]);
      reached.seeds++;
      reached.calls += played.calls;
      reached.kills += played.kills;
    }
    expect(reached.calls).toBeGreaterThan(10 * SEEDS); // else there was nothing to break
    reportReached('replicas', { seed: first, ...reached });
  },
  SEEDS * 120_000,
);

it(
  'breaks no promise in days of an account with two or three replicas: faults, outages, lost and late deliveries',
  async () => {
    const { seed: first } = createSeeded(RERUN);
    const reached = { seeds: 0, chatDays: 0, deliveries: 0, calls: 0, crashes: 0, violations: 0 };
    for (let index = 0; index < ACCOUNTS; index++) {
      const seed = (first + index) >>> 0;
      const { open, leases } = createPostgresHome();
      const { broken, calls, deliveries, crashes } = await simulate({
        ...{ seed, chats: CHATS, days: DAYS, isStepped: false },
        create: (options) =>
          createReplicasWorld({ ...options, replicas: 2 + (seed % 2), open, readLeases: leases }),
      });
      reached.violations += broken.length;
      expect(broken, `seed ${seed}; to repeat: SEED=${seed} SUITE_COUNT=1 ${RERUN}`).toEqual([]);
      reached.seeds++;
      reached.chatDays += CHATS * DAYS;
      reached.deliveries += deliveries;
      reached.calls += calls.length;
      reached.crashes += crashes;
    }
    expect(reached.calls).toBeGreaterThan(ACCOUNTS); // else nothing happened that could break
    reportReached('replicas-simulation', { seed: first, ...reached });
  },
  ACCOUNTS * 240_000,
);
