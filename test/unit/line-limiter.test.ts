import { expect, it } from 'vitest';
import { createLineLimiter } from '../../src/log.ts';

it('writes ten lines a second and tells with the next one how many were left out', () => {
  const limiter = createLineLimiter();
  const inSecond = (start: number, lines: number) =>
    Array.from({ length: lines }, (_, i) => limiter.admit(start + i));
  expect(inSecond(5_000, 25)).toEqual([...Array(10).fill(0), ...Array(15).fill(null)]);
  expect(limiter.admit(5_999)).toBeNull();
  expect(inSecond(6_000, 3)).toEqual([16, 0, 0]);
  expect(inSecond(60_000, 11)).toEqual([...Array(10).fill(0), null]);
});
