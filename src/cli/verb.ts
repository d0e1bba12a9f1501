import type { Command } from 'commander';
import type { ServiceCall, ServiceOptions } from './call-service.ts';
import { readSources } from './io.ts';
import type { VerbContext } from './program.ts';

/**
 * Makes a verb that looks at or steers the running service.
 * @param prepare the call to make, out of the command line
 */
export function serviceVerb<O extends object>(
  command: Command,
  { io, globals, run }: VerbContext,
  prepare: (args: readonly string[], options: O) => Promise<ServiceCall>,
): void {
  command
    .option('--url <url>', 'address of the running service (default: from HOST and PORT)')
    .option('--json', "print the service's JSON")
    .action(
      run(async () => {
        const options = command.opts<O & ServiceOptions>();
        const sources = readSources(io, globals().envFile);
        const [{ callService }, call] = await Promise.all([
          import('./call-service.ts'),
          prepare(command.args, options),
        ]);
        return callService(call, options, { io, sources });
      }),
    );
}
