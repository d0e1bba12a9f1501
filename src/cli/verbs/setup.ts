import type { Register } from '../verb.ts';
import type { SetupOptions } from './setup-session.ts';

const collect = (value: string, collected: readonly string[] = []) => [...collected, value];

/** `setup`. */
export const registerSetup: Register = (program, { io, envFile, run }) => {
  program
    .command('setup')
    .description('set up an account: check the key, look at lines and cards, create the webhook subscription')
    .option(
      '--api-key-file <file>',
      'read the API key from this file, - for standard input (else LINQ_API_KEY, or it asks)',
    )
    .option('--lines <lines>', 'share on these lines only, comma-separated, or all')
    .option('--create-card <line>', 'create the contact card of this line; repeatable', collect)
    .option('--first-name <name>', 'the first name on it')
    .option('--last-name <name>', 'the last name on it')
    .option('--image-url <url>', 'the https:// address of its image')
    .option('--public-url <url>', 'where Linq reaches the service: https://cards.example.com')
    .option('--recreate', 'put a new subscription with a new secret in place of the one that is there')
    .option('--yes', 'take the default answer to every question')
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--show-numbers', 'show your lines in full')
    .option('--show-token', 'show the new status token, if this is a terminal')
    .option('--no-check', 'leave out the doctor’s look at the end')
    .option('--json', 'print one JSON object; asks nothing')
    .action(
      run(async (options: SetupOptions) => {
        const { runSetup } = await import('./setup-run.ts');
        return runSetup(io, envFile(), options);
      }),
    );
};
