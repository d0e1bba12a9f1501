import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../src/store/sqlite/native.js';
import type { Machine } from './state.ts';

/** What decides how the program behaves; a change of it makes earlier results those of another program. */
const SOURCES = ['src', 'migrations', 'package-lock.json'];

export interface Program {
  readonly commit: string;
  readonly sources: string;
  /** Its committed tree, built; nobody edits this one meanwhile. */
  readonly directory: string;
}

/** Lays the last commit out below the given directory, and builds it. */
export function layOut(root: string, below: string): Program {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const commit = git('rev-parse', '--short=12', 'HEAD');
  const sources = git('rev-parse', ...SOURCES.map((path) => `HEAD:${path}`))
    .split('\n')
    .map((hash) => hash.slice(0, 12))
    .join('-');
  const directory = join(below, commit);
  if (git('status', '--porcelain') !== '') console.info('What is not committed is left out of this run.');
  if (!existsSync(join(directory, 'dist', 'main.js'))) {
    for (const old of existsSync(below) ? readdirSync(below) : [])
      rmSync(join(below, old), { recursive: true });
    mkdirSync(directory, { recursive: true });
    const archive = execFileSync('git', ['archive', 'HEAD'], { cwd: root, maxBuffer: 2 ** 30 });
    execFileSync('tar', ['x', '-C', directory], { input: archive });
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: directory, stdio: 'inherit' });
  }
  return { commit, sources, directory };
}

export function readMachine(): Machine {
  const sql = openSqlite(':memory:');
  const sqlite = sql.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  sql.close();
  return {
    node: process.version,
    sqlite,
    system: `${systemName()}, Linux ${release()}`,
    cpus: cpus().length,
  };
}

function systemName(): string {
  const told = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(told)?.[1] ?? process.platform;
}
