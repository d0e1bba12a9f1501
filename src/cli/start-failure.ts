import { dirname, join } from 'node:path';
import { StartError, StoreError } from '../errors.ts';
import { isInstalledByNpm, pathInPackage } from '../package-files.ts';

/** Where the service is configured to keep its data and to listen. */
interface StartPlaces {
  /** The file, or the server's address; no secret. */
  readonly database: string;
  readonly port: number;
}

/** Why the service doesn't start, as one sentence with a remedy; an unexpected error is returned as is. */
export function explainStartFailure(error: unknown, places: StartPlaces): unknown {
  const sentence = describeFailure(error, places);
  return sentence === null ? error : new StartError(sentence, { cause: error });
}

/** Explains why a database can't be used, at the start or later. */
export function describeStoreFailure(error: StoreError, database: string): string {
  return `Can’t use the database ${database}: ${error.message}.`;
}

function describeFailure(error: unknown, { database, port }: StartPlaces): string | null {
  if (error instanceof StoreError) return describeStoreFailure(error, database);
  if (!isSystemError(error)) return null;
  const { code, syscall, path } = error;
  if (syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo')
    return describeListening(code, port);
  if (code === 'ENOSPC') return `The disk of ${database} is full: make room, then start again.`;
  return path === undefined ? null : `Can’t write ${path} (${code}): check its owner, mode and type.`;
}

function describeListening(code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is used by another program: stop it, or set another PORT.`;
    case 'EACCES':
      return `Port ${port} requires root: set PORT to 1024 or more, and put a proxy in front.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST isn’t an address of this machine (${code}): set HOST=127.0.0.1 behind a proxy, or HOST=0.0.0.0 for every address.`;
    default:
      return `Can’t listen on port ${port} (${code}): check HOST and PORT.`;
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

/** The oldest supported Node.js: our dependencies need `require` of ES modules. */
const FLOOR = { major: 20, minor: 19 };

/**
 * What to do if this Node.js can't run the program; else null. Call it before loading anything heavy:
 * SQLite's native module crashes on a Node.js that it wasn't built for.
 * @param version as in `process.versions.node`
 */
export function adviseOnNode(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > FLOOR.major || (major === FLOOR.major && minor >= FLOOR.minor)) return null;
  return `contact-card-reactor needs Node.js ${FLOOR.major}.${FLOOR.minor} or newer; this is ${version}.`;
}

/** What to do if an error, or its cause, is about the installation of the program; else null. */
export function adviseOnInstallation(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (isAboutNativeModule(error)) {
    return `SQLite’s native module is missing or was built for another Node.js: ${isInstalledByNpm ? INSTALL_NATIVE : REBUILD_NATIVE}.`;
  }
  const again = `install the program again with ${isInstalledByNpm ? `\`${INSTALL}\`` : '`npm ci`'}`;
  const missing = missingFile(error);
  if (missing !== null) return `The installation is incomplete, since ${missing} is missing: ${again}.`;
  if (isAboutDamagedFile(error))
    return `The installation is damaged, since one of its files can’t be loaded (${error.message}): ${again}.`;
  return adviseOnInstallation(error.cause);
}

const INSTALL = 'npm install -g contact-card-reactor';
const INSTALL_NATIVE = `run \`${INSTALL} --allow-scripts=better-sqlite3\``;
const REBUILD_NATIVE =
  'run `npm rebuild better-sqlite3` (with npm 12, first `npm install-scripts approve better-sqlite3`)';

/** A database's own errors and stacks also name better-sqlite3, so only unambiguous signs count. */
function isAboutNativeModule(error: Error): boolean {
  if (error.message.startsWith('Could not locate the bindings file')) return true;
  const code = 'code' in error ? error.code : null;
  return code === 'ERR_DLOPEN_FAILED' && error.message.includes('better_sqlite3');
}

/** Node.js itself refused a file while it loaded it; a stack that begins elsewhere is of `JSON.parse` and the like. */
function isAboutDamagedFile(error: Error): boolean {
  const isRefused =
    error instanceof SyntaxError || ('code' in error && error.code === 'ERR_INVALID_PACKAGE_CONFIG');
  return isRefused && /^[^\n]*node:internal\/modules\//.test(error.stack?.split(/\n +at /)[1] ?? '');
}

/** The file of the package, or the package, that couldn't be found. */
function missingFile(error: Error): string | null {
  const code = 'code' in error ? error.code : null;
  if (code === 'ENOENT') return 'path' in error ? pathInPackage(String(error.path)) : null;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return null;
  const name = /^Cannot find (?:module|package) '([^']+)'/.exec(error.message)?.[1];
  if (name === undefined) return null;
  const [importer] = 'requireStack' in error && Array.isArray(error.requireStack) ? error.requireStack : [];
  const path = name.startsWith('.') && typeof importer === 'string' ? join(dirname(importer), name) : name;
  return pathInPackage(path) ?? path;
}
