import { StoreError, type StoreFault } from '../../errors.ts';

const SENTENCES: Readonly<Partial<Record<StoreFault, string>>> = {
  busy: 'the database is busy: a lock or a statement took too long; nothing else is needed if this is rare',
  full: 'the database server has no space left; free some, nothing else is needed',
  readonly:
    'the database may not be written to; check whether the address is the primary, and the privileges',
  unavailable: "the database can't be reached; check the server, the network and DATABASE_URL",
  broken: 'the database refused to work',
};

/** PostgreSQL's SQLSTATEs and the system's error codes, by prefix. */
const FAULTS: readonly (readonly [RegExp, StoreFault])[] = [
  [/^(53100|ENOSPC|EDQUOT)/, 'full'],
  [/^(40|55P03|57014)/, 'busy'],
  [/^(25006|42501)/, 'readonly'],
  // 28, 3D: it doesn't let us in; 53: too many connections, or no memory; 57P: it stops or starts; 58: its system fails
  [/^(08|28|3D|53|57P|58|E[A-Z_]+$)/, 'unavailable'],
];

/** What pg says when it has no code: the connection is gone, or couldn't be made in time. */
const GONE =
  /^(Connection terminated|timeout e|Client has encountered|Client was closed|The server does not)/;

/** Converts what pg threw to a `StoreError`; returns a `StoreError` unchanged. Never repeats a value or the address. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const words = error instanceof Error ? error.message : '';
  const fault = faultOf(code, words);
  // what the server says of values may quote them; without a code it is a mistake of ours, and has to be found
  const isPlain = fault !== 'broken' || code === '' || /^(42|XX)/.test(code);
  const said = [code, isPlain ? words : ''].filter((part) => part !== '').join(': ');
  const options = code === '' ? { cause: error } : {};
  return new StoreError(fault, `${SENTENCES[fault]}${said === '' ? '' : ` (${said})`}`, options);
}

function faultOf(code: string, words: string): StoreFault {
  const known = FAULTS.find(([pattern]) => pattern.test(code))?.[1];
  return known ?? (code === '' && GONE.test(words) ? 'unavailable' : 'broken');
}

/** A new row was added by someone else meanwhile: the transaction has to begin again. */
export class LostRaceError extends StoreError {
  constructor() {
    super('busy', 'another replica wrote the same chats at the same time, again and again');
  }
}

/** True if the transaction was rolled back only because of others, so that trying again may help. */
export function isWorthRetrying(error: unknown): boolean {
  // 23505: only what two replicas add at once violates a unique key
  return error instanceof LostRaceError || /^(40001|40P01|55P03|23505)$/.test(codeOf(error));
}

/** True if the server, not the request, is the cause: other connections are as bad as this one. */
export function isOfServer(error: unknown): boolean {
  const fault = toStoreError(error).fault;
  return fault === 'unavailable' || codeOf(error) === '25006';
}

/**
 * True if the data of an entry violated a constraint or a type: repeating it can't help, while other entries are
 * fine.
 */
export function isUnstorable(error: unknown): boolean {
  return /^2[23]/.test(codeOf(error));
}

/** What kept an entry out, without its values. */
export function unstorableCause(error: unknown): string {
  const constraint = error instanceof Error && 'constraint' in error ? error.constraint : undefined;
  return typeof constraint === 'string' ? `violates ${constraint}` : `SQLSTATE ${codeOf(error)}`;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}
