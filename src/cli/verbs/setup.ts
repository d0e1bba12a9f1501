import type { Register } from '../verb.ts';
import type { SetupOptions } from './setup-session.ts';

const collect = (value: string, collected: readonly string[] = []) => [...collected, value];

/** `setup`. */
export const registerSetup: Register = (program, { io, envFile, run }) => {
  program
    .command('setup')
    .description('set up an account: check the key, lines and cards, and create the webhook subscription')
    .option(
      '--api-key-file <file>',
      'read the API key from this file, - for standard input (default: LINQ_API_KEY, or a prompt)',
    )
    .option('--lines <lines>', 'share only on these lines, comma-separated, or all')
    .option('--create-card <line>', 'create the contact card of this line; repeatable', collect)
    .option('--first-name <name>', 'the first name on it')
    .option('--last-name <name>', 'the last name on it')
    .option('--image-url <url>', 'the https:// address of its image')
    .option('--public-url <url>', 'where Linq reaches the service: https://cards.example.com')
    .option(
      '--database-url-file <file>',
      'use the PostgreSQL database whose postgres:// address is in this file (default: DATABASE_URL, else a SQLite file)',
    )
    .option('--recreate', 'replace the existing subscription with a new one, with a new secret')
    .option('--yes', 'accept the default answer to every question')
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--show-numbers', 'show your lines in full')
    .option('--show-token', 'show the new status token, if this is a terminal')
    .option('--no-check', 'skip the final `doctor` run')
    .option('--json', 'print one JSON object; never prompt')
    .action(
      run(async (options: SetupOptions) => {
        const { runSetup } = await import('./setup-run.ts');
        return runSetup(io, envFile(), options);
      }),
    );
};
