import { readFileSync } from 'node:fs';
import { type EnvFile, parseEnvFile } from '../config/env-file.ts';
import type { Sources, Variables } from '../config/origin.ts';
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
  /** @throws as `fs.readFileSync` */
  readonly readFile: (path: string) => string;
}

export function createProcessIo(): Io {
  process.stdout.on('error', ignoreGoneReader);
  process.stderr.on('error', ignoreGoneReader);
  return {
    env: process.env,
    isTerminal: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 80,
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    readFile: (path) => readFileSync(path, 'utf8'),
  };
}

/** Whoever read along may stop (`config show | head`): that is no failure of ours. */
function ignoreGoneReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
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
  const { variables, brokenLines } = readEnvFile(io, envFile, path);
  const envFileMistakes = brokenLines.map(
    (line) => `${path}, line ${line}: expected NAME=value, or # and a comment, for example PORT=8080`,
  );
  return { env: io.env, envFile: variables, envFileMistakes, readFile: io.readFile };
}

function readEnvFile(io: Io, envFile: string | null, path: string): EnvFile {
  try {
    return parseEnvFile(io.readFile(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (envFile === null && code === 'ENOENT') return { variables: {}, brokenLines: [] };
    throw new ConfigError(
      `The settings file ${path} can't be read (${code}): check --env-file and its permissions.`,
      { cause: error },
    );
  }
}
