import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the cluster that the run has for itself. */
    readonly postgresUrl: string;
  }
}

const INSTALLED = '/usr/lib/postgresql';
const MISSING = `PostgreSQL is not installed; these tests start a server of their own. On Debian: apt-get install postgresql`;

/** Starts a server for the run, in memory if there is some, reached only through a socket in its own directory. */
export default async function startCluster(project: TestProject): Promise<() => Promise<void>> {
  const bin = findPrograms();
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'reactor-postgres-'));
  const user = unprivileged();
  if (user !== null) chownSync(directory, user.uid, user.gid);
  const options = { cwd: directory, ...(user ?? {}) };
  const data = join(directory, 'data');
  execFileSync(
    join(bin, 'initdb'),
    [
      '--pgdata',
      data,
      '--username',
      'reactor',
      '--auth',
      'trust',
      '--encoding',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ],
    { ...options, stdio: 'pipe' },
  );
  const settings = { listen_addresses: '', unix_socket_directories: directory, max_connections: 200 };
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...given], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilReady(server);
  project.provide('postgresUrl', `postgres:///postgres?host=${directory}&user=reactor`);
  return async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGQUIT'); // nothing of it is kept
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
}

/** The newest that is installed. */
function findPrograms(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number).filter(Number.isInteger) : [];
  const newest = versions.toSorted((a, b) => b - a).map((version) => join(INSTALLED, String(version), 'bin'));
  const found = newest.find((bin) => existsSync(join(bin, 'initdb')));
  if (found === undefined) throw new Error(MISSING);
  return found;
}

/** PostgreSQL refuses to run as root. Null: we aren't. */
function unprivileged(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

async function untilReady(server: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.once('exit', () => reject(new Error(`the PostgreSQL of the tests did not start: ${said}`)));
    server.stderr?.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
      if (said.includes('ready to accept connections')) resolve();
    });
  });
}
