import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run } from '../terminal.ts';

describe.each(['bash', 'zsh', 'fish'])('completion %s', (shell) => {
  it('knows every verb, subverb and option', async () => {
    const { code, out, err } = await run(`completion ${shell}`);
    expect([code, err]).toEqual([0, '']);
    for (const word of [
      'serve',
      'doctor',
      'chat',
      'list',
      'release',
      'completion',
      'strict',
      'round-trip',
      'env-file',
      'opted_out',
      'last_message',
      'message.received',
    ])
      expect(out).toContain(word);
    expect(out.endsWith('\n')).toBe(true);
    expect(out).not.toContain('\u001b');
  });

  it('has balanced quotes in every line', async () => {
    const { out } = await run(`completion ${shell}`);
    for (const line of out.split('\n')) {
      if (line.trimStart().startsWith('#')) continue;
      const bare = line
        .replaceAll("'\\''", '')
        .replaceAll("\\'", '')
        .replaceAll(/"[^"]*"/g, '');
      expect(bare.split("'").length % 2, line).toBe(1);
    }
  });
});

describe.each([
  ['bash', '.bashrc', '.local/share/contact-card-reactor/completion.bash'],
  ['zsh', '.zshrc', '.local/share/contact-card-reactor/completion.zsh'],
  ['fish', null, '.config/fish/conf.d/contact-card-reactor.fish'],
] as const)('completion %s --install', (shell, startFile, script) => {
  it('writes the script where the shell finds it, once, and says so', async () => {
    const home = mkdtempSync(join(tmpdir(), 'completion-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const read = (name: string) => readFileSync(join(home, name), 'utf8');
    if (startFile !== null) writeFileSync(join(home, startFile), 'alias ll="ls -l"');
    const install = () => run(`completion ${shell} --install`, { env: { HOME: home } });
    const first = await install();
    expect([first.code, first.err]).toEqual([0, '']);
    expect(first.out).toContain(`Wrote ${join(home, script)}.`);
    expect(read(script)).toBe((await run(`completion ${shell}`)).out);
    const start = startFile === null ? null : read(startFile);
    if (start !== null)
      expect(start).toMatch(/^alias ll="ls -l"\n\[ .*completion\.\w+'; \} # completion of .*\n$/);
    const second = await install();
    expect(second.out.match(/is up to date\./g)).toHaveLength(startFile === null ? 1 : 2);
    if (startFile !== null) expect(read(startFile)).toBe(start);
  });
});

describe('completion --install', () => {
  it('leaves every byte of a start file as it was, and ignores places that aren’t absolute paths', async () => {
    const home = mkdtempSync(join(tmpdir(), 'completion-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const startFile = join(home, '.bashrc');
    const mine = Buffer.from('# caf\xe9\r\nalias a=b', 'latin1');
    writeFileSync(startFile, mine);
    const env = { HOME: home, XDG_DATA_HOME: '', XDG_CONFIG_HOME: 'relative' };
    expect((await run('completion bash --install', { env })).code).toBe(0);
    expect((await run('completion fish --install', { env })).code).toBe(0);
    const written = readFileSync(startFile);
    expect(written.subarray(0, mine.length).equals(mine)).toBe(true);
    expect(written.subarray(mine.length).toString()).toContain(`. '${home}/.local/share/`);
    expect(existsSync(join(home, '.config/fish/conf.d/contact-card-reactor.fish'))).toBe(true);
  });
});

it('of a shell that isn’t known is refused with 2', async () => {
  const { code, out, err } = await run('completion powershell');
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain('bash, zsh, fish');
});
