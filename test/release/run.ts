import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { layOut, readMachine } from './program.ts';
import { describeRun, describeSuites, replaceSection } from './report.ts';
import { type RunningSlice, runSlice } from './run-slice.ts';
import { inWords, nextSuite, secondsLeft } from './schedule.ts';
import { progressOf, readState, type Slice, type State, writeState } from './state.ts';
import { projectOf, type ReleaseSuite, SUITES } from './suites.ts';

/**
 * Runs the large suites in slices until each has reached its goal, whenever it is started: what was reached before
 * counts. It stops at the first violation.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HOME = join(ROOT, '.release');
const STATE = join(HOME, 'state.json');
const PAGE = join(ROOT, 'docs', 'reliability.md');
const HOUR_MS = 3_600_000;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    hours: { type: 'string', default: 'Infinity' },
    jobs: { type: 'string', default: '1' },
    stretch: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    forget: { type: 'string' },
  },
});
if (options.report) report();
else if (options.forget !== undefined) forget(options.forget);
else process.exitCode = await runAll();

function chosenSuites(): readonly ReleaseSuite[] {
  const { only } = options;
  const unknown = only?.filter((name) => !SUITES.some((suite) => suite.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`no such suite: ${unknown.join(', ')}`);
  return SUITES.filter(({ name }) => only?.includes(name) ?? true);
}

/** Writes what was reached into the page. */
function report(): void {
  const state = readState(STATE);
  if (state === null) throw new Error('nothing was run yet: npm run test:release');
  const page = replaceSection(readFileSync(PAGE, 'utf8'), 'suites', describeSuites(SUITES));
  writeFileSync(PAGE, replaceSection(page, 'release-run', describeRun(state, SUITES)));
}

/** After a fault of a suite's own was mended: drops all that it reached, what passed as well as what failed. */
function forget(name: string): void {
  const state = readState(STATE);
  if (state !== null)
    writeState(STATE, { ...state, slices: state.slices.filter(({ suite }) => suite !== name) });
}

/** Resolves to the exit code. */
async function runAll(): Promise<number> {
  const suites = chosenSuites();
  const jobs = Number(options.jobs);
  const endsAt = performance.now() + Number(options.hours) * HOUR_MS;
  const goalOf = ({ target, stretch }: ReleaseSuite) => (options.stretch ? (stretch ?? target) : target);
  const program = layOut(ROOT, join(HOME, 'program'));
  let state = stateOf(program.sources);
  const running = new Map<
    string,
    RunningSlice & { readonly suite: ReleaseSuite; readonly done: Promise<void> }
  >();
  let exitCode: number | null = null;
  const stop = (code: number) => {
    exitCode ??= code;
    for (const { kill } of running.values()) kill();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(130));

  function begin(suite: ReleaseSuite): void {
    const slice = runSlice(suite, {
      ...program,
      seed: seedOf(state.slices, suite),
      logs: join(HOME, 'logs'),
    });
    const done = slice.ended.then((ended) => {
      running.delete(suite.name);
      if (ended === null) return;
      state = { ...state, slices: [...state.slices, ended] };
      writeState(STATE, state);
      console.info(describeProgress(suite, ended));
      if (ended.violations === 0) return;
      console.error(describeViolation(suite, ended, slice.log));
      stop(1);
    });
    running.set(suite.name, { ...slice, suite, done });
  }

  function describeProgress(suite: ReleaseSuite, { done, seconds }: Slice): string {
    const { done: all } = progressOf(state.slices, suite.name);
    const left = secondsLeft(suite, state.slices, goalOf);
    const known = suites.map((other) => secondsLeft(other, state.slices, goalOf));
    const total = known.reduce<number>((sum, one) => sum + (one ?? 0), 0) / jobs;
    const unknown = known.filter((one) => one === null).length;
    return [
      `${new Date().toISOString().slice(11, 19)} ${suite.name}: ${Math.floor(all)} of ${goalOf(suite)} ${suite.unit}`,
      `(+${Math.floor(done)} in ${inWords(seconds)}, ${((done / seconds) * 60).toFixed(1)} a minute),`,
      `${left === null ? '?' : inWords(left)} to go;`,
      `all: ${inWords(total)}${unknown > 0 ? ` and ${unknown} suites that were not begun` : ''}`,
    ].join(' ');
  }

  for (;;) {
    while (exitCode === null && running.size < jobs && performance.now() < endsAt) {
      const suite = nextSuite(suites, state.slices, new Set(running.keys()), goalOf);
      if (suite === null) break;
      begin(suite);
    }
    if (running.size === 0) break;
    await Promise.race([...running.values()].map(({ done }) => done));
  }
  if (exitCode !== null) return exitCode;
  const short = suites.filter((suite) => progressOf(state.slices, suite.name).done < goalOf(suite));
  console.info(
    short.length === 0 ? 'Every goal is reached.' : `To go on with: ${short.map(({ name }) => name)}`,
  );
  return 0;
}

/** What was reached by this very program; what another one has reached is put aside. */
function stateOf(program: string): State {
  const machine = readMachine();
  const before = readState(STATE);
  if (before?.program === program) return { ...before, machine };
  if (before !== null) {
    writeState(join(HOME, `state-${before.program.slice(0, 12)}.json`), before);
    console.info('The program has changed: what was reached before is put aside, and all begins anew.');
  }
  return { program, machine, slices: [] };
}

/** From a random one on, so far apart that a slice which counts its own up from there meets no other. */
function seedOf(slices: readonly Slice[], { name, slice }: ReleaseSuite): number {
  const last = slices.filter(({ suite }) => suite === name).at(-1);
  return last === undefined ? randomInt(2 ** 31) : last.seed + slice;
}

function describeViolation(suite: ReleaseSuite, { seed, violations }: Slice, log: string): string {
  const command = `npx vitest run --config test/vitest.config.ts --project ${projectOf(suite)} ${suite.file}`;
  return [
    `${suite.name}: ${violations} violations; what it printed is in ${log}`,
    `to repeat: SEED=${seed} SUITE_COUNT=${suite.slice} ${command}`,
  ].join('\n');
}
