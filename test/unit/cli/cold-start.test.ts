import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));
/** Of values, at the top of a file: what is imported inside a function isn't loaded by a start. */
const IMPORT = /^(?:import|export)\s+(?!type\b)[^;'"]*?from\s+'([^']+)'/gms;

/** Everything that is loaded with a file, packages and `node:` modules as they are named. */
function loadedWith(file: string, loaded = new Set<string>()): ReadonlySet<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    if (name.startsWith('.')) loadedWith(resolve(dirname(file), name), loaded);
    else loaded.add(name);
  }
  return loaded;
}

const packagesOf = (...files: string[]) =>
  [...new Set(files.flatMap((file) => [...loadedWith(join(SRC, file))]))].filter(
    (name) => !name.startsWith(SRC) && !name.startsWith('node:'),
  );

it('a start of the command line loads no package but the one that reads it', () => {
  expect(packagesOf('main.ts', 'cli/program.ts', 'cli/io.ts')).toEqual(['commander']);
});

it('nor do a look at the settings and a call of the service', () => {
  expect(packagesOf('cli/call-service.ts', 'cli/verb-settings.ts', 'config/load.ts')).toEqual(['commander']);
});
