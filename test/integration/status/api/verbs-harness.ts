import { resolve } from 'node:path';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { CLI_TOKEN, type Given, startStatus, TOKEN } from '../harness.ts';

export interface Machine {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly isTerminal?: boolean;
  readonly columns?: number;
}

/** Runs one command line on a machine with these variables and files only. */
export async function runVerb(args: readonly string[], machine: Machine = {}) {
  const printed = { out: '', error: '' };
  const exitCode = await runCommandLine(args, {
    env: machine.env ?? {},
    isTerminal: machine.isTerminal ?? false,
    columns: machine.columns ?? 80,
    write: (text) => {
      printed.out += text;
    },
    writeError: (text) => {
      printed.error += text;
    },
    readFile: (path) => {
      const text = machine.files?.[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return text;
    },
  });
  return { exitCode, ...printed };
}

/** A service that listens on loopback, and a machine that has its token. */
export async function startService(given: Given = {}) {
  const started = await startStatus(given);
  const url = await started.app.listen({ host: '127.0.0.1', port: 0 });
  const env = { PORT: new URL(url).port, STATUS_TOKEN: TOKEN };
  return {
    ...started,
    url,
    env,
    files: { [resolve('data/reactor.db.cli-token')]: `${CLI_TOKEN}\n` },
    run: (args: string, machine: Machine = {}) => runVerb(args.split(' '), { env, ...machine }),
  };
}
