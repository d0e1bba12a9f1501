import { Writable } from 'node:stream';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode, type Io } from '../io.ts';
import { printJson } from '../terminal/screen.ts';
import type { Register } from '../verb.ts';
import { VERSION } from '../version.ts';

interface Options {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly speed?: string;
}

/** `demo`: the real service against a simulated Linq, on a clock in which a second is an hour. */
export const registerDemo: Register = (program, { io, run }) => {
  program
    .command('demo')
    .description('play a short story on a simulated Linq: no account, no network')
    .option('--once', 'play three days, check the promises, and exit (exit code 1 if one was broken)')
    .option('--json', 'print the summary as JSON at the end; the story goes to standard error')
    .option('--verbose', 'print the service’s log lines too')
    .option('--speed <factor>', 'how many times faster than real time, 60 to 36000 (default: 3600)')
    .action(run(async (options: Options) => await demo(options, io)));
};

async function demo(options: Options, io: Io): Promise<ExitCode> {
  const { runDemo, DEFAULT_SPEED, MAX_SPEED } = await import('../../demo/run-demo.ts');
  const speed = options.speed === undefined ? DEFAULT_SPEED : Number(options.speed);
  if (!(speed >= 60 && speed <= MAX_SPEED))
    throw new UsageError(`--speed: expected a number from 60 to ${MAX_SPEED}, for example --speed 7200`);
  const isJson = options.json === true;
  const isOnce = options.once === true;
  const stop = stopSignal();
  const report = await runDemo({
    speed,
    isOnce,
    version: VERSION,
    signal: stop,
    isTerminal: io.isTerminal,
    write: isJson ? io.writeError : io.write,
    columns: io.columns,
    isColoured: io.isTerminal && !isJson && (io.env.NO_COLOR ?? '') === '',
    log: logTarget(options.verbose === true, isJson, io),
  });
  if (isJson) printJson(report, io);
  return report.ok && !(isOnce && stop.aborted) ? EXIT.fine : EXIT.failed;
}

/** JSON on standard output must be the only thing there. */
function logTarget(isVerbose: boolean, isJson: boolean, io: Io): 'none' | 'own' | Writable {
  if (!isVerbose) return 'none';
  if (!isJson) return 'own';
  return new Writable({
    write(chunk, _encoding, done) {
      io.writeError(String(chunk));
      done();
    },
  });
}

/** Aborts on Ctrl-C, and when the reader closes the pipe (`demo | head`). A second Ctrl-C exits at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  process.stdout.on('error', () => stop.abort());
  return stop.signal;
}
