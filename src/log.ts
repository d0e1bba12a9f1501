import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { SECOND } from './decide/time.ts';
import { inSources } from './package-files.ts';

/** Keeps a flood of bad deliveries or logins out of the log. */
export interface LineLimiter {
  /**
   * Null: omit this line. Otherwise write it with the number of lines omitted since the last one.
   * @param now milliseconds on a clock that never steps
   */
  admit(now: number): number | null;
}

export function createLineLimiter(linesPerSecond = 10): LineLimiter {
  let secondAt = Number.NEGATIVE_INFINITY;
  let written = 0;
  let leftOut = 0;
  return {
    admit(now) {
      if (now - secondAt >= SECOND) {
        secondAt = now;
        written = 0;
      }
      if (written >= linesPerSecond) {
        leftOut++;
        return null;
      }
      written++;
      const since = leftOut;
      leftOut = 0;
      return since;
    },
  };
}

/** Structured logging: fields first, then the event's name. */
export interface Log {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}

export interface LogSettings {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** Default: standard output. */
  readonly stream?: Writable;
}

/** Options for fastify's logger: lines of JSON, or readable on a terminal. */
export async function createLogOptions({ level, format, stream }: LogSettings) {
  const base = {
    level,
    base: null,
    timestamp: true,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  if (stream !== undefined) return { ...base, stream };
  const destination = createLogOutput();
  if (format === 'json') return { ...base, stream: destination };
  const { default: prettify } = await import('pino-pretty');
  const shape = { ignore: 'pid,hostname', singleLine: true, messageKey: 'msg', colorize: isColored() };
  return { ...base, stream: prettify({ ...shape, destination }) };
}

/** Time between two attempts to write to a pipe whose reader is slow. */
const FULL_PIPE_WAIT_MS = 10;

/**
 * Standard output, one line at a time. While it can't be written (a full disk, a closed pipe), lines are lost, which is
 * reported once on standard error. Deliveries and shares continue, and logging resumes automatically.
 */
function createLogOutput(): Writable {
  let isFailing = false;
  return new Writable({
    write(line: Buffer, _encoding, done) {
      try {
        writeWhole(line);
        isFailing = false;
      } catch (error) {
        if (!isFailing) reportLost(error);
        isFailing = true;
      }
      done();
    },
  });
}

function writeWhole(line: Buffer): void {
  for (let rest = line; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(process.stdout.fd, rest));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}

function reportLost(error: unknown): void {
  try {
    const why = codeOf(error) ?? 'unknown';
    writeSync(
      process.stderr.fd,
      `The log can’t be written (${why}): lines are lost until it can. The service keeps running.\n`,
    );
  } catch {
    // standard error can't be written either
  }
}

/** Colours only on a terminal, and unless NO_COLOR is set (https://no-color.org). */
function isColored(): boolean {
  return process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '';
}

/** What may be logged about an error: never its properties, which may contain requests, settings or personal data. */
function describeError(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' };
  const stack = inSources(error.stack ?? '');
  return { type: error.name, code: codeOf(error), message: error.message, stack };
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;
