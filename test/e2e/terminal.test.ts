import { expect, it } from 'vitest';
import { runInTerminal } from '../helpers/terminal.ts';
import { isTooWide, startPlace } from '../helpers/terminal-place.ts';
import { runVerb } from '../helpers/verb.ts';

const ESCAPE = '\u001b';

/** That every verb keeps to every width is shown in `integration/cli/`, where no terminal is needed for it. */
it('a verb knows the width of its terminal, and doctor colours what is wrong, and tells what it is looking at; not so in a pipe', async () => {
  const { directory, env } = await startPlace();
  const plainly = { ...env, NO_COLOR: '1' };
  const [narrow, help, plain, piped] = await Promise.all([
    runInTerminal(directory, ['doctor'], [], { columns: 40, env }),
    runInTerminal(directory, ['demo', '--help'], [], { columns: 40, env }),
    runInTerminal(directory, ['status'], [], { columns: 40, env: plainly }),
    runVerb(directory, ['doctor'], env),
  ]);
  expect(narrow.code).toBe(4);
  for (const { lines } of [narrow, help]) {
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => isTooWide(line, 40))).toEqual([]);
  }
  expect(narrow.output).toContain(`${ESCAPE}[31m✗ error`);
  expect(narrow.output).toContain('\r… Linq API key');
  expect(narrow.lines.join('\n')).not.toContain('…'); // progress gave way
  expect(plain.code).toBe(0);
  expect(plain.output).not.toContain(ESCAPE);
  expect(piped).toMatchObject({ code: 4, stderr: '' });
  for (const mark of ['\r', '…', ESCAPE]) expect(piped.stdout).not.toContain(mark);
  expect(piped.stdout).toContain('✗ error    Linq API key\n           Linq rejects the API key (HTTP 401');
  // a warning where the tests' files are in memory, which is no place for data
  expect(piped.stdout).toMatch(/\n1 error(, 1 warning)?; \d+ checks are fine, 3 skipped\.\n$/);
});
