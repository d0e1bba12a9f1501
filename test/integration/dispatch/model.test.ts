import fc from 'fast-check';
import { expect, it } from 'vitest';
import { startReactor } from '../../helpers/reactor.ts';
import { createOracle } from './model.ts';
import { ANSWERS, settings, steps } from './model-steps.ts';
import { recover, take, type World, watch } from './model-world.ts';

/** RUNS=5000 for a longer search; a failure prints the seed. */
const RUNS = Number(process.env.RUNS ?? 150);

it(
  'breaks no promise and forgets no chat, whatever happens in whatever order',
  async () => {
    const history = fc.array(steps, { minLength: 5, maxLength: 40 });
    const property = fc.asyncProperty(settings, history, async ({ shareGroups, ...options }, all) => {
      const policy = { idleAfterMs: 0, shareGroups };
      const reactor = await startReactor({ ...options, policy });
      const world: World = { reactor, oracle: createOracle(), answer: ANSWERS.shared, wallOffMs: 0 };
      watch(world);
      for (const step of all) await take(world, step);
      await recover(world);
      await world.reactor.crash();
      expect(world.oracle.broken).toEqual([]);
    });
    await fc.assert(property, { numRuns: RUNS });
  },
  RUNS * 2_000,
);
