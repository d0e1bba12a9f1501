import { describe, expect, it } from 'vitest';
import { describeRun, replaceSection } from '../../release/report.ts';
import { inWords, nextSuite, secondsLeft } from '../../release/schedule.ts';
import type { Slice, State } from '../../release/state.ts';
import type { ReleaseSuite } from '../../release/suites.ts';

const suiteOf = (name: string, target: number): ReleaseSuite => ({
  name,
  file: `test/faults/${name}.test.ts`,
  what: 'breaks it',
  unit: 'kills',
  slice: 10,
  doneBy: ({ kills = 0 }) => kills,
  usual: 1,
  target,
});

const sliceOf = (suite: string, done: number, parts: Partial<Slice> = {}): Slice => ({
  suite,
  seed: 7,
  done,
  seconds: 60,
  endedAt: '2026-11-22T20:00:00.000Z',
  commit: 'abc',
  reached: { [suite]: { kills: done, longestMs: 99, violations: 0 } },
  violations: 0,
  ...parts,
});

const SUITES = [suiteOf('a', 100), suiteOf('b', 1_000)];
const goalOf = ({ target }: ReleaseSuite) => target;

describe('a release run', () => {
  it('goes on with the suite that is furthest from its goal, and with none that runs or is through', () => {
    const next = (slices: readonly Slice[], ...running: string[]) =>
      nextSuite(SUITES, slices, new Set(running), goalOf)?.name;
    expect(next([])).toBe('a');
    expect(next([sliceOf('a', 20)])).toBe('b');
    expect(next([sliceOf('a', 20), sliceOf('b', 100)])).toBe('b');
    expect(next([sliceOf('a', 20), sliceOf('b', 100)], 'b')).toBe('a');
    expect(next([sliceOf('a', 60), sliceOf('a', 40), sliceOf('b', 1_000)])).toBe(undefined);
  });

  it('counts nothing that failed as done', () => {
    const failed = sliceOf('a', 100, { violations: 1 });
    expect(nextSuite(SUITES.slice(0, 1), [failed], new Set(), goalOf)?.name).toBe('a');
  });

  it('says how long it takes by how long it took', () => {
    expect(secondsLeft(suiteOf('a', 100), [sliceOf('a', 10), sliceOf('a', 10)], goalOf)).toBe(480);
    expect(secondsLeft(suiteOf('a', 100), [], goalOf)).toBe(null);
    expect([5, 89, 600, 7_500].map(inWords)).toEqual(['5 s', '89 s', '10 min', '2 h 05 min']);
  });
});

describe('its report', () => {
  const machine = { node: 'v20', sqlite: '3.53', system: 'Linux', cpus: 2 };
  const slices = [sliceOf('a', 1_000, { seed: 7 }), sliceOf('a', 500, { seed: 8, violations: 2 })];
  const state: State = { program: 'p', machine, slices };

  it('sums up what adds up, names seeds and versions, and hides no violation', () => {
    const text = describeRun(state, SUITES);
    expect(text).toContain('2026-11-22, commit `abc`, in 2 min of tests.');
    expect(text).toContain('Node.js v20, SQLite 3.53, Linux, 2 CPUs.');
    expect(text.split('\n').at(-1)).toBe('| a | 1,000 kills | 100 | kills 1,500 | 7 to 8 | 2 min | 2 |');
  });

  it('takes the place of the one before, between its markers', () => {
    const page = 'x\n<!-- run -->\nold\n<!-- /run -->\ny';
    expect(replaceSection(page, 'run', 'new')).toBe('x\n<!-- run -->\nnew\n<!-- /run -->\ny');
    expect(() => replaceSection(page, 'other', 'new')).toThrow(/lacks/);
  });
});
