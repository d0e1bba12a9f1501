import { type DatabasePlace, DEFAULT_SCHEMA } from '../config/database-kind.ts';
import { readSetting } from '../config/load.ts';
import { isLoopbackUrl, localUrl } from '../config/network-kinds.ts';
import { SETTINGS } from '../config/settings.ts';
import { type EnvFile, parseEnvFile, type Sources } from '../config/sources.ts';
import { isSettingName } from '../config/unread.ts';
import { ConfigError, UsageError } from '../errors.ts';
import { cliTokenPath } from '../http/cli-token.ts';
import type { Io } from './io.ts';

const DEFAULT_ENV_FILE = '.env';

/**
 * The environment and the `.env` file.
 * @param envFile named on the command line; null: the default, which may be missing
 * @throws {ConfigError} when a named file can't be read
 */
export function readSources(io: Io, envFile: string | null): Sources {
  const path = envFile ?? DEFAULT_ENV_FILE;
  const { variables, brokenLines, cutLines, isBinary } = readEnvFile(io, envFile, path);
  const envFileMistakes = brokenLines.map(
    (line) => `${path}, line ${line}: expected NAME=value, or # and a comment, for example PORT=8080`,
  );
  if (isBinary) envFileMistakes.push(`${path} isn’t UTF-8 text (is it UTF-16?): save it as UTF-8`);
  const envFileWarnings = cutLines
    .filter(({ name }) => isSettingName(name))
    .map(
      ({ line, name }) =>
        `${path}, line ${line}: the value of ${name} is cut short, since # begins a comment and nothing may follow a closing quote; put the whole value in one pair of quotes`,
    );
  return { env: io.env, envFile: variables, envFileMistakes, envFileWarnings, readFile: io.readFile };
}

function readEnvFile(io: Io, envFile: string | null, path: string): EnvFile {
  try {
    return parseEnvFile(io.readFile(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (envFile === null && code === 'ENOENT') return parseEnvFile('');
    throw new ConfigError(
      `The settings file ${path} can’t be read (${code}): check --env-file and its permissions.`,
      { cause: error },
    );
  }
}

/**
 * The running service's URL, without a trailing slash. Reads only the settings it needs, so that verbs that
 * call the service need no others.
 * @param url from the command line; null: from `HOST` and `PORT`
 * @throws {ConfigError} @throws {UsageError}
 */
export function locateService(sources: Sources, url: string | null): string {
  return url === null ? ownUrl(sources) : parseUrl(url);
}

/**
 * The token that the service at this URL accepts; null when there is none: the service then says what is
 * missing.
 * @throws {ConfigError}
 */
export function findToken(sources: Sources, url: string): string | null {
  return readSetting(SETTINGS.statusToken, sources) ?? cliToken(sources, url);
}

function ownUrl(sources: Sources): string {
  const host = readSetting(SETTINGS.server.host, sources) ?? '127.0.0.1';
  const port = readSetting(SETTINGS.server.port, sources) ?? 0;
  if (port === 0)
    throw new ConfigError('PORT is 0, so the service chose a free port: pass its address with --url.');
  return localUrl(host, port);
}

function parseUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw new UsageError('--url must be the address of the service, for example http://127.0.0.1:8080');
  }
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}

/** The token beside the database opens only the service on this machine, so it is never sent elsewhere. */
function cliToken(sources: Sources, url: string): string | null {
  if (!isLoopbackUrl(url)) return null;
  const database = readDatabase(sources);
  if (database.kind !== 'sqlite') return null; // with PostgreSQL there is no such file: it takes STATUS_TOKEN
  try {
    return sources.readFile(cliTokenPath(database.path)).trim() || null;
  } catch {
    return null; // the service isn't running here, or belongs to another user: its answer says so
  }
}

/**
 * Where the data is. Reads no other settings, so that it can be migrated, backed up and restored where the service
 * itself isn't set up.
 * @throws {ConfigError}
 */
export function readDatabase(sources: Sources): DatabasePlace {
  const database = readSetting(SETTINGS.database, sources);
  if (database === null) throw new ConfigError('DATABASE_URL is unset.'); // it has a default
  return database;
}

/** Also when that can't be told: it is the default. */
export function isSqlite(sources: Sources): boolean {
  try {
    return readDatabase(sources).kind === 'sqlite';
  } catch {
    return true;
  }
}

/** The schema of the tables, in PostgreSQL. @throws {ConfigError} */
export const readSchema = (sources: Sources): string =>
  readSetting(SETTINGS.databaseSchema, sources) ?? DEFAULT_SCHEMA;

/** @throws {ConfigError} */
export const readWindowMs = (sources: Sources): number => readSetting(SETTINGS.policy.windowMs, sources) ?? 0;

/** @throws {ConfigError} */
export const readCatchUpEveryMs = (sources: Sources): number =>
  readSetting(SETTINGS.catchUp.everyMs, sources) ?? 0;

/** @throws {ConfigError} */
export const readBackupDirectory = (sources: Sources): string =>
  readSetting(SETTINGS.backup.directory, sources) ?? '';

/**
 * The SQLite file, for what can be done with such a file only.
 * @param instead what to do with PostgreSQL
 * @throws {ConfigError} @throws {UsageError} when the data is in PostgreSQL
 */
export function readDatabasePath(sources: Sources, instead: string): string {
  const database = readDatabase(sources);
  if (database.kind === 'postgres') throw new UsageError(`DATABASE_URL is a PostgreSQL database: ${instead}`);
  return database.path;
}
