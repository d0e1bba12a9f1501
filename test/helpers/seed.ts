import { randomInt } from 'node:crypto';
import { createRandom } from '../../src/simulator/random.ts';

export interface Seeded {
  readonly seed: number;
  /** In [0, 1). */
  readonly random: () => number;
  /** A whole number from `from` to `to`, bounds included. */
  readonly between: (from: number, to: number) => number;
  readonly pick: <T>(items: readonly T[]) => T | undefined;
  readonly shuffle: <T>(items: readonly T[]) => T[];
}

/**
 * The randomness of a test. The environment's SEED repeats one; it is printed so that a failure can be repeated too
 * (as far as another process's timing lets it).
 * @param rerun the command that runs this test alone
 */
export function createSeeded(rerun: string): Seeded {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 32));
  console.info(`seed ${seed}; to repeat: SEED=${seed} ${rerun}`);
  const random = createRandom(seed);
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  return {
    seed,
    random,
    between,
    pick: (items) => items[between(0, items.length - 1)],
    shuffle(items) {
      const shuffled = [...items];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = between(0, i);
        const [a, b] = [shuffled[i], shuffled[j]];
        if (a !== undefined && b !== undefined) [shuffled[i], shuffled[j]] = [b, a];
      }
      return shuffled;
    },
  };
}
