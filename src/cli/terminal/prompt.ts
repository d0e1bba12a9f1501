import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { SetupError } from '../../errors.ts';

/** Asks the person at the terminal. */
export interface Prompter {
  /** @throws {SetupError} when the input ends */
  ask(question: string): Promise<string>;
  /** Doesn't echo the input or keep it in a history. @throws as `ask` */
  askHidden(question: string): Promise<string>;
  close(): void;
}

/** The terminal on which this process was started. */
export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Null when no one can be asked: input or output isn't a terminal. */
export function terminalOf({ stdin, stdout }: Pick<NodeJS.Process, 'stdin' | 'stdout'>): Terminal | null {
  return stdin.isTTY === true && stdout.isTTY === true ? { input: stdin, output: stdout } : null;
}

/**
 * Holds the terminal until closed. Between questions, input isn't echoed, so a key pasted too early stays
 * hidden; it becomes the answer to the next question.
 */
export function createPrompter({ input, output }: Terminal): Prompter {
  let isShown = false;
  const filtered = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (isShown) output.write(chunk);
      done();
    },
  });
  Object.defineProperty(filtered, 'columns', { get: () => output.columns }); // for lines longer than the terminal
  const reader = createInterface({ input, output: filtered, terminal: true, historySize: 0 });
  const lines: string[] = [];
  let waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | null = null;
  let hasEnded = false;
  const ended = () => new SetupError('The input ended before every question was answered. Run setup again.');

  reader.on('line', (line) => {
    if (waiting === null) lines.push(line);
    else waiting.resolve(line);
  });
  reader.on('close', () => {
    hasEnded = true;
    waiting?.reject(ended());
  });
  reader.on('SIGINT', () => {
    output.write('\n');
    process.kill(process.pid, 'SIGINT');
  });

  async function ask(question: string, isHidden: boolean): Promise<string> {
    const early = lines.shift();
    if (early !== undefined || isHidden) output.write(question);
    if (early !== undefined) {
      output.write(isHidden ? '\n' : `${early}\n`);
      return early.trim();
    }
    if (hasEnded) throw ended();
    isShown = !isHidden;
    reader.setPrompt(isHidden ? '' : question);
    reader.prompt(true);
    try {
      const line = await new Promise<string>((resolve, reject) => {
        waiting = { resolve, reject };
      });
      return line.trim();
    } finally {
      waiting = null;
      isShown = false;
      if (isHidden) output.write('\n');
    }
  }

  return {
    ask: (question) => ask(question, false),
    askHidden: (question) => ask(question, true),
    close: () => reader.close(),
  };
}
