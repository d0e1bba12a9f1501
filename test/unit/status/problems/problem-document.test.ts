import { describe, expect, it } from 'vitest';
import { renderProblems } from '../../../../docs/generate/problems.ts';
import { PROBLEM_WORDS } from '../../../../src/status/problems/problem-words.ts';
import { run } from '../../cli/terminal.ts';

const CODES = Object.keys(PROBLEM_WORDS).toSorted();
const document = renderProblems();

describe('docs/problems.md', () => {
  it('has a chapter on every problem, by which links find it, and on nothing else', () => {
    const chapters = [...document.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    expect(chapters.toSorted()).toEqual(CODES);
  });

  it('links only to chapters that it has', () => {
    const links = [...document.matchAll(/\]\(#(\w+)\)/g)].map(([, code]) => code);
    expect(links.filter((code) => !CODES.includes(code ?? ''))).toEqual([]);
  });

  const commands = [...document.matchAll(/`contact-card-reactor ([a-z][^`]*)`/g)].map(
    ([, verb = '']) => verb,
  );
  it.each([...new Set(commands)])('names a command that there is: %s', async (command) => {
    const verb = command.replaceAll(/ [A-Z_]+\b/g, ' x');
    const { code, out } = await run(`${verb} --help`);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: contact-card-reactor ${verb.split(' ')[0]}`);
  });
});
