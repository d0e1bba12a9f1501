import { createRandom } from '../../../src/simulator/random.ts';

export interface Dice {
  /** In [0, 1). */
  readonly random: () => number;
  /** In [from, to), whole. */
  readonly between: (from: number, to: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(first: T, ...others: T[]) => T;
}

export function createDice(seed: number): Dice {
  const random = createRandom(seed);
  return {
    random,
    between: (from, to) => from + Math.floor(random() * (to - from)),
    chance: (probability) => random() < probability,
    pick: (...items) => items[Math.floor(random() * items.length)] ?? items[0],
  };
}
