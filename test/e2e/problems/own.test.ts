import { OWN_CASES } from './cases/own.ts';
import { testProblems } from './problem-case.ts';

testProblems(OWN_CASES);
