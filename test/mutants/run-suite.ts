import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectOf, type Suite } from './mutant.ts';

/** What a run of tests came to. */
export interface SuiteRun {
  readonly passed: number;
  /** Names of the tests in which an assertion failed. */
  readonly failed: readonly string[];
  /** Why the run says nothing: a file that doesn't load, any error that is no assertion, a run without a report. */
  readonly broken: string | null;
}

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** A rule that doesn't hold: vitest's `expect`, or a property of fast-check's with a counterexample. */
const ASSERTION = /^(AssertionError|Error: Property failed)/;

/** Runs some tests of the tree in that directory; all of them are of one project. */
export function runSuites(directory: string, suites: readonly Suite[]): SuiteRun {
  const [first] = suites;
  if (first === undefined) return { passed: 0, failed: [], broken: 'no suite is named' };
  const report = join(directory, 'report.json');
  rmSync(report, { force: true });
  const names = suites.length === 1 && first.test !== undefined ? ['-t', escapeRegExp(first.test)] : [];
  const files = new Set(suites.map(({ file }) => file));
  const args = [
    ...['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'],
    ...['--project', projectOf(first), ...names, '--reporter=json', `--outputFile=${report}`, ...files],
  ];
  const { stderr } = spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8' });
  try {
    return readReport(JSON.parse(readFileSync(report, 'utf8')) as Report);
  } catch {
    return { passed: 0, failed: [], broken: `no report: ${stderr.trim().split('\n').at(-1)}` };
  }
}

function readReport({ testResults }: Report): SuiteRun {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failures = tests.filter(({ status }) => status === 'failed');
  const isAsserted = ({ failureMessages = [] }: (typeof tests)[number]) =>
    failureMessages.some((message) => ASSERTION.test(message));
  const failed = failures.filter(isAsserted).map(({ fullName }) => fullName);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const unloaded = testResults.find((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const [other] = failures.filter((test) => !isAsserted(test));
  const why = unloaded?.message ?? other?.failureMessages?.[0];
  return { passed, failed, broken: why === undefined ? null : (why.split('\n')[0] ?? why) };
}

const escapeRegExp = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
