import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('../../../src/simulator/', import.meta.url);

it('uses nothing of the service but the clock and the names of durations, so that it is independent evidence', () => {
  const imports = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/from '(\.\.\/[^']+)'/g)].map(
      ([, path]) => path,
    ),
  );
  expect([...new Set(imports)].sort()).toEqual(['../clock.ts', '../decide/duration.ts']);
});
