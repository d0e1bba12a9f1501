import { WEBHOOK_CASES } from './cases/webhooks.ts';
import { testProblems } from './problem-case.ts';

testProblems(WEBHOOK_CASES);
