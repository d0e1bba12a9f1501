import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { type EnvFile, parseEnvFile, type Sources, type Variables } from '../config/sources.ts';
import { isSettingName } from '../config/unread.ts';
import { ConfigError } from '../errors.ts';

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
    stderr.write(`Standard output can't be written (${code}): not everything was printed.\n`);
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
  throw new InvalidArgumentError("Name a file: standard input and output can't be used here.");
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

const DEFAULT_ENV_FILE = '.env';

/**
 * The environment and the `.env` file.
 * @param envFile named on the command line, or null: then a missing file is fine
 * @throws {ConfigError} when a named file can't be read
 */
export function readSources(io: Io, envFile: string | null): Sources {
  const path = envFile ?? DEFAULT_ENV_FILE;
  const { variables, brokenLines, cutLines, isBinary } = readEnvFile(io, envFile, path);
  const envFileMistakes = brokenLines.map(
    (line) => `${path}, line ${line}: expected NAME=value, or # and a comment, for example PORT=8080`,
  );
  if (isBinary) envFileMistakes.push(`${path} is saved as UTF-16 or is no text: save it as UTF-8`);
  const envFileWarnings = cutLines
    .filter(({ name }) => isSettingName(name))
    .map(
      ({ line, name }) =>
        `${path}, line ${line}: only a part of it is the value of ${name}, since # begins a comment and nothing may follow a closing quote; put all of it in one pair of quotes`,
    );
  return { env: io.env, envFile: variables, envFileMistakes, envFileWarnings, readFile: io.readFile };
}

function readEnvFile(io: Io, envFile: string | null, path: string): EnvFile {
  try {
    return parseEnvFile(io.readFile(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (envFile === null && code === 'ENOENT') return parseEnvFile('');
    throw new ConfigError(
      `The settings file ${path} can't be read (${code}): check --env-file and its permissions.`,
      { cause: error },
    );
  }
}
