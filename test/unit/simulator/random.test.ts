import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRandom } from '../../../src/simulator/random.ts';

const draw = (seed: number, count: number) => Array.from({ length: count }, createRandom(seed));

it('gives the same numbers for the same seed, all of them in [0, 1)', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const numbers = draw(seed, 50);
      expect(draw(seed, 50)).toEqual(numbers);
      expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    }),
  );
});

it('spreads evenly enough to stand for a probability', () => {
  const below = draw(7, 10_000).filter((number) => number < 0.3).length;
  expect(below).toBeGreaterThan(2_850);
  expect(below).toBeLessThan(3_150);
});
