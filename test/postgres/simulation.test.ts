import { expect, it } from 'vitest';
import { createPostgresHome } from '../helpers/postgres-home.ts';
import { createSeeded } from '../helpers/seed.ts';
import { simulateReplicas } from '../helpers/simulation/replicas.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const RERUN =
  'npx vitest run --config test/vitest.config.ts --project postgres test/postgres/simulation.test.ts';
const SEEDS = suiteCount(2);

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
