import { StoreError, type StoreFault } from '../../errors.ts';

const SENTENCES: Readonly<Record<StoreFault, string>> = {
  busy: 'another program is writing to the database; close it, or wait until it has finished',
  full: 'no space is left for the database; free some, nothing else is needed',
  readonly: 'the database or its directory may not be read or written; check owner, mode and mount',
  corrupt: 'the database file is damaged; stop the service and restore a backup',
  io: 'the disk failed to read or write the database; check the disk before you start again',
  locked: 'another process works on this database',
  newer: 'the database was written by a newer version',
  unavailable: 'the database is out of reach',
  denied: 'the database may not be used',
  outdated: 'the clock was corrected',
  reverted: 'the database went back to an earlier moment',
  broken: 'the database refused to work',
};

/** SQLite's finding when it checked the file. */
export function damageError(said: string): StoreError {
  return new StoreError('corrupt', `${SENTENCES.corrupt} (${said})`);
}

/** SQLite's result codes and the system's error codes, by prefix. */
const FAULTS: readonly (readonly [RegExp, StoreFault])[] = [
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, 'full'],
  [/^SQLITE_(BUSY|LOCKED)/, 'busy'],
  [/^(SQLITE_READONLY|EACCES|EPERM|EROFS)/, 'readonly'],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'corrupt'],
  [/^(SQLITE_(IOERR|CANTOPEN)|EIO)/, 'io'],
];

/** Converts what the storage threw to a `StoreError`; returns a `StoreError` unchanged. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const fault = FAULTS.find(([pattern]) => pattern.test(code))?.[1] ?? 'broken';
  const words = error instanceof Error ? error.message : String(error);
  const said = words.startsWith(code) ? words : `${code}: ${words}`;
  return new StoreError(fault, `${SENTENCES[fault]} (${said})`, { cause: error });
}

/** better-sqlite3's words for a value that no column can take; they carry no code. */
const UNBINDABLE = /^(SQLite3 can only bind|The bound )/;

/**
 * True if the data of an event violated a constraint or can't be bound at all: repeating it can't help, while
 * other events are fine.
 */
export function isUnstorable(error: unknown): boolean {
  if (error instanceof RangeError || error instanceof TypeError) return UNBINDABLE.test(error.message);
  return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}
