// Prints what the fault and security suites reached, and fails when it is less than they are there for.
import { readFileSync } from 'node:fs';

/** Fewer than these, over all suites together, and the run proves too little. */
const LEAST = { kills: 200 };

const print = (line) => process.stdout.write(`${line}\n`);

const suites = readFileSync(process.argv[2] ?? '', 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));

for (const { suite, ...reached } of suites) {
  const counts = Object.entries(reached).map(([name, value]) => `${name} ${value}`);
  print(`${suite}: ${counts.join(', ')}`);
}

let isEnough = true;
for (const [name, least] of Object.entries(LEAST)) {
  const total = suites.reduce((sum, reached) => sum + (reached[name] ?? 0), 0);
  print(`${name} in all: ${total} (at least ${least})`);
  if (total < least) isEnough = false;
}
const violations = suites.filter((reached) => reached.violations !== 0);
for (const { suite } of violations) print(`${suite} reports violations`);
process.exitCode = isEnough && violations.length === 0 ? 0 : 1;
