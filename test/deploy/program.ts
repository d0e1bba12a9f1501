import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** A file of this repository. */
export const inTree = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export interface Program {
  /** Everything printed so far. */
  readonly output: () => string;
  readonly hasEnded: () => boolean;
}

/** Starts a program that runs until the end of the test. */
export function runProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => {
    hasEnded = true;
  });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await Promise.race([ended, delay(3_000)]);
    child.kill('SIGKILL');
    await ended;
  });
  return { output: () => printed, hasEnded: () => hasEnded };
}

/**
 * A shipped file made to fit a test: each text must be in it, so that what is tried is what is shipped.
 * @throws when one isn't
 */
export function adapt(text: string, replacements: readonly (readonly [from: string, to: string])[]): string {
  return replacements.reduce((adapted, [from, to]) => {
    if (!adapted.includes(from)) throw new Error(`"${from}" isn't in the file`);
    return adapted.replaceAll(from, to);
  }, text);
}
