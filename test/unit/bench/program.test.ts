import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BUILT } from '../../../bench/program.ts';

it.each(Object.values(BUILT))('%s is built from a source that exists', (path) => {
  const source = path.replace(/^dist/, 'src').replace(/\.js$/, '.ts');
  expect(existsSync(new URL(`../../../${source}`, import.meta.url)), source).toBe(true);
});
