import { readSources } from '../io.ts';
import type { Register } from '../program.ts';
import type { CatchUpOptions } from './follow-catch-up.ts';

/** `catch-up`. */
export const registerCatchUp: Register = (program, { io, globals, run }) => {
  program
    .command('catch-up')
    .description('read from Linq what webhooks missed, and show how far it is')
    .option('--no-wait', "start it and don't wait for its end")
    .option('--url <url>', 'address of the running service (default: from HOST and PORT)')
    .option('--json', "print the service's JSON")
    .action(
      run(async (options: CatchUpOptions) => {
        const sources = readSources(io, globals().envFile);
        const [{ followCatchUp }, { createSystemClock }] = await Promise.all([
          import('./follow-catch-up.ts'),
          import('../../clock.ts'),
        ]);
        return followCatchUp(options, { io, sources }, createSystemClock());
      }),
    );
};
