import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import type { Variables } from '../config/sources.ts';

/** A verb's access to the outside world; tests pass in their own. */
export interface Io {
  readonly env: Variables;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Width of the terminal in columns, which may change; 80 when unknown. */
  readonly columns: number;
  /** Writes complete text to standard output, line breaks included. */
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** @param path `-` for standard input @throws as `fs.readFileSync` */
  readonly readFile: (path: string) => string;
}

export function createProcessIo(): Io {
  const { stdout, stderr } = process;
  onLost(stdout, (code) => {
    stderr.write(`Can’t write to standard output (${code}): the output is incomplete.\n`);
    process.once('exit', () => {
      process.exitCode = EXIT.failed;
    });
  });
  onLost(stderr, () => {
    process.once('exit', () => {
      process.exitCode ||= EXIT.failed; // there is nowhere left to report why
    });
  });
  return {
    env: process.env,
    isTerminal: stdout.isTTY === true,
    get columns() {
      return stdout.columns || 80; // a terminal that doesn't know its size says 0
    },
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    readFile: (path) => readFileSync(path === STANDARD ? process.stdin.fd : path, 'utf8'),
  };
}

/**
 * A verb finishes its work even if it can't print the result, but then exits with an error. A reader that
 * closes the pipe early (`config show | head`) isn't a failure.
 */
function onLost(stream: NodeJS.WriteStream, report: (code: string) => void): void {
  let isReported = false;
  stream.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    if (isReported || code === 'EPIPE') return;
    isReported = true;
    report(code);
  });
}

/** Stands for standard input or output in place of a file. */
export const STANDARD = '-';

/** For options and arguments that need a real file. @throws {InvalidArgumentError} */
export function realFile(path: string): string {
  if (path !== STANDARD) return path;
  throw new InvalidArgumentError('Give a file: standard input and output can’t be used here.');
}

/** The exit codes. */
export const EXIT = {
  fine: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  degraded: 4,
  unreachable: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
