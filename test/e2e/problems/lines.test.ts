import { LINE_CASES } from './cases/lines.ts';
import { testProblems } from './problem-case.ts';

testProblems(LINE_CASES);
