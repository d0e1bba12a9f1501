import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../src/decide/time.ts';
import { checkAttempts, checkRows } from '../helpers/model/checks.ts';
import { createModelDirectory } from '../helpers/model/directory.ts';
import { isGroup, lineOf, type Step, settings, steps } from '../helpers/model/steps.ts';
import { recover, take } from '../helpers/model/take.ts';
import { createWorld, type World } from '../helpers/model/world.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const RERUN = 'npx vitest run --config test/vitest.config.ts --project faults test/faults/model.test.ts';
const RUNS = suiteCount(150);

interface Model {
  wallOffMs: number;
}

/** One thing that happens; afterwards everything stored is compared with what has to follow from what happened. */
class Happening implements fc.AsyncCommand<Model, World> {
  static count = 0;
  readonly step: Step;

  constructor(step: Step) {
    this.step = step;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    Happening.count++;
    if (this.step.do === 'step') model.wallOffMs += this.step.ms;
    await take(world, this.step);
    await checkRows(world.oracle, world.store(), world.trueNow());
    expect(world.oracle.broken).toEqual([]);
  }

  toString(): string {
    return JSON.stringify(this.step, (_, value: unknown) => (value instanceof Set ? [...value] : value));
  }
}

it(
  'breaks no promise and forgets no chat, whatever happens in whatever order',
  async () => {
    const { seed } = createSeeded(RERUN);
    const directory = await createModelDirectory();
    const reached = { runs: 0, calls: 0, crashes: 0 };
    const happenings = fc.commands([steps.map((step) => new Happening(step))], {
      maxCommands: 60,
      size: 'max',
    });
    const property = fc.asyncProperty(settings, happenings, async ({ jitter, ...options }, commands) => {
      const mood = { usual: 'shared', card: 'active', lookUp: 'told', lineOf, isGroup } as const;
      const world = await createWorld({
        ...options,
        cardTtlMs: 10 * MINUTE,
        promptMs: 5 * SECOND,
        mood: { ...mood, answers: [] },
        directory: directory.fresh(),
        random: () => jitter,
      });
      const model: Model = { wallOffMs: 0 };
      try {
        await fc.asyncModelRun(() => ({ model, real: world }), commands);
        await recover(world, model.wallOffMs);
        await checkRows(world.oracle, world.store(), world.trueNow());
        const { attemptRetentionMs: ms } = options;
        await checkAttempts(world.oracle, world.store(), ms === 0 ? 0 : world.trueNow() - ms);
        expect(world.oracle.broken).toEqual([]);
      } finally {
        await world.close();
        reached.runs++;
        reached.calls += world.oracle.log.length;
        reached.crashes += world.crashes();
      }
    });
    try {
      await fc.assert(property, { numRuns: RUNS, seed });
      expect(reached.calls).toBeGreaterThan(10 * RUNS); // else there was nothing to break
      reportReached('model', { seed, ...reached, commands: Happening.count, violations: 0 });
    } finally {
      directory.remove();
    }
  },
  RUNS * 2_000,
);
