import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The paths of files and folders that a document names in code: between backticks, and in drawings. */
function pathsIn(text: string): readonly string[] {
  const drawings = [...text.matchAll(/^```\n([\s\S]*?)^```/gm)].map(([, drawing = '']) => drawing);
  const drawn = drawings.flatMap(
    (drawing) => drawing.match(/[\w.-]+(?:\/[\w.-]+)*\.ts\b|(?<!\S)[\w-]+\/(?!\S)/g) ?? [],
  );
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  const named = [...prose.matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => /^\.?\w[\w.-]*(\/[\w.-]+)*\/?$/.test(code))
    .filter((code) => code.includes('/') || /\.(ts|mjs|md|json)$/.test(code));
  return [...new Set([...drawn, ...named])];
}

/** Documents name a file from the project's root, or from `src/`. */
const isThere = (path: string) => ['', 'src'].some((folder) => existsSync(join(ROOT, folder, path)));

describe.each(['docs/architecture.md', 'CONTRIBUTING.md'])('%s', (document) => {
  const paths = pathsIn(read(document));

  it('names only files and folders that there are', () => {
    expect(paths.length).toBeGreaterThan(3);
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });
});

it('docs/architecture.md names functions only where they are', () => {
  const claims = [...read('docs/architecture.md').matchAll(/`(\w+)` in `([\w./-]+\.ts)`/g)].map(
    ([claim, name = '', path = '']) => ({ claim, name, path }),
  );
  const wrong = claims.filter(({ name, path }) => !new RegExp(`\\b${name}\\b`).test(read(`src/${path}`)));
  expect(claims.length).toBeGreaterThan(3);
  expect(wrong).toEqual([]);
});

it('docs/architecture.md names every folder of src/', () => {
  const text = read('docs/architecture.md');
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(folders.length).toBeGreaterThan(10);
  expect(folders.map(({ name }) => `${name}/`).filter((folder) => !text.includes(`\`${folder}\``))).toEqual(
    [],
  );
});

it('a path in a table or a drawing is found, a route or a package is none', () => {
  const text = [
    'See `src/a.ts`, `dispatch/`, `test/x/y.test.ts`, `.ci/run`, `GET /status`, `/healthz`, `a.b` and `@scope/name`.',
    '```',
    'Linq ──POST──▶ webhook/route.ts ─▶ store/',
    '```',
    '```sh',
    'npx vitest test/none.test.ts',
    '```',
  ].join('\n');
  expect(pathsIn(text)).toEqual([
    'webhook/route.ts',
    'store/',
    'src/a.ts',
    'dispatch/',
    'test/x/y.test.ts',
    '.ci/run',
  ]);
});
