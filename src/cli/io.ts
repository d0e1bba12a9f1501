import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import type { Variables } from '../config/sources.ts';

/** What a verb may use of the outside; a test hands in its own. */
export interface Io {
  readonly env: Variables;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Width of the terminal in columns; 80 when unknown. */
  readonly columns: number;
  /** Whole text to standard output, line break included. */
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** @param path `-` for standard input @throws as `fs.readFileSync` */
  readonly readFile: (path: string) => string;
}

export function createProcessIo(): Io {
  const { stdout, stderr } = process;
  onLost(stdout, (code) => {
    stderr.write(`Can't write to standard output (${code}): the output is incomplete.\n`);
    process.once('exit', () => {
      process.exitCode = EXIT.failed;
    });
  });
  onLost(stderr, () => {
    process.once('exit', () => {
      process.exitCode ||= EXIT.failed; // there is nowhere left to say why
    });
  });
  return {
    env: process.env,
    isTerminal: stdout.isTTY === true,
    columns: stdout.columns ?? 80,
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    readFile: (path) => readFileSync(path === STANDARD ? process.stdin.fd : path, 'utf8'),
  };
}

/**
 * A verb does its work to the end even if it can't print it: then it has failed all the same. Whoever read along may
 * stop (`config show | head`): that is no failure of ours.
 */
function onLost(stream: NodeJS.WriteStream, tell: (code: string) => void): void {
  let isTold = false;
  stream.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    if (isTold || code === 'EPIPE') return;
    isTold = true;
    tell(code);
  });
}

/** In the place of a file: standard input, or standard output. */
export const STANDARD = '-';

/** For options and arguments that need a real file. @throws {InvalidArgumentError} */
export function realFile(path: string): string {
  if (path !== STANDARD) return path;
  throw new InvalidArgumentError("Give a file: standard input and output can't be used here.");
}

/** What the process ends with. */
export const EXIT = {
  fine: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  degraded: 4,
  unreachable: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
