import { expect, it } from 'vitest';
import { isTooWide, startPlace } from '../../helpers/terminal-place.ts';
import { runVerbHere } from '../../helpers/verb-here.ts';

const RED = '\u001b[31m';
const VERBS = ['status', 'doctor', 'chat list'];

/** Without colours, and without progress that another text has replaced. */
function linesOf(text: string): string[] {
  return text
    .split('\u001b')
    .map((part, index) => (index === 0 ? part : part.replace(/^\[[0-9;]*m/, '')))
    .join('')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1));
}

it.each([40, 160])('on a terminal of %d columns every verb keeps to its width', async (columns) => {
  const { directory, env } = await startPlace();
  for (const verb of VERBS) {
    const { code, stdout } = await runVerbHere(directory, verb.split(' '), env, {
      isTerminal: true,
      columns,
    });
    const lines = linesOf(stdout);
    expect([verb, code]).toEqual([verb, verb === 'doctor' ? 4 : 0]);
    expect(lines.length, verb).toBeGreaterThan(3);
    expect([verb, lines.filter((line) => isTooWide(line, columns))]).toEqual([verb, []]);
    if (verb !== 'doctor') continue;
    expect(stdout).toContain(`${RED}✗ error`);
    expect(lines.join('\n')).not.toContain('…');
  }
});
