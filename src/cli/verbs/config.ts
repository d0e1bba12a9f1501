import { loadConfig, type ShownSetting, showSettings } from '../../config/load.ts';
import { ConfigError } from '../../errors.ts';
import { EXIT, type ExitCode, type Io, readSources } from '../io.ts';
import type { Register } from '../verb.ts';

/** `config show` and `config check`. */
export const registerConfig: Register = (program, { io, globals, run }) => {
  const config = program.command('config').description('look at the settings');
  config
    .command('show')
    .description('print every setting and where it comes from; secrets only as set or unset')
    .option('--json', 'print JSON')
    .action(
      run(async ({ json }: { json?: boolean }) => {
        const shown = showSettings(readSources(io, globals().envFile));
        io.write(json === true ? `${JSON.stringify(shown, null, 2)}\n` : table(shown));
        return EXIT.fine;
      }),
    );
  config
    .command('check')
    .description('report every mistake in the settings at once (exit code 3)')
    .option('--json', 'print JSON')
    .action(
      run(async ({ json }: { json?: boolean }) => {
        const check = json === true ? checkForMachines : checkForPeople;
        return check(io, globals().envFile);
      }),
    );
};

/** @throws {ConfigError} which lists the mistakes */
function checkForPeople(io: Io, envFile: string | null): ExitCode {
  const { warnings } = loadConfig(readSources(io, envFile), io.isTerminal);
  io.write([...warnings.map((warning) => `warning: ${warning}`), 'All settings are fine.', ''].join('\n'));
  return EXIT.fine;
}

function checkForMachines(io: Io, envFile: string | null): ExitCode {
  const tell = (ok: boolean, mistakes: readonly string[], warnings: readonly string[]) =>
    io.write(`${JSON.stringify({ ok, mistakes, warnings }, null, 2)}\n`);
  try {
    const { warnings } = loadConfig(readSources(io, envFile), io.isTerminal);
    tell(true, [], warnings);
    return EXIT.fine;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tell(false, error.mistakes, error.warnings);
    return EXIT.configuration;
  }
}

function table(shown: readonly ShownSetting[]): string {
  const width = Math.max(...shown.map(({ name }) => name.length));
  return shown
    .map(({ name, value, origin }) => `${name.padEnd(width)}  ${value ?? '–'}  (${origin})\n`)
    .join('');
}
