import type { Command } from 'commander';
import type { Sources } from '../config/sources.ts';
import type { AnswerName, ServiceCall, ServiceOptions } from './call-service.ts';
import type { ExitCode, Io } from './io.ts';

/**
 * Adds a verb. Its action resolves to the exit code. Every start registers all verbs, so what a verb's work needs is
 * imported inside its action.
 */
export type Register = (program: Command, context: VerbContext) => void;

export interface VerbContext {
  readonly io: Io;
  /** `--env-file`, or null. */
  readonly envFile: () => string | null;
  /** The environment and the settings file. @throws {ConfigError} when a named file can't be read */
  readonly readSources: () => Promise<Sources>;
  /** Wraps an action: what it resolves to becomes the exit code. */
  readonly run: <A extends unknown[]>(
    action: (...args: A) => Promise<ExitCode>,
  ) => (...args: A) => Promise<void>;
}

/**
 * Makes a verb that looks at or steers the running service.
 * @param prepare the call to make, out of the command line
 */
export function serviceVerb<O extends object, N extends AnswerName>(
  command: Command,
  { io, readSources, run }: VerbContext,
  prepare: (args: readonly string[], options: O) => ServiceCall<N>,
): void {
  withServiceOptions(command).action(
    run(async () => {
      const options = command.opts<O & ServiceOptions>();
      const sources = await readSources();
      const { callService } = await import('./call-service.ts');
      return callService(prepare(command.args, options), options, { io, sources });
    }),
  );
}

/** Of every verb that calls the running service. */
export function withServiceOptions(command: Command, json = "print the service's JSON"): Command {
  return command
    .option('--url <url>', 'address of the running service (default: from HOST and PORT)')
    .option('--json', json);
}
