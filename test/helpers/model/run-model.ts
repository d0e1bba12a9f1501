import fc from 'fast-check';
import { expect } from 'vitest';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import { checkAttempts, checkRows } from './checks.ts';
import { isGroup, lineOf, type Step, settings, steps } from './steps.ts';
import { recover, take } from './take.ts';
import type { World, WorldOptions } from './world.ts';

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

export interface ModelRun {
  readonly seed: number;
  readonly runs: number;
  readonly create: (options: Omit<WorldOptions, 'directory'>) => Promise<World>;
  /** What can't happen to such a world. */
  readonly without?: readonly Step['do'][];
  readonly maxCommands?: number;
  /** A shorter list isn't looked for: where time is real, it may do nothing. */
  readonly endOnFailure?: boolean;
}

/** @throws with the shortest list of steps after which a promise is broken, if it finds one */
export async function runModel(run: ModelRun) {
  const { seed, runs, create, without = [], maxCommands = 60, endOnFailure = false } = run;
  const reached = { seed, runs: 0, calls: 0, crashes: 0 };
  const possible = steps.filter((step) => !without.includes(step.do));
  const happenings = fc.commands([possible.map((step) => new Happening(step))], { maxCommands, size: 'max' });
  const property = fc.asyncProperty(settings, happenings, async ({ jitter, ...options }, commands) => {
    const mood = { usual: 'shared', card: 'active', lookUp: 'told', lineOf, isGroup } as const;
    const world = await create({
      ...options,
      cardTtlMs: 10 * MINUTE,
      promptMs: 5 * SECOND,
      mood: { ...mood, answers: [] },
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
  await fc.assert(property, { numRuns: runs, seed, endOnFailure });
  expect(reached.calls).toBeGreaterThan(runs * (maxCommands / 6)); // else there was nothing to break
  return { ...reached, commands: Happening.count, violations: 0 };
}
