import type { Command } from 'commander';
import type { ServiceCall, ServiceOptions } from './call-service.ts';
import { type ExitCode, type Io, readSources } from './io.ts';

/** What the command line was told for all verbs. */
export interface Globals {
  /** `--env-file`, or null. */
  readonly envFile: string | null;
}

/** Adds a verb. Its action resolves to the exit code; heavy parts are imported inside the action. */
export type Register = (program: Command, context: VerbContext) => void;

export interface VerbContext {
  readonly io: Io;
  readonly globals: () => Globals;
  /** Wraps an action: what it resolves to becomes the exit code. */
  readonly run: <A extends unknown[]>(
    action: (...args: A) => Promise<ExitCode>,
  ) => (...args: A) => Promise<void>;
}

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
