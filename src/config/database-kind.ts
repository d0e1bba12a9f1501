import { type Kind, type Parsed, showLength, showShort } from './kinds.ts';

/** Where the data is. The address of a PostgreSQL database may contain a password: it is a secret. */
export type DatabasePlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** For people to read: the file's path, or the address without user name, password and parameters. */
export function showDatabase(place: DatabasePlace): string {
  if (place.kind === 'sqlite') return place.path;
  const { host, pathname, searchParams } = parseAddress(place.url) ?? new URL('postgres:');
  const shown = host === NO_HOST ? (searchParams.get('host') ?? '') : host;
  return `postgres://${shown.startsWith('/') ? '' : shown}${pathname}`;
}

/** `file:./data/reactor.db` → the path; `postgres://…` as libpq reads it, or what is wrong with it. */
export const database: Kind<DatabasePlace> = {
  expects: 'file: and the path of the SQLite database, or the postgres:// address of a PostgreSQL database',
  parse(text) {
    if (/^postgres(ql)?:/i.test(text)) {
      const wrong = faultOfAddress(text);
      return wrong === null ? { value: { kind: 'postgres', url: text } } : { wrong };
    }
    return text.startsWith('file:') ? parseFile(text) : { wrong: '' };
  },
  show(text) {
    const parsed = database.parse(text);
    return 'wrong' in parsed ? showLength(text) : showValid(text, parsed.value);
  },
};

function showValid(text: string, place: DatabasePlace): string {
  if (place.kind === 'sqlite') return text;
  const { password, searchParams } = parseAddress(place.url) ?? new URL('postgres:');
  const hasPassword = password !== '' || searchParams.has('password');
  return `${showDatabase(place)}${hasPassword ? ' (with a password)' : ''}`;
}

function parseFile(text: string): Parsed<DatabasePlace> {
  const path = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  if (path.startsWith('//')) return { wrong: 'the file must be on this machine' };
  if (path === ':memory:') return { wrong: 'an in-memory database is lost when the process ends' };
  // SQLite would read a query as its own settings
  if (/[?#\p{Cc}]/u.test(path)) return { wrong: 'the path contains ?, # or a control character' };
  if (path === '' || /(^|\/)\.{0,2}$/.test(path)) return { wrong: 'it names no file' };
  return { value: { kind: 'sqlite', path } };
}

/** Stands for the host that an address with a user but with its host elsewhere lacks; URLs know no such. */
const NO_HOST = 'host.invalid';

function parseAddress(text: string): URL | null {
  const named = text.replace(/^([^/?#]*\/\/[^/?#]*@)(?=[/?]|$)/, `$1${NO_HOST}`);
  return URL.canParse(named) ? new URL(named) : null;
}

const ESCAPES =
  'in its user name, password and database write / as %2F, ? as %3F, # as %23, @ as %40, % as %25 and a space as %20';

/** Parameters that mean here what they mean to libpq. */
const PARAMETERS: ReadonlySet<string> = new Set([
  ...['host', 'port', 'user', 'password', 'options', 'application_name', 'connect_timeout'],
  ...[
    'sslmode',
    'sslrootcert',
    'sslcert',
    'sslkey',
    'sslnegotiation',
    'channel_binding',
    'target_session_attrs',
  ],
]);

/** What is wrong with a PostgreSQL address; null: nothing. Never repeats any of its text but known parameters. */
function faultOfAddress(text: string): string | null {
  if (!/^postgres(ql)?:\/\//i.test(text)) return 'two slashes must follow postgres:';
  const [, authority = ''] = /^[^/]*\/\/([^/?#]*)/.exec(text) ?? [];
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  if (hosts.includes(',') || /[?&]host=[^&]*,/.test(text))
    return 'only one host is supported: use an address that always leads to the primary';
  const address = parseAddress(text);
  if (address === null || address.hash !== '' || /[\s\p{Cc}]/u.test(text) || !isDecodable(address))
    return ESCAPES;
  const port = address.searchParams.get('port');
  if (port !== null && !/^\d{1,5}$/.test(port)) return 'its port is not a number';
  return faultOfParameters(address.searchParams);
}

function isDecodable({ username, password, hostname, pathname, search }: URL): boolean {
  try {
    for (const part of [username, password, hostname, pathname, search]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

function faultOfParameters(parameters: URLSearchParams): string | null {
  for (const name of parameters.keys()) {
    if (name === 'dbname') return 'the database is named after the host and a slash, not by dbname';
    if (!PARAMETERS.has(name)) return `only these parameters are supported: ${[...PARAMETERS].join(', ')}`;
  }
  const target = parameters.get('target_session_attrs');
  if (target !== null && !['any', 'read-write', 'primary'].includes(target))
    return 'target_session_attrs must be read-write: the service writes';
  return faultOfTls(parameters);
}

function faultOfTls(parameters: URLSearchParams): string | null {
  const mode = parameters.get('sslmode') ?? 'verify-full';
  if (mode === 'prefer' || mode === 'allow')
    return `sslmode=${mode} may send the password unencrypted: write verify-full, require, or on a network that is safe disable`;
  if (!['disable', 'require', 'verify-ca', 'verify-full'].includes(mode))
    return 'sslmode must be disable, require, verify-ca or verify-full';
  return mode === 'verify-ca' && !parameters.has('sslrootcert')
    ? 'sslmode=verify-ca needs sslrootcert, the certificate of the authority'
    : null;
}

export const DEFAULT_SCHEMA = 'contact_card_reactor';

/** A name that needs no quotes in SQL. */
export const schemaName: Kind<string> = {
  expects: 'a name of lower-case letters, digits and _, at most 63 characters',
  parse(text) {
    if (!/^[a-z_][a-z0-9_]{0,62}$/.test(text)) return { wrong: '' };
    return text.startsWith('pg_')
      ? { wrong: 'names that begin with pg_ are PostgreSQL’s own' }
      : { value: text };
  },
  show: (text) => (text === DEFAULT_SCHEMA ? text : showShort(text)),
};
