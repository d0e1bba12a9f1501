import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the cluster that the run has for itself. */
    readonly postgresUrl: string;
    /** The same through PgBouncer in transaction mode. */
    readonly poolerUrl: string;
  }
}

const INSTALLED = '/usr/lib/postgresql';
const MISSING =
  'PostgreSQL or PgBouncer is not installed; these tests start their own. On Debian: apt-get install postgresql pgbouncer';

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
  await untilSaid(server, 'ready to accept connections');
  project.provide('postgresUrl', `postgres:///postgres?host=${directory}&user=reactor`);
  const pooler = await startPooler(directory, options);
  project.provide('poolerUrl', `postgres://localhost:${POOLER_PORT}/postgres?host=${directory}&user=reactor`);
  return async () => {
    for (const started of [pooler, server]) await end(started);
    rmSync(directory, { recursive: true, force: true });
  };
}

/** The newest that is installed. */
function findPrograms(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number).filter(Number.isInteger) : [];
  const newest = versions.toSorted((a, b) => b - a).map((version) => join(INSTALLED, String(version), 'bin'));
  const found = newest.find((bin) => existsSync(join(bin, 'initdb')));
  if (found === undefined || !existsSync(POOLER)) throw new Error(MISSING);
  return found;
}

/** PostgreSQL refuses to run as root. Null: we aren't. */
function unprivileged(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** Names a socket; nothing listens on the network. */
const POOLER_PORT = 6432;
const POOLER = '/usr/sbin/pgbouncer';

/** Hands out a connection for each transaction, so that no two of a store need have the same. */
async function startPooler(directory: string, options: { cwd: string }): Promise<ChildProcess> {
  const settings = {
    listen_port: POOLER_PORT,
    unix_socket_dir: directory,
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: 3,
    max_client_conn: 200,
    admin_users: 'reactor',
    server_check_query: '',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const config = join(directory, 'pgbouncer.ini');
  writeFileSync(
    config,
    ['[databases]', `* = host=${directory} user=reactor`, '[pgbouncer]', ...lines, ''].join('\n'),
  );
  const pooler = spawn(POOLER, [config], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  await untilSaid(pooler, 'process up');
  return pooler;
}

async function end(started: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => started.once('exit', resolve));
  started.kill('SIGQUIT'); // nothing of it is kept
  await ended;
}

async function untilSaid(started: ChildProcess, words: string): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    started.once('exit', () => reject(new Error(`a server of the tests did not start: ${said}`)));
    started.stderr?.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
      if (said.includes(words)) resolve();
    });
  });
}
