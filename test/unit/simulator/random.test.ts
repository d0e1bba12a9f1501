import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, createRandomness } from '../../../src/simulator/random.ts';

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

describe('the randomness of one seed', () => {
  it('gives the same ids again, all different, in the forms that Linq has', () => {
    const ids = (seed: number) => {
      const randomness = createRandomness(seed);
      return Array.from({ length: 200 }, () => [randomness.uuid('chat'), randomness.trace('call')]);
    };
    expect(ids(7)).toEqual(ids(7));
    expect(new Set([...ids(7), ...ids(8)].flat()).size).toBe(800);
    for (const [uuid, trace] of ids(7)) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(trace).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it('keeps kinds apart: more of one does not change another', () => {
    const [once, again] = [createRandomness(7), createRandomness(7)];
    once.uuid('message');
    once.numbers('pages')();
    expect(once.uuid('chat')).toBe(again.uuid('chat'));
    expect(once.numbers('losses')()).toBe(again.numbers('losses')());
  });
});
