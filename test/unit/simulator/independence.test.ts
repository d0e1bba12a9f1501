import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('../../../src/simulator/', import.meta.url);

it('uses nothing of the service but the clock and the names of durations, so that it is independent evidence', () => {
  const imports = readdirSync(folder).flatMap((file) => [
    ...readFileSync(new URL(file, folder), 'utf8').matchAll(/^import ([^;]*?) from '(\.\.\/[^']+)'/gm),
  ]);
  expect([...new Set(imports.map(([, , path]) => path))].sort()).toEqual([
    '../clock.ts',
    '../decide/time.ts',
  ]);

  const ofTime = imports.filter(([, , path]) => path === '../decide/time.ts');
  const names = ofTime.flatMap(([, named = '']) => named.match(/\b(?!type\b)\w+/g) ?? []);
  expect(names).toContain('SECOND');
  expect(names.filter((name) => !['EpochMs', 'SECOND', 'MINUTE', 'HOUR', 'DAY'].includes(name))).toEqual([]);
});
