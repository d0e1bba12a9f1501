import type CloseWithGrace from 'close-with-grace';
import type { App } from '../../app/app.ts';
import { showDatabase } from '../../config/database-kind.ts';
import type { Sources } from '../../config/sources.ts';
import { inSources } from '../../package-files.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { describeStoreFailure, explainStartFailure } from '../start-failure.ts';
import type { Register } from '../verb.ts';
import { VERSION } from '../version.ts';

/** The longest time between a stop signal and exit. */
const STOP_LIMIT_MS = 10_000;

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export const registerServe: Register = (program, { io, readSources, run }) => {
  program
    .command('serve')
    .description('run the service until stopped (the default)')
    .action(run(async () => serve(io, await readSources())));
};

async function serve(io: Io, sources: Sources): Promise<ExitCode> {
  const { loadConfig } = await import('../../config/load.ts');
  const { config, warnings } = loadConfig(sources, io.isTerminal);
  const database = showDatabase(config.database);
  const [{ startApp }, { createSystemClock }, { default: closeWithGrace }] = await Promise.all([
    import('../../app/app.ts'),
    import('../../clock.ts'),
    import('close-with-grace'), // before listening: an early signal must not cut off a request
  ]);
  // the first process of a container isn't ended by a signal that it doesn't handle, and a start may wait for its database
  const endEarly = () => process.exit(EXIT.fine);
  for (const signal of STOP_SIGNALS) process.once(signal, endEarly);
  return new Promise((resolve, reject) => {
    startApp({
      config,
      warnings,
      clock: createSystemClock(),
      version: VERSION,
      onStarted(app) {
        for (const signal of STOP_SIGNALS) process.off(signal, endEarly);
        void stopWhenTold(app, io, closeWithGrace).then(resolve, reject);
      },
      onFatal(error) {
        io.writeError(`${describeStoreFailure(error, database)}\n`);
        process.exit(EXIT.failed); // the store can't be trusted with further writes, those of a clean stop included
      },
    }).catch((error: unknown) => {
      reject(explainStartFailure(error, { database, port: config.server.port }));
    });
  });
}

/** Resolves once a signal or an uncaught error has stopped the service; a second one exits at once. */
function stopWhenTold(app: App, io: Io, closeWithGrace: typeof CloseWithGrace): Promise<ExitCode> {
  const print = (text: string) => io.writeError(`${text}\n`);
  const printError = (error: unknown) =>
    print(error instanceof Error ? inSources(error.stack ?? error.message) : String(error));
  return new Promise((resolve) => {
    const options = {
      delay: STOP_LIMIT_MS,
      logger: null,
      onSecondSignal: (signal: string) => print(`${signal} received a second time: stopping now.`),
      onSecondError: printError,
      onTimeout: (ms: number) => print(`Not everything ended within ${ms / 1000} s: stopping now.`),
    };
    closeWithGrace(options, async ({ err }) => {
      if (err !== undefined) printError(err);
      try {
        await app.stop();
      } catch (error) {
        printError(error);
        throw error;
      }
      resolve(err === undefined ? EXIT.fine : EXIT.failed);
    });
  });
}
