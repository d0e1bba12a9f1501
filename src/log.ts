import type { Writable } from 'node:stream';

export interface LogSettings {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** Standard output, unless a test reads along. */
  readonly stream?: Writable;
}

/** Options of the logger that fastify makes: our events as lines of JSON, or readable on a terminal. */
export async function createLogOptions({ level, format, stream }: LogSettings) {
  const base = {
    level,
    base: null,
    timestamp: true,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  if (stream !== undefined) return { ...base, stream };
  if (format === 'json') return base;
  const pretty = await import('pino-pretty').then(
    (module) =>
      module.default({ ignore: 'pid,hostname', singleLine: true, messageKey: 'msg', colorize: isColored() }),
    () => undefined, // an optional package: without it the lines are JSON
  );
  return pretty === undefined ? base : { ...base, stream: pretty };
}

/** Colours are for people at a terminal who didn't turn them off (https://no-color.org). */
function isColored(): boolean {
  return process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '';
}

/** What may be said of an error: never its properties, which may carry requests, settings or people's data. */
function describeError(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' };
  const code = 'code' in error ? String(error.code) : undefined;
  return { type: error.name, code, message: error.message, stack: error.stack ?? '' };
}
