import { appendFileSync } from 'node:fs';

/**
 * How much of a suite runs: the count that every check of a change affords, or what SUITE_COUNT says (the release run
 * sets it, one file at a time).
 */
export function suiteCount(usual: number): number {
  const told = Number(process.env.SUITE_COUNT);
  return Number.isInteger(told) && told > 0 ? told : usual;
}

/** What a suite reached; `violations` is 0 in a suite that passed. */
export interface Reached {
  readonly seed?: number;
  readonly violations: number;
  readonly [count: string]: number | undefined;
}

/** Prints what a suite reached, and adds it to the file that COUNTS_FILE names, one JSON object a line. */
export function reportReached(suite: string, reached: Reached): void {
  const line = JSON.stringify({ suite, ...reached });
  console.info(`reached ${line}`);
  const file = process.env.COUNTS_FILE;
  if (file !== undefined) appendFileSync(file, `${line}\n`);
}
