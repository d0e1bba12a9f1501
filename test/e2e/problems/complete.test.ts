import { expect, it } from 'vitest';
import { PROBLEM_WORDS } from '../../../src/status/problems/problem-words.ts';
import { ACCOUNT_CASES } from './cases/account.ts';
import { DISK_CASES } from './cases/disk.ts';
import { LINE_CASES } from './cases/lines.ts';
import { OWN_CASES } from './cases/own.ts';
import { WEBHOOK_CASES } from './cases/webhooks.ts';
import type { ProblemCase } from './problem-case.ts';

it('every problem is provoked, and ended by its remedy', () => {
  const all = [ACCOUNT_CASES, LINE_CASES, WEBHOOK_CASES, OWN_CASES, DISK_CASES];
  const codes = all.flatMap((cases) => Object.keys(cases));
  expect(codes.toSorted()).toEqual(Object.keys(PROBLEM_WORDS).toSorted());
  for (const one of all.flatMap((cases): ProblemCase[] => Object.values(cases)))
    expect(Object.keys(one.ways).length).toBeGreaterThan(0);
});
