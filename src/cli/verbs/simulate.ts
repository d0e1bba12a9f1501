import { StartError, UsageError } from '../../errors.ts';
import { EXIT } from '../io.ts';
import type { Register } from '../verb.ts';

interface Options {
  readonly port?: string;
  readonly apiKey?: string;
  readonly webhookUrl?: string;
  readonly webhookSecret?: string;
  readonly line?: readonly string[];
  readonly payloadVersion?: string;
  readonly seed?: string;
  readonly subscription: boolean;
  readonly json?: boolean;
}

const collect = (value: string, collected: readonly string[] = []) => [...collected, value];

/** `simulate`: a Linq on loopback for users' own tests. */
export const registerSimulate: Register = (program, { io, run }) => {
  program
    .command('simulate')
    .description('run a simulated Linq on this machine: its API, and signed webhooks')
    .option('--port <number>', 'port of its API; 0: any free port (default: 4010)')
    .option('--api-key <key>', 'the API key it accepts (default: derived from the seed and printed)')
    .option('--webhook-url <url>', 'where webhooks go (default: a reactor with default settings)')
    .option(
      '--webhook-secret <secret>',
      'whsec_… to sign them with (default: derived from the seed and printed)',
    )
    .option('--line <number>', 'a line with an active card, E.164; repeatable', collect)
    .option('--payload-version <version>', '2026-02-03 or 2025-01-01 (default: 2026-02-03)')
    .option(
      '--seed <number>',
      'repeat the run that printed this seed: same ids, secrets, losses and delays (default: random)',
    )
    .option('--no-subscription', 'start without a webhook subscription: `setup` creates one')
    .option('--json', 'print one JSON object once it runs: addresses, lines, settings for the reactor')
    .action(
      run(async ({ payloadVersion, ...options }: Options) => {
        const [{ runSimulate }, { SimulatorError }] = await Promise.all([
          import('../../simulator/run-simulator.ts'),
          import('../../simulator/simulator-errors.ts'),
        ]);
        const version = payloadVersion === undefined ? {} : { version: payloadVersion };
        try {
          await runSimulate({ ...options, ...version }, { print: (line) => io.write(`${line}\n`) });
        } catch (error) {
          if (!(error instanceof SimulatorError)) throw error;
          if (error.cause instanceof Error && 'syscall' in error.cause)
            throw new StartError(`${error.message}: free the port, or name another one with --port.`, {
              cause: error,
            });
          throw new UsageError(error.message, { cause: error });
        }
        return EXIT.fine;
      }),
    );
};
