import { loadConfig } from '../config/load.ts';
import { EXIT, type Io, readSources } from './io.ts';
import type { Register } from './program.ts';
import { VERSION } from './version.ts';

/** Longest time between a stop signal and the end of the process. */
const STOP_LIMIT_MS = 10_000;

export const registerServe: Register = (program, { io, globals, run }) => {
  program
    .command('serve', { isDefault: true })
    .description('run the service until it is told to stop (the default)')
    .action(run(async () => await serve(io, globals().envFile)));
};

async function serve(io: Io, envFile: string | null) {
  const { config, warnings } = loadConfig(readSources(io, envFile), io.isTerminal);
  for (const warning of warnings) io.writeError(`warning: ${warning}\n`);
  const [{ startApp }, { createSystemClock }, { default: closeWithGrace }] = await Promise.all([
    import('../app.ts'),
    import('../clock.ts'),
    import('close-with-grace'),
  ]);
  let onEnd: (code: typeof EXIT.fine | typeof EXIT.failed) => void = () => {};
  const ended = new Promise<typeof EXIT.fine | typeof EXIT.failed>((resolve) => {
    onEnd = resolve;
  });
  const app = await startApp({
    config,
    clock: createSystemClock(),
    version: VERSION,
    onFatal(error) {
      io.writeError(`${error.message}\n`);
      process.exit(EXIT.failed); // the store can't be trusted to write anything more, a clean stop included
    },
  });
  closeWithGrace({ delay: STOP_LIMIT_MS, logger: null }, async ({ err }) => {
    if (err !== undefined) io.writeError(`${err.stack ?? err.message}\n`);
    await app.stop();
    onEnd(err === undefined ? EXIT.fine : EXIT.failed);
  });
  return ended;
}
