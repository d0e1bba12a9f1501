import type { Command } from 'commander';
import type { Sources } from '../config/sources.ts';
import type { AnswerName, ServiceCall, ServiceOptions, Surroundings } from './call-service.ts';
import type { ExitCode, Io } from './io.ts';

/**
 * Adds a verb. Its action resolves to the exit code. Every start registers all verbs, so an action imports
 * what it needs itself.
 */
export type Register = (program: Command, context: VerbContext) => void;

export interface VerbContext {
  readonly io: Io;
  /** `--env-file`, or null. */
  readonly envFile: () => string | null;
  /** The environment and the settings file. @throws {ConfigError} when a named file can't be read */
  readonly readSources: () => Promise<Sources>;
  /** Wraps an action: its result becomes the exit code. */
  readonly run: <A extends unknown[]>(
    action: (...args: A) => Promise<ExitCode>,
  ) => (...args: A) => Promise<void>;
}

/**
 * Makes a verb that calls the running service.
 * @param prepare builds the call from the command line, or ends the verb, having printed why
 */
export function serviceVerb<O extends object, N extends AnswerName>(
  command: Command,
  { io, readSources, run }: VerbContext,
  prepare: (
    args: readonly string[],
    options: O & ServiceOptions,
    surroundings: Surroundings,
  ) => ServiceCall<N> | Promise<ServiceCall<N> | ExitCode>,
): void {
  withServiceOptions(command).action(
    run(async () => {
      const options = command.opts<O & ServiceOptions>();
      const surroundings = { io, sources: await readSources() };
      const { callService } = await import('./call-service.ts');
      const call = await prepare(command.args, options, surroundings);
      return typeof call === 'number' ? call : callService(call, options, surroundings);
    }),
  );
}

/** Adds the options of every verb that calls the running service. */
export function withServiceOptions(command: Command, json = 'print the service’s JSON'): Command {
  return command
    .option('--url <url>', 'address of the running service (default: from HOST and PORT)')
    .option('--json', json);
}
