import { loadConfig, type ShownSetting, showAll } from '../config/load.ts';
import { EXIT, readSources } from './io.ts';
import type { Register } from './program.ts';

/** `config show` and `config check`. */
export const registerConfig: Register = (program, { io, globals, run }) => {
  const config = program.command('config').description('look at the settings');
  config
    .command('show')
    .description('print every setting and where it comes from; secrets only as set or unset')
    .option('--json', 'print JSON')
    .action(
      run(async ({ json }: { json?: boolean }) => {
        const shown = showAll(readSources(io, globals().envFile));
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
        const { warnings } = loadConfig(readSources(io, globals().envFile), io.isTerminal);
        if (json === true) io.write(`${JSON.stringify({ ok: true, warnings }, null, 2)}\n`);
        else
          io.write(
            [...warnings.map((warning) => `warning: ${warning}`), 'All settings are fine.', ''].join('\n'),
          );
        return EXIT.fine;
      }),
    );
};

function table(shown: readonly ShownSetting[]): string {
  const width = Math.max(...shown.map(({ name }) => name.length));
  return shown
    .map(({ name, value, origin }) => `${name.padEnd(width)}  ${value ?? '–'}  (${origin})\n`)
    .join('');
}
