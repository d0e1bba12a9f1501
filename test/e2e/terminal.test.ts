import { describe, expect, it } from 'vitest';
import { deliver, message2026, SECRET } from '../helpers/deliver.ts';
import { LINES } from '../helpers/deliveries.ts';
import { STATUS_TOKEN } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { runInTerminal, type Session } from '../helpers/terminal.ts';
import { runVerb } from '../helpers/verb.ts';

const [LINE = ''] = LINES;
const ESCAPE = '\u001b';

/** A running service with some chats, and its settings for the command line. */
async function startPlace() {
  const { simulator, reactor, directory } = await startRig();
  const chats = ['6f2a9c4e-1b7d-4e83-a5c0-9d3f7b1e2a64', '9c5dcf71-4eaa-4bb6-98f3-c06cae4b5d97'];
  for (const chatId of chats)
    await deliver(reactor.url, message2026({ chatId, line: LINE, sentAt: Date.now() - 1_000 }));
  const env = {
    LINQ_API_KEY: 'not-the-key', // an error to look at
    LINQ_API_BASE_URL: simulator.baseUrl,
    LINQ_WEBHOOK_SECRET: SECRET,
    PUBLIC_URL: reactor.url,
    STATUS_TOKEN,
    PORT: new URL(reactor.url).port,
  };
  return { directory, env };
}

const VERBS = [['status'], ['doctor'], ['chat', 'list'], ['demo', '--help']] as const;

/** A word that is longer than what is left of a line stays whole, as an address that has to be copied; so does usage. */
function isTooWide(line: string, columns: number): boolean {
  const words = line
    .trim()
    .split(' ')
    .filter((word) => !/^([·✓!✗→-]|[A-Z]+)?$/.test(word));
  return !line.startsWith('Usage:') && [...line].length > columns && words.length > 1;
}

describe.each([40, 160])('on a terminal of %d columns', (columns) => {
  it('every verb keeps to its width, and colours what is wrong', async () => {
    const { directory, env } = await startPlace();
    const sessions = new Map<string, Session>();
    for (const verb of VERBS)
      sessions.set(verb.join(' '), await runInTerminal(directory, verb, [], { columns, env }));
    for (const [verb, { code, lines }] of sessions) {
      expect([verb, code]).toEqual([verb, verb === 'doctor' ? 4 : 0]);
      expect(lines.length, verb).toBeGreaterThan(3);
      expect([verb, lines.filter((line) => isTooWide(line, columns))]).toEqual([verb, []]);
    }
    expect(sessions.get('doctor')?.output).toContain(`${ESCAPE}[31m✗ error`);
    expect(sessions.get('doctor')?.lines.join('\n')).not.toContain('…'); // progress gave way
  });

  it('with NO_COLOR nothing but text is printed', async () => {
    const { directory, env } = await startPlace();
    for (const verb of VERBS) {
      const { output } = await runInTerminal(directory, verb, [], {
        columns,
        env: { ...env, NO_COLOR: '1' },
      });
      expect(output, verb.join(' ')).not.toContain(ESCAPE);
    }
  });
});

it('doctor tells on a terminal what it is looking at, and in a pipe it doesn’t', async () => {
  const { directory, env } = await startPlace();
  const { output } = await runInTerminal(directory, ['doctor'], [], { columns: 80, env });
  expect(output).toContain('\r… Linq API key');
  const piped = await runVerb(directory, ['doctor'], env);
  expect(piped).toMatchObject({ code: 4, stderr: '' });
  for (const mark of ['\r', '…', ESCAPE]) expect(piped.stdout).not.toContain(mark);
  expect(piped.stdout).toContain('✗ error    Linq API key\n           Linq rejects the API key (HTTP 401');
  expect(piped.stdout).toMatch(/\n1 error; \d+ checks are fine, 3 skipped\.\n$/);
});
