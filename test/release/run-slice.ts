import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Slice } from './state.ts';
import { projectOf, type Reached, type ReleaseSuite } from './suites.ts';

export interface RunningSlice {
  /** Null when it was ended from outside. */
  readonly ended: Promise<Slice | null>;
  readonly kill: () => void;
  /** What it prints goes here. */
  readonly log: string;
}

/** Runs the suite's file once, by itself, with a seed of its own. */
export function runSlice(
  suite: ReleaseSuite,
  { directory, commit, seed, logs }: { directory: string; commit: string; seed: number; logs: string },
): RunningSlice {
  mkdirSync(logs, { recursive: true });
  const log = join(logs, `${suite.name}-${seed}.log`);
  const counts = join(logs, `${suite.name}-${seed}.counts`);
  rmSync(counts, { force: true });
  const args = ['run', '--config', 'test/vitest.config.ts', '--project', projectOf(suite), suite.file];
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    cwd: directory,
    detached: true, // a group of its own, to be ended as a whole
    env: {
      ...process.env,
      SUITE_COUNT: String(suite.slice),
      SEED: String(seed),
      COUNTS_FILE: counts,
      DIST_IS_BUILT: 'true',
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  let isKilled = false;
  const ended = new Promise<Slice | null>((resolve) => {
    child.once('close', (code) => {
      file.end();
      const reached = readCounts(counts);
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      const base = { suite: suite.name, seed, seconds, endedAt: new Date().toISOString(), commit, reached };
      resolve(isKilled ? null : { ...base, ...judge(suite, reached, code) });
    });
  });
  const kill = () => {
    isKilled = true;
    endGroup(child);
  };
  return { ended, kill, log };
}

/** A slice that failed, or that passed without doing anything, is a violation. */
function judge(
  suite: ReleaseSuite,
  reached: Readonly<Record<string, Reached>>,
  code: number | null,
): Pick<Slice, 'done' | 'violations'> {
  const own = reached[suite.name];
  const done = own === undefined ? 0 : suite.doneBy(own);
  const told = Object.values(reached).reduce((sum, { violations = 0 }) => sum + violations, 0);
  const isFine = code === 0 && done > 0 && told === 0;
  return { done, violations: isFine ? 0 : Math.max(1, told) };
}

function readCounts(path: string): Record<string, Reached> {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  const reached: Record<string, Reached> = {};
  for (const line of lines) {
    const { suite, ...told } = JSON.parse(line) as { suite: string } & Reached;
    const counts = { ...told, reports: 1 };
    const before = reached[suite] ?? {};
    const sum = (name: string, count: number) => (name === 'seed' ? count : (before[name] ?? 0) + count);
    reached[suite] = Object.fromEntries(
      Object.entries(counts).map(([name, count]) => [name, sum(name, count)]),
    );
  }
  rmSync(path, { force: true });
  return reached;
}

function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
