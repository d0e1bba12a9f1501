import type { ShownSetting } from '../../config/load.ts';
import { ConfigError } from '../../errors.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { printJson } from '../terminal/screen.ts';
import type { Register } from '../verb.ts';

/** `config show` and `config check`. */
export const registerConfig: Register = (program, { io, readSources, run }) => {
  const config = program.command('config').description('show and check the settings');
  config
    .command('show')
    .description('print every setting and where it comes from; never a secret itself')
    .option('--json', 'print JSON')
    .action(
      run(async ({ json }: { json?: boolean }) => {
        const { showSettings } = await import('../../config/load.ts');
        const shown = showSettings(await readSources());
        if (json === true) printJson(shown, io);
        else io.write(table(shown));
        return EXIT.fine;
      }),
    );
  config
    .command('check')
    .description('report every mistake in the settings at once (exit code 3)')
    .option('--json', 'print JSON')
    .action(
      run(async ({ json }: { json?: boolean }) => {
        const { loadConfig } = await import('../../config/load.ts');
        const check = async () => loadConfig(await readSources(), io.isTerminal).warnings;
        return json === true ? checkForMachines(check, io) : checkForPeople(check, io);
      }),
    );
};

/** Resolves to the warnings. @throws {ConfigError} listing the mistakes */
type Check = () => Promise<readonly string[]>;

/** @throws {ConfigError} listing the mistakes */
async function checkForPeople(check: Check, io: Io): Promise<ExitCode> {
  const warnings = (await check()).map((warning) => `warning: ${warning}\n`);
  io.write(`${warnings.join('')}All settings are valid.\n`);
  return EXIT.fine;
}

async function checkForMachines(check: Check, io: Io): Promise<ExitCode> {
  try {
    printJson({ ok: true, mistakes: [], warnings: await check() }, io);
    return EXIT.fine;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    printJson({ ok: false, mistakes: error.mistakes, warnings: error.warnings }, io);
    return EXIT.configuration;
  }
}

function table(shown: readonly ShownSetting[]): string {
  const width = Math.max(...shown.map(({ name }) => name.length));
  return shown
    .map(({ name, value, origin }) => `${name.padEnd(width)}  ${value ?? '–'}  (${origin})\n`)
    .join('');
}
