import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SECRET } from './deliver.ts';
import { API_KEY, type Settings, STATUS_TOKEN } from './process.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const USUAL: Settings = {
  LINQ_API_KEY: API_KEY,
  LINQ_API_BASE_URL: 'http://127.0.0.1:9/api/partner',
  LINQ_WEBHOOK_SECRET: SECRET,
  STATUS_TOKEN,
};

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one verb of the built program to its end, in a service's working directory. Node.js leaves what stands behind -- alone. */
export function runVerb(directory: string, args: readonly string[], settings: Settings = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--', MAIN, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...USUAL, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text;
  });
  return new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, ...printed })),
  );
}

/** Runs one verb with `--json` and reads what it prints. @throws when it doesn't end with 0 */
export async function askVerb<T>(
  directory: string,
  args: readonly string[],
  settings: Settings = {},
): Promise<T> {
  const { code, stdout, stderr } = await runVerb(directory, [...args, '--json'], settings);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
