import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A database server of a run's own, that only a Unix socket leads to. */
export interface Server {
  readonly pid: number;
  readonly socketDir: string;
  stop(): Promise<void>;
}

const POLL_MS = 20;
const GIVE_UP_MS = 30_000;

/** Redis that syncs every write before it answers. Null when it isn't installed. */
export async function startRedis(): Promise<Server | null> {
  const bin = directoryWith(['redis-server'], []);
  if (bin === null) return null;
  const directory = mkdtempSync(join(tmpdir(), 'bench-redis-'));
  const socket = join(directory, 'redis.sock');
  const settings = {
    port: '0', // none
    unixsocket: socket,
    dir: directory,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '', // the log is enough: no snapshots beside it
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return await startServer(join(bin, 'redis-server'), args, {
    directory,
    account: null,
    endWith: 'SIGTERM',
    isReady: () => existsSync(socket),
  });
}

/** PostgreSQL with a new cluster and its default durability. Null when it isn't installed. */
export async function startPostgres(): Promise<Server | null> {
  const bin = directoryWith(['initdb', 'postgres'], debianDirectories());
  if (bin === null) return null;
  const directory = mkdtempSync(join(tmpdir(), 'bench-postgres-'));
  const account = unprivilegedAccount();
  if (account !== null) chownSync(directory, account.uid, account.gid);
  const data = join(directory, 'data');
  const initialize = [
    '--pgdata',
    data,
    '--username',
    'bench',
    '--auth',
    'trust',
    '--encoding',
    'UTF8',
    '--no-locale',
  ];
  execFileSync(join(bin, 'initdb'), initialize, {
    ...account,
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return await startServer(join(bin, 'postgres'), ['-D', data, '-k', directory, '-c', 'listen_addresses='], {
    directory,
    account,
    endWith: 'SIGINT', // doesn't wait for clients
    // its last line, which `pg_ctl` waits for too
    isReady: () => /^ready\b/m.test(contentOf(join(data, 'postmaster.pid'))),
  });
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

interface Start {
  /** Removed with everything in it when the server has ended. */
  readonly directory: string;
  readonly account: Account | null;
  readonly endWith: NodeJS.Signals;
  readonly isReady: () => boolean;
}

async function startServer(file: string, args: readonly string[], start: Start): Promise<Server> {
  const { directory, account, endWith, isReady } = start;
  const logPath = join(directory, 'log');
  const log = openSync(logPath, 'w');
  const server = spawn(file, args, { ...account, cwd: directory, stdio: ['ignore', log, log] });
  const stop = async () => {
    await end(server, endWith);
    rmSync(directory, { recursive: true, force: true });
  };
  for (let waitedMs = 0; !isReady(); waitedMs += POLL_MS) {
    if (hasEnded(server) || waitedMs > GIVE_UP_MS) {
      const said = contentOf(logPath);
      await stop();
      throw new Error(`${file} didn't start: ${said}`);
    }
    await delay(POLL_MS);
  }
  return { pid: server.pid ?? 0, socketDir: directory, stop };
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(server)) return;
  const exited = once(server, 'exit');
  server.kill(signal);
  await exited;
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

function contentOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** The first directory of `PATH`, or of the others, that has all the programs. */
function directoryWith(programs: readonly string[], others: readonly string[]): string | null {
  const directories = [...(process.env.PATH ?? '').split(delimiter), ...others];
  return (
    directories.find((directory) => programs.every((name) => isExecutable(join(directory, name)))) ?? null
  );
}

/** Where Debian has PostgreSQL's server, the newest first; it isn't in `PATH`. */
function debianDirectories(): readonly string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, 'bin'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL refuses to run as root. */
function unprivilegedAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}
