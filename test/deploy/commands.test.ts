import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALL_SETTINGS } from '../../src/config/settings.ts';
import { findCommands, findFault } from './commands.ts';
import { inTree } from './program.ts';

/** Files under these paths, with their text. */
function read(...paths: readonly string[]) {
  return paths
    .flatMap((path) => {
      if (statSync(inTree(path)).isFile()) return [path];
      return readdirSync(inTree(path), { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
    })
    .filter((path) => statSync(inTree(path)).isFile() && !/\.(png|svg|json)$/.test(path))
    .map((path) => ({ path, text: readFileSync(inTree(path), 'utf8') }));
}

describe('command lines in what is shipped and told', () => {
  const commands = read('README.md', 'docs', 'deploy').flatMap(({ path, text }) => findCommands(path, text));

  it('are found where they are', () => {
    const found = (file: string) =>
      commands.filter((command) => command.file === file).map(({ words }) => words.join(' '));
    expect(found('deploy/systemd/contact-card-reactor.service')).toContain('serve');
    expect(found('deploy/systemd/contact-card-reactor')).toContain('status');
    expect(found('deploy/docker/compose.yaml')).toEqual(expect.arrayContaining(['setup', 'doctor']));
    expect(found('docs/deploy.md').length).toBeGreaterThan(5);
    expect(found('docs/operating.md').length).toBeGreaterThan(15);
    expect(found('docs/upgrading.md')).toContain('migrate --check');
    expect(found('README.md').length).toBeGreaterThan(5);
  });

  it('name verbs and options that there are', async () => {
    const faults = await Promise.all(
      commands.map(async (command) => ({ ...command, fault: await findFault(command) })),
    );
    expect(faults.filter(({ fault }) => fault !== null)).toEqual([]);
  });

  it('would be found wrong if they were', async () => {
    const text =
      'Run `contact-card-reactor bakcup` or `npx contact-card-reactor status --jsn`, `sudo contact-card-reactor chat hold|drop ID`.';
    const faults = await Promise.all(findCommands('x.md', text).map(findFault));
    expect(faults).toEqual(['no verb bakcup', 'no option --jsn', null, 'no chat drop']);
  });
});

/** Names of other programs' variables, and of what isn't one. */
const OTHERS =
  /^(AF_|LITESTREAM_|POSTGRES_|NODE_(ENV|VERSION)$|PUBLIC_HOST$|NET_BIND_SERVICE$|CHAT_ID$|(NEW|OLD)_VERSION$|TOKEN_FILE$)/;

it('settings named in what is shipped, and in what is told of it, are ones that there are, as a file only secrets', () => {
  const names = ALL_SETTINGS.flatMap(({ name, aliases, isSecret }) =>
    [name, ...aliases].flatMap((one) => (isSecret ? [one, `${one}_FILE`] : [one])),
  );
  const told = read('deploy', 'docs/deploy.md', 'docs/operating.md', 'docs/upgrading.md').flatMap(
    ({ path, text }) =>
      [...text.matchAll(/(?<![\w$@./-])[A-Z]{2,}(?:_[A-Z0-9]+)+\b/g)].map(([name]) => ({ path, name })),
  );
  const unknown = told.filter(({ name }) => !OTHERS.test(name) && !names.includes(name));
  expect(told.length).toBeGreaterThan(20);
  expect(unknown).toEqual([]);
});

it('lines of the log that are explained are ones that the service writes', () => {
  const [, table = ''] = (read('docs/operating.md')[0]?.text ?? '').split('| line | means |');
  const rows = table.split('\n\n')[0]?.split('\n').slice(2) ?? [];
  const names = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+\.[a-z]+)`/g)].map(([, name]) => name),
  );
  const written = read('src')
    .map(({ text }) => text)
    .join('\n');
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !written.includes(`'${name}'`))).toEqual([]);
});
