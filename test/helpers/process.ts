import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { SECRET } from './deliver.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const HOLD = new URL('hold.mjs', import.meta.url).href;

export const API_KEY = 'test-api-key';
export const STATUS_TOKEN = 'a-status-token-for-tests';

export type Settings = Readonly<Record<string, string>>;

/** One line of the service's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of the built program. */
export interface Running {
  readonly pid: number;
  /** Everything printed so far. */
  readonly output: () => string;
  /** The lines of the log so far. */
  readonly log: () => readonly LogLine[];
  /** Resolves with the address once it listens; rejects with the output when it ends before. */
  readonly listening: Promise<string>;
  /** Resolves when it has ended and all of its output was read. */
  readonly exited: Promise<Exit>;
  /** Sends a signal and waits for the end. */
  readonly end: (signal: NodeJS.Signals) => Promise<Exit>;
}

/** A directory of its own for the test, removed when it has finished. */
export function createWorkDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Settings without which nothing starts; the API is nowhere, so that no test ever leaves this machine. */
const NEEDED: Settings = {
  LINQ_API_KEY: API_KEY,
  LINQ_API_BASE_URL: 'http://127.0.0.1:9/api/partner',
  LINQ_WEBHOOK_SECRET: SECRET,
  STATUS_TOKEN,
  PORT: '0',
  CATCH_UP_EVERY: '0', // it would tell what a webhook should have told; tests that are about it switch it on
};

/**
 * Starts `node dist/main.js serve` with these environment variables and none of ours, in a directory that has no
 * settings file. Killed at the end of the test, if it still runs.
 * @param under a program, and its arguments, that becomes the service after it has set limits
 * @param main the built program, where it isn't this tree's
 */
export function launch(
  directory: string,
  settings: Settings = {},
  under: readonly string[] = [],
  main: string = MAIN,
): Running {
  const [program = process.execPath, ...args] = [...under, process.execPath, main, 'serve'];
  return watch(spawn(program, args, spawnOptions(directory, settings)));
}

/** A process that has loaded the program and waits at its first line. */
export interface Held extends Running {
  /** Lets it run. */
  readonly go: () => void;
}

/**
 * Starts the service as `launch` does, but only as far as it costs time and touches nothing: suites of many short
 * lives load the next process while the last one lives.
 * @param preload a module that is loaded into the process before the program, e.g. to end it at a given point
 */
export function hold(directory: string, settings: Settings = {}, preload: readonly string[] = []): Held {
  const imports = [...preload, HOLD].map((url) => `--import=${url}`);
  const options = spawnOptions(directory, settings);
  const child = spawn(process.execPath, [...imports, MAIN, 'serve'], {
    ...options,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {}); // it may have been ended meanwhile
  return { ...watch(child), go: () => child.stdin.end('go') };
}

function spawnOptions(directory: string, settings: Settings) {
  const env = { PATH: process.env.PATH, ...NEEDED, ...settings };
  return { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] } satisfies SpawnOptions;
}

function watch(child: ChildProcess): Running {
  const output: string[] = [];
  const log: LogLine[] = [];
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const listening = new Promise<string>((resolve, reject) => {
    readLines(child, (line) => {
      output.push(line);
      const entry = parseLine(line);
      if (entry === null) return;
      log.push(entry);
      if (entry.msg === 'service.started') resolve(String(entry.url));
    });
    exited.then(({ code, signal }) =>
      reject(new Error(`ended (${code ?? signal}) before it listened:\n${output.join('\n')}`)),
    );
  });
  listening.catch(() => {}); // whoever doesn't wait for it doesn't mind either
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  onTestFinished(async () => void (await end('SIGKILL')));
  return {
    pid: child.pid ?? Number.NaN,
    output: () => output.join('\n'),
    log: () => log,
    listening,
    exited,
    end,
  };
}

/** The last line that it said in words, for people; lines of the log may be read after it. */
export function lastWords(running: Running): string | undefined {
  const lines = running.output().split('\n');
  return lines.findLast((line) => parseLine(line) === null);
}

export type Reactor = Running & { readonly url: string };

/** Starts the service and waits until it listens. */
export async function startReactor(...how: Parameters<typeof launch>): Promise<Reactor> {
  const running = launch(...how);
  return { ...running, url: await running.listening };
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    });
    stream?.on('end', () => rest !== '' && onLine(rest));
  }
}

function parseLine(line: string): LogLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'msg' in value ? (value as LogLine) : null;
  } catch {
    return null; // not of the log: a warning or an error in words
  }
}
