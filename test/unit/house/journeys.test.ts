import { expect, it } from 'vitest';
import { filesThatRan } from '../../house/journeys.ts';

const SRC = 'file:///tree/src/';
const ran = (functionName: string, startOffset: number, count: number) => ({
  functionName,
  ranges: [{ startOffset, endOffset: startOffset + 10, count }],
});

it('a file runs when a function of it does, not when it is loaded or only counted', () => {
  const scripts = [
    { url: `${SRC}a.ts`, functions: [ran('', 0, 1), ran('named', 5, 2)] },
    { url: `${SRC}part/b.ts?query`, functions: [ran('', 3, 1)] },
    { url: `${SRC}loaded.ts`, functions: [ran('', 0, 1)] },
    { url: `${SRC}idle.ts`, functions: [ran('', 0, 1), ran('never', 5, 0)] },
  ];
  expect(filesThatRan(scripts, SRC)).toEqual(['a.ts', 'part/b.ts']);
});
