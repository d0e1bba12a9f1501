import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process of its own, that answers one question after the other. */
export interface Child<Question, Answer> {
  readonly pid: number;
  ask(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

/** Where processes write their CPU profile as they end; null: they don't. */
let profileDir: string | null = null;

export function writeProfilesTo(dir: string): void {
  profileDir = dir;
}

/**
 * Starts a script of `processes/`. Its log goes nowhere, as if to a fast disk.
 * @param label names its profile
 */
export function startChild<Question, Answer>(script: string, label: string): Child<Question, Answer> {
  const profiling = profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profileDir, label)}`];
  const child = fork(new URL(`processes/${script}.ts`, import.meta.url), {
    execArgv: [...process.execArgv, ...profiling],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    pid: child.pid ?? 0,
    ask: (question) => ask(child, label, question),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

function ask<Question, Answer>(child: ChildProcess, label: string, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onMessage = (message: { answer: Answer } | { error: string }) => {
      settle();
      if ('error' in message) reject(new Error(`${label}: ${message.error}`));
      else resolve(message.answer);
    };
    const onExit = () => {
      settle();
      reject(new Error(`${label} ended before it answered`));
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send({ question });
  });
}

/** The other end: answers the parent's questions, and ends with it. */
export function answerParent<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  process.on('message', async ({ question }: { question: Question }) => {
    try {
      process.send?.({ answer: await answer(question) });
    } catch (error) {
      process.send?.({ error: error instanceof Error ? String(error.stack) : String(error) });
    }
  });
  process.on('disconnect', () => process.exit(0));
}
