import { it } from 'vitest';
import { createReplicasWorld } from '../helpers/model/replicas-world.ts';
import { runModel } from '../helpers/model/run-model.ts';
import { createPostgresHome } from '../helpers/postgres-home.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const RERUN = 'npx vitest run --config test/vitest.config.ts --project postgres test/postgres/model.test.ts';
const RUNS = suiteCount(3);

it(
  'breaks no promise and forgets no chat with two or three replicas, whatever happens to whichever of them',
  async () => {
    const { seed } = createSeeded(RERUN);
    let count = 0;
    const reached = await runModel({
      ...{ seed, runs: RUNS, maxCommands: 40, endOnFailure: true },
      without: ['step', 'back up', 'restore'], // of clocks, and of what only a file has, other tests tell
      create: (options) => {
        const { open, leases } = createPostgresHome();
        return createReplicasWorld({ ...options, replicas: 2 + (count++ % 2), open, readLeases: leases });
      },
    });
    reportReached('replicas-model', reached);
  },
  RUNS * 120_000,
);
