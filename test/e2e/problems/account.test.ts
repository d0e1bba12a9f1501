import { ACCOUNT_CASES, LASTING_CASES } from './cases/account.ts';
import { testProblems } from './problem-case.ts';

testProblems(ACCOUNT_CASES);
testProblems(LASTING_CASES);
