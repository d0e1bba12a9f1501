import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSources } from '../../house/imports.ts';
import { withoutComments } from '../../house/recipes.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SOURCES = readSources(join(ROOT, 'src'));

interface Recipe {
  readonly title: string;
  /** The words that stand for its example in the code. */
  readonly words: readonly string[];
  /** The files to touch, in the first column of its table. */
  readonly files: readonly string[];
}

/** A recipe: its title, a line "Follow `example`", and a table whose first column names files. */
function recipesIn(text: string): readonly Recipe[] {
  const [, chapter = ''] = text.split(/^## Recipes$/m);
  const sections = (chapter.split(/^## /m)[0] ?? '').split(/^### /m).slice(1);
  return sections.map((section) => ({
    title: section.split('\n')[0] ?? '',
    words: codeIn(/^Follow (.*?)[.:]$/m.exec(section)?.[1] ?? ''),
    files: [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => codeIn(cell)),
  }));
}

const codeIn = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

const patternOf = (words: readonly string[]) =>
  new RegExp(words.map((word) => `(?<!\\w)${word.replaceAll('.', '\\.')}(?!\\w)`).join('|'));

/** Below `src/`, comments aside. */
function sourcesWith(words: readonly string[]): readonly string[] {
  const pattern = patternOf(words);
  return SOURCES.filter(({ text }) => pattern.test(withoutComments(text))).map(({ name }) => `src/${name}`);
}

/** Of a folder: of the files that stand in it. */
function textOf(path: string): string {
  const full = join(ROOT, path);
  if (!statSync(full).isDirectory()) return readFileSync(full, 'utf8');
  const files = readdirSync(full, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => readFileSync(join(full, name), 'utf8')).join('\n');
}

const RECIPES = recipesIn(readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8'));

it('there are five recipes, each with an example and its files', () => {
  expect(RECIPES.map(({ title }) => title)).toEqual([
    'A setting',
    'A problem',
    'A hold',
    'An event type',
    'A store method',
  ]);
  expect(RECIPES.filter(({ words, files }) => words.length === 0 || files.length < 2)).toEqual([]);
});

describe.each(RECIPES)('the recipe for: $title', ({ words, files }) => {
  it('names files that there are', () => {
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('names exactly the source files in which its example stands', () => {
    const named = files.filter((file) => file.startsWith('src/'));
    expect(named.toSorted()).toEqual(sourcesWith(words).toSorted());
  });

  it('names other files only if its example stands in them', () => {
    const others = files.filter((file) => !file.startsWith('src/'));
    const pattern = patternOf(words);
    expect(others.filter((file) => !pattern.test(textOf(file)))).toEqual([]);
  });
});
