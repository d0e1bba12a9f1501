import { it } from 'vitest';
import { createModelDirectory } from '../helpers/model/directory.ts';
import { runModel } from '../helpers/model/run-model.ts';
import { createWorld, type WorldOptions } from '../helpers/model/world.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const RERUN = 'npx vitest run --config test/vitest.config.ts --project faults test/faults/model.test.ts';
const RUNS = suiteCount(150);

it(
  'breaks no promise and forgets no chat, whatever happens in whatever order',
  async () => {
    const { seed } = createSeeded(RERUN);
    const directory = await createModelDirectory();
    try {
      const create = (options: Omit<WorldOptions, 'directory'>) =>
        createWorld({ ...options, directory: directory.fresh() });
      reportReached('model', await runModel({ seed, runs: RUNS, create }));
    } finally {
      directory.remove();
    }
  },
  RUNS * 2_000,
);
