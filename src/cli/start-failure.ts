import { StartError, StoreError } from '../errors.ts';

/** Where the service was told to keep its data, and to listen. */
export interface StartPlaces {
  readonly databasePath: string;
  readonly port: number;
}

/** Why the service doesn't start, as one sentence with what to do; the error itself when nobody foresaw it. */
export function explainStartFailure(error: unknown, places: StartPlaces): unknown {
  const sentence = describeFailure(error, places);
  return sentence === null ? error : new StartError(sentence, { cause: error });
}

/** A database that can't be used, at the start or later. */
export function describeStoreFailure(error: StoreError, databasePath: string): string {
  return `Can't use the database ${databasePath}: ${error.message}.`;
}

function describeFailure(error: unknown, { databasePath, port }: StartPlaces): string | null {
  if (error instanceof StoreError) return describeStoreFailure(error, databasePath);
  if (!isSystemError(error)) return null;
  const { code, syscall, path } = error;
  if (syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo')
    return describeListening(code, port);
  if (code === 'ENOSPC') return `The disk of ${databasePath} is full: make room, then start again.`;
  return path === undefined ? null : `Can't write ${path} (${code}): check its owner, mode and kind.`;
}

function describeListening(code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken by another program: stop that one, or set PORT to another.`;
    case 'EACCES':
      return `Port ${port} is not for an ordinary user: set PORT to 1024 or more, and a proxy in front.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST is no address of this machine (${code}): set HOST=127.0.0.1 behind a proxy, or HOST=0.0.0.0 for every address.`;
    default:
      return `Can't listen on port ${port} (${code}): check HOST and PORT.`;
  }
}

type SystemError = Error & { readonly code: string; readonly syscall: string; readonly path?: string };

function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'syscall' in error &&
    typeof error.syscall === 'string'
  );
}
