import { describe, expect, it } from 'vitest';
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

it('of a shell that isn’t known is refused with 2', async () => {
  const { code, out, err } = await run('completion powershell');
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain('bash, zsh, fish');
});
