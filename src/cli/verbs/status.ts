import type { Register } from '../program.ts';
import { serviceVerb } from '../verb.ts';

/** `status`. */
export const registerStatus: Register = (program, context) => {
  const status = program
    .command('status')
    .description('show how the running service is (exit code 4 while an error is open)')
    .option('--strict', 'exit code 4 also while a warning is open');
  serviceVerb<{ strict?: boolean }>(status, context, async (_args, { strict }) => {
    const { lookAtStatus } = await import('./status-calls.ts');
    return lookAtStatus(strict === true);
  });
};
