import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const DIST = new URL('../../dist/', import.meta.url);
const FILES = readdirSync(DIST).filter((name) => name.endsWith('.js'));

const read = (name: string) => readFileSync(new URL(name, DIST), 'utf8');

/** The files that a file imports when it is loaded, not those that it may import later. */
function importsOf(name: string): readonly string[] {
  const imports = read(name).matchAll(/^(?:import|export)\s(?:[^;'"]*?\sfrom\s*)?"\.\/([^"]+)";?$/gm);
  return [...imports].flatMap(([, file]) => file ?? []);
}

function loadedWith(names: readonly string[]): ReadonlySet<string> {
  const loaded = new Set<string>();
  const load = (name: string) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const imported of importsOf(name)) load(imported);
  };
  for (const name of names) load(name);
  return loaded;
}

const filesWith = (folder: string) => FILES.filter((name) => read(name).includes(`node_modules/${folder}/`));

it('a service with a SQLite file loads nothing of the client of PostgreSQL', () => {
  const loaded = loadedWith(['main.js', ...FILES.filter((name) => name.startsWith('app-'))]);
  expect(filesWith('fastify').filter((name) => loaded.has(name))).not.toEqual([]); // else this would find nothing ever
  expect(filesWith('pg')).not.toEqual([]);
  expect(filesWith('pg').filter((name) => loaded.has(name))).toEqual([]);
});

/** By its beginning of the file's name, as the build names what a verb imports when it runs. */
const LIGHT: readonly (readonly [verb: string, files: readonly string[]])[] = [
  ['--version and --help', ['program', 'io', 'start-failure']],
  ['config check', ['program', 'io', 'start-failure', 'verb-settings', 'load']],
  ['healthcheck, status', ['program', 'io', 'start-failure', 'verb-settings', 'call-service']],
];

it.each(LIGHT)('%s: loads commander and few files of its own, no other package', (_verb, names) => {
  const loaded = loadedWith(['main.js', ...names.map((name) => FILES.find(isNamed(name)) ?? name)]);
  const packages = new Set(
    [...loaded].flatMap((name) =>
      [...read(name).matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, found]) => found),
    ),
  );
  expect([...packages].filter((found) => found !== 'commander')).toEqual([]);
  expect([...loaded].some((name) => read(name).includes('from "better-sqlite3"'))).toBe(false);
  expect(loaded.size).toBeLessThanOrEqual(40);
});

const isNamed = (name: string) => (file: string) => new RegExp(`^${name}-[A-Z0-9]{8}\\.js$`).test(file);
