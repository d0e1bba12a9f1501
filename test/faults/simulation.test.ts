import { expect, it } from 'vitest';
import { createModelDirectory } from '../helpers/model/directory.ts';
import { createWorld } from '../helpers/model/world.ts';
import { createSeeded } from '../helpers/seed.ts';
import { simulate } from '../helpers/simulation/play.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const RERUN = 'npx vitest run --config test/vitest.config.ts --project faults test/faults/simulation.test.ts';
const SEEDS = suiteCount(6);
const CHATS = 30;
const DAYS = 30;
/** Of so many seeds one is played twice. */
const TWICE_EVERY = 25;

it(
  'breaks no promise in a month of an account: faults, outages, lost and late deliveries, other settings',
  async () => {
    const { seed: first } = createSeeded(RERUN);
    const directory = await createModelDirectory();
    const reached = {
      seeds: 0,
      chatDays: 0,
      deliveries: 0,
      lost: 0,
      calls: 0,
      crashes: 0,
      twice: 0,
      violations: 0,
    };
    try {
      for (let index = 0; index < SEEDS; index++) {
        const seed = (first + index) >>> 0;
        const isStepped = seed % 4 === 3;
        const play = () =>
          simulate({
            ...{ seed, chats: CHATS, days: DAYS, isStepped },
            create: (options) => createWorld({ ...options, directory: directory.fresh() }),
          });
        const { broken, calls, deliveries, lost, crashes } = await play();
        reached.violations += broken.length;
        expect(broken, `seed ${seed}; to repeat: SEED=${seed} SUITE_COUNT=1 ${RERUN}`).toEqual([]);
        if (index % TWICE_EVERY === 0) {
          expect((await play()).calls, `seed ${seed}, played twice`).toEqual(calls);
          reached.twice++;
        }
        reached.seeds++;
        reached.chatDays += CHATS * DAYS;
        reached.deliveries += deliveries;
        reached.lost += lost;
        reached.calls += calls.length;
        reached.crashes += crashes;
      }
      expect(reached.calls).toBeGreaterThan(100 * SEEDS); // else nothing happened that could break
    } finally {
      directory.remove();
      reportReached('simulation', { seed: first, ...reached });
    }
  },
  SEEDS * 20_000,
);
