import { readFileSync } from 'node:fs';
import { runCommandLine } from '../../src/cli/program.ts';
import type { Settings } from './process.ts';
import { VERB_SETTINGS } from './service.ts';

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A terminal to print on. */
export interface Shown {
  readonly isTerminal?: boolean;
  readonly columns?: number;
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs one verb as `runVerb` does, but inside this process, whose working directory it changes meanwhile: so verbs that
 * are started together run one after the other.
 */
export function runVerbHere(
  directory: string,
  args: readonly string[],
  settings: Settings = {},
  shown: Shown = {},
): Promise<Printed> {
  const running = last.then(() => run(directory, args, settings, shown));
  last = running.catch(() => {});
  return running;
}

async function run(
  directory: string,
  args: readonly string[],
  settings: Settings,
  { isTerminal = false, columns = 80 }: Shown,
): Promise<Printed> {
  const printed = { stdout: '', stderr: '' };
  const before = process.cwd();
  process.chdir(directory);
  try {
    const code = await runCommandLine(args, {
      env: { ...VERB_SETTINGS, ...settings },
      isTerminal,
      columns,
      write(text) {
        printed.stdout += text;
      },
      writeError(text) {
        printed.stderr += text;
      },
      readFile: (path) => readFileSync(path, 'utf8'),
    });
    return { code, ...printed };
  } finally {
    process.chdir(before);
  }
}

/** Runs one verb with `--json` and reads what it prints. @throws when it doesn't end with 0 */
export async function askVerbHere<T>(
  directory: string,
  args: readonly string[],
  settings: Settings = {},
): Promise<T> {
  const { code, stdout, stderr } = await runVerbHere(directory, [...args, '--json'], settings);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
