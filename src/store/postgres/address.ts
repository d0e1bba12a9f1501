import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { PoolConfig } from 'pg';
import { StoreError } from '../../errors.ts';

/** How libpq's parameters ask for TLS. Ours differs from libpq's in its default alone, which checks the certificate. */
interface Tls {
  readonly mode: string;
  /** A file, or `system`: the authorities that Node.js trusts. */
  readonly authority: string | null;
}

/**
 * What pg needs to connect to this address, read as libpq reads it. pg's own reader differs: it keeps `%2F` in a database's
 * name, takes sslmode=require for verify-full, and lets PGHOST and PGSSLMODE decide what the address leaves open.
 * Without `sslmode` the server's certificate is checked, unless the server is on this machine.
 * @throws {StoreError} when it is no such address, or a file that it names can't be read
 */
export function readAddress(text: string): PoolConfig {
  const { url, host: named, parameters } = parse(text);
  const decoded = (part: string) => decodeURIComponent(part);
  const host = parameters.get('host') || decoded(named).replace(/^\[(.+)\]$/, '$1') || 'localhost';
  const port = parameters.get('port') || url.port;
  const settings = {
    user: parameters.get('user') || decoded(url.username),
    password: parameters.get('password') || decoded(url.password),
    database: decoded(url.pathname.slice(1)),
    options: parameters.get('options') ?? '',
    application_name: parameters.get('application_name') || 'contact-card-reactor',
  };
  const given = Object.entries(settings).filter(([, value]) => value !== '');
  const tls = tlsOf(host, parameters);
  return {
    ...Object.fromEntries(given),
    host,
    ...(port === '' ? {} : { port: Number(port) }),
    ssl: tls === null ? false : optionsOf(tls, parameters),
    // pg uses it where the server offers it
    enableChannelBinding: tls !== null && parameters.get('channel_binding') !== 'disable',
    ...(parameters.get('sslnegotiation') === 'direct' ? { sslnegotiation: 'direct' } : {}),
    ...connectTimeoutOf(parameters),
  };
}

/** No name that the DNS knows: a URL with a user needs a host. */
const NO_HOST = 'none.invalid';

function parse(text: string) {
  // URLs take a plus among the parameters for a space, libpq doesn't
  const named = text.replaceAll('+', '%2B').replace(/^([^/?#]*\/\/[^/?#]*@)(?=[/?]|$)/, `$1${NO_HOST}`);
  const url = URL.canParse(named) ? new URL(named) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    throw new StoreError('broken', 'DATABASE_URL must look like postgres://user@host/database');
  const host = url.hostname === NO_HOST ? '' : url.hostname;
  return { url, host, parameters: url.searchParams };
}

/** Null: none. libpq, too, uses none over a socket. */
function tlsOf(host: string, parameters: URLSearchParams): Tls | null {
  const authority = parameters.get('sslrootcert') || null;
  const mode = parameters.get('sslmode') || (authority === null && isHere(host) ? 'disable' : 'verify-full');
  if (host.startsWith('/') || mode === 'disable') return null;
  return { mode, authority };
}

/** The server is on this machine: what is sent to it can't be read on the way. */
const isHere = (host: string) => /^(\/|localhost$|127\.|::1$)/.test(host);

function optionsOf({ mode, authority }: Tls, parameters: URLSearchParams): ConnectionOptions {
  const certificate = parameters.get('sslcert');
  const key = parameters.get('sslkey');
  return {
    ...(authority === null || authority === 'system' ? {} : { ca: read('sslrootcert', authority) }),
    ...(certificate === null ? {} : { cert: read('sslcert', certificate) }),
    ...(key === null ? {} : { key: read('sslkey', key) }),
    ...leniencyOf(mode, authority, parameters.get('channel_binding') === 'require'),
  };
}

/**
 * What isn't checked of the certificate. pg doesn't insist on channel binding, so where it is required instead of a check
 * of the certificate, the certificate is checked.
 */
function leniencyOf(mode: string, authority: string | null, isBound: boolean): ConnectionOptions {
  if (mode === 'verify-full' || authority === 'system') return {};
  if (authority !== null) return { checkServerIdentity: () => undefined }; // as libpq: require becomes verify-ca
  return isBound ? {} : { rejectUnauthorized: false };
}

function read(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new StoreError(
      'denied',
      `the file of ${name} in DATABASE_URL can’t be read (${code}); check its path and mode`,
    );
  }
}

/** In seconds; 0 and less mean no limit to libpq, but ours then. */
function connectTimeoutOf(parameters: URLSearchParams): PoolConfig {
  const seconds = Number(parameters.get('connect_timeout') ?? 0);
  return seconds > 0 ? { connectionTimeoutMillis: Math.max(seconds, 2) * 1_000 } : {};
}
