import { DISK_CASES } from '../e2e/problems/cases/disk.ts';
import { testProblems } from '../e2e/problems/problem-case.ts';

testProblems(DISK_CASES);
