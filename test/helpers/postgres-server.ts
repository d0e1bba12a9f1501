import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeWall } from './faketime.ts';

const INSTALLED = '/usr/lib/postgresql';
export const POOLER = '/usr/sbin/pgbouncer';
const MISSING =
  'PostgreSQL or PgBouncer is not installed; these tests start their own. On Debian: apt-get install postgresql pgbouncer';

/** The superuser of the tests' servers. */
export const OWNER = 'reactor';

export interface PostgresServer {
  /** With its socket; removed by `remove`. */
  readonly directory: string;
  /** How programs of the server's user are started. */
  readonly options: { readonly cwd: string };
  /** Of the superuser, through the socket. */
  readonly url: string;
  /** @param settings in addition, for this run of it */
  start(settings?: Readonly<Record<string, string | number>>): Promise<void>;
  stop(): Promise<void>;
  /** From now on its clock is so far from ours; it must have been made with `isClockOurs`. */
  setClock(offMs: number): void;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

export interface ServerOptions {
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Lines of pg_hba.conf; by default everybody is trusted. */
  readonly hba?: readonly string[];
  /** Files beside the data, which the server's user alone can read. */
  readonly files?: Readonly<Record<string, string>>;
  /** Its clock is one that the test sets. */
  readonly isClockOurs?: boolean;
}

/** Makes a server of the test's own, in memory if there is some, reached only through a socket in its own directory. */
export function createPostgresServer(made: ServerOptions = {}): PostgresServer {
  const { settings = {}, hba, files = {}, isClockOurs = false } = made;
  const bin = findPrograms();
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'reactor-postgres-'));
  const user = unprivileged();
  const own = (path: string) => user !== null && chownSync(path, user.uid, user.gid);
  own(directory);
  const options = { cwd: directory, ...(user ?? {}) };
  const data = join(directory, 'data');
  const how = ['--username', OWNER, '--auth', 'trust', '--encoding', 'UTF8', '--no-locale', '--no-sync'];
  execFileSync(join(bin, 'initdb'), ['--pgdata', data, ...how], { ...options, stdio: 'pipe' });
  if (hba !== undefined) writeFileSync(join(data, 'pg_hba.conf'), `${hba.join('\n')}\n`);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content, { mode: 0o600 });
    own(join(directory, name));
  }
  const wall = isClockOurs ? createFakeWall(directory) : null;
  let server: ChildProcess | null = null;
  const stop = async () => {
    const started = server;
    server = null;
    if (started !== null) await end(started);
  };
  return {
    directory,
    options,
    url: `postgres:///postgres?host=${directory}&user=${OWNER}`,
    async start(extra = {}) {
      const all = { listen_addresses: '', unix_socket_directories: directory, ...settings, ...extra };
      const given = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      server = spawn(join(bin, 'postgres'), ['-D', data, ...given], {
        ...options,
        env: { ...process.env, ...wall?.settings },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      await untilSaid(server, 'ready to accept connections');
    },
    stop,
    setClock(offMs) {
      if (wall === null) throw new Error('its clock is the machine’s');
      wall.set(offMs);
    },
    async remove() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
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

/** Nothing that it wrote is waited for. */
export async function end(started: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => started.once('exit', resolve));
  started.kill('SIGQUIT');
  await ended;
}

export async function untilSaid(started: ChildProcess, words: string): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    started.once('exit', () => reject(new Error(`a server of the tests did not start: ${said}`)));
    started.stderr?.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
      if (said.includes(words)) resolve();
    });
  });
}
