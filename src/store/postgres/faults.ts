import { StoreError, type StoreFault } from '../../errors.ts';

/** A fault, and what to do about it. */
type Reading = readonly [fault: StoreFault, sentence: string];

const REFUSED: Reading = [
  'denied',
  'the database doesn’t accept the user or the password; correct DATABASE_URL, or pg_hba.conf on the server',
];
const UNENCRYPTED: Reading = [
  'denied',
  'the server doesn’t offer TLS; turn it on there (ssl = on), or on a network that is safe add sslmode=disable to DATABASE_URL',
];
const UNTRUSTED: Reading = [
  'denied',
  'the server’s certificate isn’t trusted; name its authority in DATABASE_URL with sslrootcert=FILE, and the host as the certificate does',
];
const GONE: Reading = [
  'unavailable',
  'the database can’t be reached; check the server, the network and DATABASE_URL',
];
const BROKEN: Reading = ['broken', 'the database refused to work'];

/** PostgreSQL's SQLSTATEs, and the codes of Node.js: the first pattern that matches the beginning. */
const BY_CODE: readonly (readonly [RegExp, Reading])[] = [
  [
    /53100|ENOSPC|EDQUOT/,
    ['full', 'the database server has no space left; free some, nothing else is needed'],
  ],
  [
    /57014|25P0[34]/,
    ['busy', 'a statement took too long; look at the load of the server, and for locks that others hold'],
  ],
  [
    /40|55P03/,
    ['busy', 'the database is busy: a lock took too long; nothing else is needed if this is rare'],
  ],
  [
    /25006/,
    [
      'readonly',
      'the database only reads: it is a standby, or read-only; let DATABASE_URL lead to the primary',
    ],
  ],
  [/28/, REFUSED],
  [/3D/, ['denied', 'the database doesn’t exist; create it, or correct its name in DATABASE_URL']],
  [
    /42501/,
    [
      'denied',
      'the user of DATABASE_URL lacks a privilege; `contact-card-reactor doctor` says which one to grant',
    ],
  ],
  [
    /53300/,
    [
      'unavailable',
      'the server has no connection left; raise max_connections, or put a pooler between (a replica uses up to 9)',
    ],
  ],
  [
    /E(NOTFOUND|AI_)/,
    ['unavailable', 'the name of the database’s host can’t be resolved; check DATABASE_URL and DNS'],
  ],
  [/CERT_|ERR_TLS_CERT|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH/, UNTRUSTED],
  [
    /ERR_(SSL|TLS|OSSL)|EPROTO/,
    ['denied', 'TLS with the database server failed; check sslmode in DATABASE_URL, and its TLS versions'],
  ],
  // 53: no memory; 57P: it stops or starts; 58: its system fails
  [/08|53|57P|58|E[A-Z]+$/, GONE],
];

/** What pg says when it has no code. */
const BY_WORDS: readonly (readonly [RegExp, Reading])[] = [
  [/The server does not support SSL|There was an error establishing an SSL/, UNENCRYPTED],
  [/SASL: /, REFUSED],
  [/Connection terminated|timeout e|Query read timeout|Client has encountered|Client was closed/, GONE],
];

/** Converts what pg threw to a `StoreError`; returns a `StoreError` unchanged. Never repeats a value or the address. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const words = error instanceof Error ? error.message : '';
  const [fault, sentence] = readingOf(code, words);
  // what the server says of values may quote them; without a code it is a mistake of ours, and has to be found
  const isPlain = fault !== 'broken' || code === '' || /^(42|XX)/.test(code);
  const said = [code, isPlain ? words : ''].filter((part) => part !== '').join(': ');
  const options = code === '' ? { cause: error } : {};
  return new StoreError(fault, `${sentence}${said === '' ? '' : ` (${said})`}`, options);
}

function readingOf(code: string, words: string): Reading {
  const [known, text] = code === '' ? [BY_WORDS, words] : [BY_CODE, code];
  return known.find(([pattern]) => text.search(pattern) === 0)?.[1] ?? BROKEN;
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
