import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROBLEM_WORDS } from '../../../src/status/problems/problem-words.ts';
import { findFault } from '../../deploy/commands.ts';

const SOURCE = new URL('../../../src/', import.meta.url).pathname;
const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(SOURCE, file), 'utf8') }));

/** As the program's own words name them, problems' words included. */
const commands = [
  ...sources.flatMap(({ file, text }) =>
    [...text.matchAll(/`contact-card-reactor ((?:-*[\w-]+|\$\{\w+\})(?: (?:-*[\w-]+|\$\{\w+\}))*)\\?`/g)].map(
      ([, words = '']) => ({ file, words }),
    ),
  ),
  ...Object.entries(PROBLEM_WORDS).flatMap(([file, { message, remedy }]) =>
    [...`${message} ${remedy}`.matchAll(/`contact-card-reactor ([^`]+)`/g)].map(([, words = '']) => ({
      file,
      words,
    })),
  ),
];

describe('commands that the program tells people to run', () => {
  it('are found', () => {
    expect(commands.length).toBeGreaterThan(30);
    expect(commands.map(({ words }) => words)).toContain('setup --recreate');
    expect(commands.map(({ file }) => file)).toContain('line_flagged');
  });

  it.each(commands)(
    'are ones that there are, with their options: $words ($file)',
    async ({ file, words }) => {
      expect(await findFault({ file, words: words.replaceAll(/\$\{.*?\}/g, 'X').split(' ') })).toBeNull();
    },
  );

  it('would be found wrong if they were', async () => {
    expect(await findFault({ file: '', words: ['setup', '--recreat'] })).toBe('no option --recreat');
  });

  it('are named, not described: nobody is to let setup do what only an option makes it do', () => {
    const vague = sources.filter(({ text }) => /let (it|setup) recreate|`setup` recreate/.test(text));
    expect(vague.map(({ file }) => file)).toEqual([]);
  });
});
