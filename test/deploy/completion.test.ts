import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorkDir } from '../helpers/process.ts';
import { runVerb } from '../helpers/verb.ts';

/** What bash offers for a line, whose last word is being typed. */
async function complete(line: string): Promise<readonly string[]> {
  const directory = createWorkDir();
  const { stdout: script } = await runVerb(directory, ['completion', 'bash']);
  const words = line.split(' ');
  const driver = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_contact_card_reactor
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', driver], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('bash completes', () => {
  it.each([
    ['contact-card-reactor doc', ['doctor']],
    ['contact-card-reactor chat re', ['release']],
    ['contact-card-reactor --env-file x.env event s', ['sign', 'send']],
    ['contact-card-reactor doctor --', ['--strict', '--url', '--ca', '--no-round-trip', '--json', '--help']],
    ['contact-card-reactor completion ', ['bash', 'zsh', 'fish', '--install', '--help']],
    ['contact-card-reactor chat list --st', ['--state']],
    ['contact-card-reactor chat list --state ret', ['retired', 'retrying']],
    ['contact-card-reactor chat list --state = ret', ['retired', 'retrying']], // as bash splits --state=ret
    ['contact-card-reactor chat list --order =', ['asc', 'desc']],
    ['contact-card-reactor event sign --example message.f', ['message.failed']],
    ['contact-card-reactor chat show --url ', []], // a value: files, by bash itself
    ['contact-card-reactor nonsense --vers', ['--version']],
  ])('%s', async (line, offered) => {
    expect(await complete(line)).toEqual(offered);
  });

  it('each verb at the first word', async () => {
    const offered = await complete('contact-card-reactor ');
    for (const verb of ['serve', 'setup', 'doctor', 'status', 'chat', 'event', 'backup', 'completion'])
      expect(offered).toContain(verb);
  });
});

it.each(['--state=wai', '--state wai'])(
  'zsh, where it is installed, offers the values of %s',
  async (typed) => {
    const directory = createWorkDir();
    const { stdout: script } = await runVerb(directory, ['completion', 'zsh']);
    const driver = `compdef() { : }; compset() { : }; compadd() { print -r -- $@ }
${script}
words=(contact-card-reactor chat list ${typed}) CURRENT=$#words
_contact_card_reactor`;
    const { error, stdout, stderr } = spawnSync('zsh', ['-f', '-c', driver], { encoding: 'utf8' });
    if (error === undefined)
      expect([stdout, stderr]).toEqual([expect.stringMatching(/^-- .*\bwaiting\b/), '']);
  },
);

it.each(['bash', 'zsh', 'fish'])(
  '%s, where it is installed, finds no fault with its script',
  async (shell) => {
    const directory = createWorkDir();
    const { stdout } = await runVerb(directory, ['completion', shell]);
    const file = join(directory, `completion.${shell}`);
    writeFileSync(file, stdout);
    const { error, status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    const isMissing = error !== undefined && 'code' in error && error.code === 'ENOENT';
    expect(isMissing ? [0, ''] : [status, stderr]).toEqual([0, '']);
    expect(stdout.length).toBeGreaterThan(1_000);
  },
);
