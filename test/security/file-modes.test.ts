import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { runVerb, settingsOf } from './canary-traffic.ts';

/** A shell that forbids nothing by itself, and becomes the service. */
const LAX = ['sh', '-c', 'umask 000; exec "$0" "$@"'];

/** Modes by path, of everything below the directory. */
function modesBelow(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    names.sort().map((name) => [name, (statSync(join(directory, name)).mode & 0o777).toString(8)]),
  );
}

it('what the service keeps is for its own user alone, however lax the umask', async () => {
  const directory = createWorkDir();
  const reactor = await startReactor(directory, {}, LAX);
  await deliver(reactor.url, message2026({ isOutbound: false }));

  const running = {
    data: '700',
    [join('data', 'reactor.db.cli-token')]: '600',
    [join('data', 'reactor.db')]: '600',
    [join('data', 'reactor.db-shm')]: '600',
    [join('data', 'reactor.db-wal')]: '600',
    [join('data', 'reactor.db.lock')]: '600',
  };
  expect(modesBelow(directory)).toEqual(running);

  await runVerb(directory, settingsOf('http://127.0.0.1:9'), 'backup', 'copy.db');
  expect(modesBelow(directory)).toEqual({ ...running, 'copy.db': '600' });
  rmSync(join(directory, 'copy.db'));

  const token = readToken(directory);
  expect(token).toMatch(/^[\w-]{43}\n$/); // 256 bits

  // killed, it leaves all of them; made lax, they are put right at the next start
  await reactor.end('SIGKILL');
  for (const [name, mode] of Object.entries(running))
    if (mode === '600') chmodSync(join(directory, name), 0o666);
  const again = await startReactor(directory, {}, LAX);
  expect(modesBelow(directory)).toEqual(running);

  expect(readToken(directory)).toMatch(/^[\w-]{43}\n$/);
  expect(readToken(directory)).not.toBe(token);

  // the token for the command line ends with the service
  await again.end('SIGTERM');
  expect(Object.keys(modesBelow(directory))).not.toContain(join('data', 'reactor.db.cli-token'));
});

const readToken = (directory: string) =>
  readFileSync(join(directory, 'data', 'reactor.db.cli-token'), 'utf8');
