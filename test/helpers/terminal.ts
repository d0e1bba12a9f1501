import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Settings } from './process.ts';

const DRIVER = fileURLToPath(new URL('terminal.py', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** What is typed once the output holds `after`; `\r` is Enter, `\x03` is Ctrl-C, `\x04` is Ctrl-D. */
export interface Typed {
  readonly after: string;
  readonly type: string;
}

export interface Session {
  readonly code: number | null;
  /** The number of the signal that ended it. */
  readonly signal: number | null;
  /** What the terminal got, escape sequences included. */
  readonly output: string;
  /** The same as lines of text. */
  readonly lines: readonly string[];
}

interface Options {
  readonly columns?: number;
  readonly env?: Settings;
}

/** Runs a verb of the built program on a terminal. @throws when it didn't ask for everything that was to be typed */
export async function runInTerminal(
  directory: string,
  args: readonly string[],
  steps: readonly Typed[],
  { columns = 100, env = {} }: Options = {},
): Promise<Session> {
  const child = spawn('python3', [DRIVER], {
    cwd: directory,
    env: { PATH: process.env.PATH, TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stdin.end(JSON.stringify({ argv: [process.execPath, MAIN, ...args], columns, steps }));
  await new Promise((resolve) => child.once('close', resolve));
  const { code, signal, output, untyped } = JSON.parse(text);
  if (untyped > 0) throw new Error(`${untyped} of ${steps.length} were never asked for:\n${output}`);
  return { code, signal, output, lines: asLines(output) };
}

/** As a terminal shows them: without colours and movements; what was overwritten on a line doesn't show. */
function asLines(output: string): string[] {
  return output
    .split('\u001b')
    .map((part, index) => (index === 0 ? part : part.replace(/^\[[0-9;?]*[A-Za-z]/, '')))
    .join('')
    .split('\r\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1));
}
