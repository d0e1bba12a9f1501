import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../src/cli/program.ts';
import { createFakeIo, run } from './terminal.ts';

const PACKAGE: { version: string } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
);

/** What `serve` says when it is started without any setting. */
const SERVE_WANTS_SETTINGS = /^2 settings are wrong:\n/;

describe('a command line without a verb', () => {
  it.each(['', '--env-file /settings', '--env-file=/settings'])('"%s" is serve', async (commandLine) => {
    const { code, err } = await run(commandLine, { files: { '/settings': '' } });
    expect(code).toBe(3);
    expect(err).toMatch(SERVE_WANTS_SETTINGS);
  });

  it('is serve named', async () => {
    expect(await run('')).toEqual(await run('serve'));
  });
});

describe('an unknown verb', () => {
  it.each([
    ['serv', 'serve'],
    ['srve --json', 'serve'],
    ['--env-file /settings serv', 'serve'],
    ['statsu --json', 'status'],
    ['simulat --port 1', 'simulate'],
    ['config chek', 'check'],
  ])('%s: did you mean %s?', async (commandLine, meant) => {
    const { code, out, err } = await run(commandLine, { files: { '/settings': '' } });
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: unknown command '\w+'\n/);
    expect(err).toContain(`(Did you mean ${meant}?)`);
    expect(err).toContain('--help');
  });

  it('like nothing is refused without a guess', async () => {
    const { code, err } = await run('xylophone');
    expect(code).toBe(2);
    expect(err).toContain("unknown command 'xylophone'");
    expect(err).not.toContain('Did you mean');
  });
});

it('what is wrong is told without what could steer the terminal', async () => {
  const { code, err } = await run('event sign no\u001b[31m\u009bfile');
  expect(code).toBe(2);
  expect(err).toBe('no�[31m�file can’t be read (ENOENT).\n');
});

describe('a wrong option or argument', () => {
  it.each(['--bogus', 'serve --bogus', 'config show --jsno', 'serve now', '--env-file'])(
    '%s ends with 2 and says where help is',
    async (commandLine) => {
      const { code, out, err } = await run(commandLine);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/^error: /);
      expect(err).toContain('(add --help for usage)');
    },
  );
});

describe('questions about the program itself', () => {
  it.each(['--version', '-V'])('%s prints the version of the package', async (commandLine) => {
    expect(await run(commandLine)).toEqual({ code: 0, out: `${PACKAGE.version}\n`, err: '' });
  });

  it.each(['--help', '-h', 'help'])('%s lists the verbs', async (commandLine) => {
    const { code, out, err } = await run(commandLine);
    expect([code, err]).toEqual([0, '']);
    for (const verb of ['serve', 'demo', 'status', 'chat', 'config', 'simulate', 'healthcheck'])
      expect(out).toMatch(new RegExp(`^  ${verb}\\b`, 'm'));
  });

  it.each(['serve --help', 'help serve'])('%s is about the verb', async (commandLine) => {
    const { code, out } = await run(commandLine);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: contact-card-reactor serve /);
  });
});

it('an error that nobody foresaw isn’t taken for one that somebody did', async () => {
  const io = {
    ...createFakeIo(),
    write() {
      throw new RangeError('out of paper');
    },
  };
  await expect(runCommandLine(['config', 'show'], io)).rejects.toThrow(RangeError);
});

it('nothing that is printed has colours', async () => {
  const printed = await Promise.all(
    ['--help', 'config show', 'config check', 'serv'].map((line) => run(line, { isTerminal: true })),
  );
  expect(printed.map(({ out, err }) => out + err).join('')).not.toContain('\u001b');
});
