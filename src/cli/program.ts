import { Command, CommanderError } from 'commander';
import { ConfigError, SetupError, StartError, StoreError, UnreachableError, UsageError } from '../errors.ts';
import { EXIT, type ExitCode, type Io, realFile } from './io.ts';
import { adviseOnInstallation } from './start-failure.ts';
import { printableLines } from './terminal/screen.ts';
import type { Register, VerbContext } from './verb.ts';
import { registerBackup } from './verbs/backup.ts';
import { registerCatchUp } from './verbs/catch-up.ts';
import { registerChat } from './verbs/chat.ts';
import { registerCompletion } from './verbs/completion.ts';
import { registerConfig } from './verbs/config.ts';
import { registerDemo } from './verbs/demo.ts';
import { registerDoctor } from './verbs/doctor.ts';
import { registerEvent } from './verbs/event.ts';
import { registerHealthcheck } from './verbs/healthcheck.ts';
import { registerLine } from './verbs/line.ts';
import { registerMigrate } from './verbs/migrate.ts';
import { registerPause } from './verbs/pause.ts';
import { registerQuarantine } from './verbs/quarantine.ts';
import { registerRestore } from './verbs/restore.ts';
import { registerServe } from './verbs/serve.ts';
import { registerSetup } from './verbs/setup.ts';
import { registerSimulate } from './verbs/simulate.ts';
import { registerStatus } from './verbs/status.ts';
import { VERSION } from './version.ts';

const VERBS: readonly Register[] = [
  registerServe,
  registerDemo,
  registerSetup,
  registerDoctor,
  registerStatus,
  registerChat,
  registerLine,
  registerPause,
  registerCatchUp,
  registerQuarantine,
  registerEvent,
  registerConfig,
  registerHealthcheck,
  registerSimulate,
  registerBackup,
  registerRestore,
  registerMigrate,
  registerCompletion,
];

/** Runs a command line, prints any error, and resolves to the exit code. */
export async function runCommandLine(args: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  const program = new Command('contact-card-reactor')
    .description('Shares your Linq contact card in every iMessage chat at the right time.')
    .version(VERSION)
    .option('--env-file <path>', 'read settings from this file instead of .env', realFile)
    .configureHelp({ minWidthToWrap: 16 }) // on narrow terminals, too
    .showHelpAfterError('(add --help for usage)')
    .configureOutput({ writeOut: io.write, writeErr: io.writeError })
    .exitOverride();
  const context: VerbContext = {
    io,
    envFile: () => program.opts<{ envFile?: string }>().envFile ?? null,
    readSources: async () => (await import('./verb-settings.ts')).readSources(io, context.envFile()),
    run:
      (action) =>
      async (...given) => {
        exitCode = await action(...given);
      },
  };
  for (const register of VERBS) register(program, context);
  try {
    await program.parseAsync(withDefaultVerb(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, io);
  }
}

/**
 * Prepends `serve` if no verb is given. Commander's own default command would take a misspelled verb for an
 * argument of `serve`, and not suggest the right one.
 */
function withDefaultVerb(args: readonly string[]): string[] {
  const hasWord = args.some((arg, index) => !arg.startsWith('-') && args[index - 1] !== '--env-file');
  const asksForHelp = args.some((arg) => arg === '--help' || arg === '-h');
  return hasWord || asksForHelp ? [...args] : ['serve', ...args];
}

/** @throws unexpected errors */
function report(error: unknown, io: Io): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  const advice = adviseOnInstallation(error);
  if (advice !== null) {
    io.writeError(`${advice}\n`);
    return EXIT.failed;
  }
  const known: readonly [new (...args: never[]) => Error, ExitCode][] = [
    [ConfigError, EXIT.configuration],
    [UsageError, EXIT.usage],
    [UnreachableError, EXIT.unreachable],
    [StartError, EXIT.failed],
    [StoreError, EXIT.failed],
    [SetupError, EXIT.failed],
  ];
  for (const [kind, exitCode] of known) {
    if (!(error instanceof kind)) continue;
    io.writeError(`${printableLines(error.message)}\n`);
    return exitCode;
  }
  throw error;
}
