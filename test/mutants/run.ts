import { fileURLToPath } from 'node:url';
import { type Mutant, projectOf, type Suite } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { createPrivateCopy, type PrivateCopy } from './private-copy.ts';
import { runSuites } from './run-suite.ts';

/**
 * Breaks each protective line once, in a private copy of the tree, and runs the tests that are named beside it: an
 * assertion of theirs must fail. Exits with 1 when one doesn't, or when nothing can be told.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const startedAt = performance.now();
const copy = createPrivateCopy(ROOT);
process.once('exit', copy.remove);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const wanted = process.argv.slice(2);
const mutants = MUTANTS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
checkUnbroken(copy, mutants);
const verdicts = mutants.map((mutant) => ({ mutant, ...judge(copy, mutant) }));
const escaped = verdicts.filter(({ isCaught }) => !isCaught);
const seconds = Math.round((performance.now() - startedAt) / 1000);
console.info(`\n${verdicts.length - escaped.length} of ${verdicts.length} mutants caught in ${seconds} s`);
process.exitCode = escaped.length > 0 || verdicts.length === 0 ? 1 : 0;

/** The tests that are to fail have to pass before, and to be there. */
function checkUnbroken({ directory }: PrivateCopy, all: readonly Mutant[]): void {
  const suites = all.map(({ suite }) => suite);
  for (const project of new Set(suites.map(projectOf))) {
    const { passed, failed, broken } = runSuites(
      directory,
      suites.filter((suite) => projectOf(suite) === project),
    );
    if (failed.length === 0 && broken === null && passed > 0) continue;
    console.error(`The ${project} tests fail before anything is broken: ${broken ?? failed.join(', ')}`);
    process.exit(1);
  }
}

function judge({ directory, edit }: PrivateCopy, mutant: Mutant): { isCaught: boolean } {
  const mend = edit(mutant.edits);
  const before = performance.now();
  const { passed, failed, broken } = runSuites(directory, [mutant.suite]);
  mend();
  const isCaught = failed.length > 0 && broken === null;
  const seen = broken ?? (isCaught ? failed.join('\n      ') : `${passed} tests passed`);
  const tookMs = Math.round(performance.now() - before);
  console.info(`${isCaught ? 'caught  ' : 'SURVIVED'}  ${mutant.name} (${tookMs} ms)`);
  console.info(`      ${describe(mutant.suite)}\n      ${seen}`);
  return { isCaught };
}

function describe({ file, test }: Suite): string {
  return test === undefined ? file : `${file} -t '${test}'`;
}
