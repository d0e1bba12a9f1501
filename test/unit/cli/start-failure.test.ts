import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { adviseOnInstallation, adviseOnNode, explainStartFailure } from '../../../src/cli/start-failure.ts';
import { StartError, StoreError } from '../../../src/errors.ts';
import { packageFile } from '../../../src/package-files.ts';

const places = { database: './data/reactor.db', port: 8080 };
const system = (code: string, syscall: string, path?: string) =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall, ...(path === undefined ? {} : { path }) });

describe('a start that fails', () => {
  it.each([
    [system('EADDRINUSE', 'listen'), /^Port 8080 is used by another program: .* set another PORT/],
    [system('EACCES', 'listen'), /^Port 8080 requires root: set PORT /],
    [
      system('EADDRNOTAVAIL', 'listen'),
      /^HOST isn’t an address of this machine \(EADDRNOTAVAIL\): set HOST=/,
    ],
    [system('ENOTFOUND', 'getaddrinfo'), /^HOST isn’t an address of this machine \(ENOTFOUND\): set HOST=/],
    [system('EAI_AGAIN', 'getaddrinfo'), /^HOST isn’t an address of this machine \(EAI_AGAIN\): set HOST=/],
    [system('EMFILE', 'listen'), /^Can’t listen on port 8080 \(EMFILE\): check HOST and PORT\.$/],
    [system('ENOSPC', 'write'), /^The disk of \.\/data\/reactor\.db is full: make room, then start again\.$/],
    [
      system('EACCES', 'open', 'data/reactor.db.cli-token'),
      /^Can’t write data\/reactor.db.cli-token \(EACCES\): check its owner/,
    ],
    [
      new StoreError('readonly', 'it may not be written to; check owner and mode'),
      /^Can’t use the database \.\/data\/reactor\.db: it may not be written to; check owner and mode\.$/,
    ],
  ])('because of %s is explained in one sentence', (cause, sentence) => {
    const explained = explainStartFailure(cause, places);
    expect(explained).toBeInstanceOf(StartError);
    expect(explained).toMatchObject({
      code: 'REACTOR_START',
      message: expect.stringMatching(sentence),
      cause,
    });
    expect(String(explained)).not.toContain('\n');
  });

  it.each([new TypeError('x is not a function'), system('EBADF', 'close'), 'text', undefined])(
    'because of something unforeseen (%s) is passed on as it is',
    (cause) => {
      expect(explainStartFailure(cause, places)).toBe(cause);
    },
  );
});

describe('the version of Node.js', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '24.21.0', '100.0.0'])('%s is fine', (version) => {
    expect(adviseOnNode(version)).toBeNull();
  });

  it.each(['20.18.3', '20.9.0', '18.20.8', '16.0.0', '0.10.48'])('%s is too old', (version) => {
    expect(adviseOnNode(version)).toBe(
      `contact-card-reactor needs Node.js 20.19 or newer; this is ${version}.`,
    );
  });
});

const coded = (code: string, message: string, fields: object = {}) =>
  Object.assign(new Error(message), { code, ...fields });

describe('an error about SQLite’s native module', () => {
  const missing = new Error('Could not locate the bindings file. Tried:\n → /app/build/better_sqlite3.node');
  const foreign = coded(
    'ERR_DLOPEN_FAILED',
    "The module '/app/better_sqlite3.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 127.",
  );

  it.each([
    ['missing', missing],
    ['of another Node.js', foreign],
    [
      'of another system',
      coded(
        'ERR_DLOPEN_FAILED',
        '/app/node_modules/better-sqlite3/build/better_sqlite3.node: invalid ELF header',
      ),
    ],
    ['missing, as the store tells it', new StoreError('broken', 'refused', { cause: missing })],
    ['foreign, two causes down', new Error('a', { cause: new Error('b', { cause: foreign }) })],
  ])('%s: says what to run', (_what, error) => {
    expect(adviseOnInstallation(error)).toContain('npm rebuild better-sqlite3');
  });

  it.each([
    ['a database’s error', coded('SQLITE_CANTOPEN', 'unable to open database file')],
    ['a message that names the package', new Error('better-sqlite3: bad parameter')],
    [
      'a file of the package',
      coded('ENOENT', "open '/app/node_modules/better-sqlite3/build/better_sqlite3.node.bak'"),
    ],
    ['another native module', coded('ERR_DLOPEN_FAILED', '/app/other.node: invalid ELF header')],
    [
      'a stack that goes through it',
      withStack('    at Database (/app/node_modules/better-sqlite3/lib/database.js:69:14)'),
    ],
    ['no error', 'NODE_MODULE_VERSION'],
    ['nothing', undefined],
  ])('isn’t %s', (_what, error) => {
    expect(adviseOnInstallation(error)).toBeNull();
  });
});

describe('an installation that lacks something', () => {
  const file = fileURLToPath(packageFile('migrations/0000_init.sql'));
  const chunk = fileURLToPath(packageFile('dist/chunk-1.js'));
  it.each([
    [coded('ENOENT', `open '${file}'`, { path: file }), 'migrations/0000_init.sql'],
    [new StartError('no', { cause: coded('ENOENT', '', { path: file }) }), 'migrations/0000_init.sql'],
    [coded('ERR_MODULE_NOT_FOUND', `Cannot find module '${chunk}' imported from x`), 'dist/chunk-1.js'],
    [coded('ERR_MODULE_NOT_FOUND', "Cannot find package 'better-sqlite3' imported from x"), 'better-sqlite3'],
    [coded('MODULE_NOT_FOUND', "Cannot find module 'bindings'\nRequire stack:\n- x"), 'bindings'],
    [coded('MODULE_NOT_FOUND', "Cannot find module './one'", { requireStack: [chunk, 'x'] }), 'dist/one'],
  ])('%s: says what is missing, and what to run', (error, what) => {
    expect(adviseOnInstallation(error)).toBe(
      `The installation is incomplete, since ${what} is missing: install the program again with \`npm ci\`.`,
    );
  });

  it.each([
    coded('ENOENT', "open '/data/reactor.db'", { path: '/data/reactor.db' }),
    coded('ENOENT', 'without a path'),
    coded('EACCES', `open '${file}'`, { path: file }),
  ])('isn’t shown by %s', (error) => {
    expect(adviseOnInstallation(error)).toBeNull();
  });
});

describe('an installation with a file that was cut off', () => {
  const esm = 'at compileSourceTextModule (node:internal/modules/esm/utils:346:16)';
  const refused = (error: Error, ...frames: readonly string[]) =>
    Object.assign(error, { stack: [String(error), ...frames].join('\n    ') });

  it.each([
    refused(new SyntaxError('Unexpected end of input'), esm, 'at #translate (node:internal/x:1:1)'),
    refused(new SyntaxError('x'), 'at wrapSafe (node:internal/modules/cjs/loader:1:1)', 'at /app/x.js:1:1'),
    refused(
      coded('ERR_INVALID_PACKAGE_CONFIG', 'Invalid package config x'),
      'at Object.read (node:internal/modules/package_json_reader:83:15)',
    ),
  ])('is recognized by how Node.js refuses it: %s', (error) => {
    expect(adviseOnInstallation(new StoreError('broken', 'refused', { cause: error }))).toBe(
      `The installation is damaged, since one of its files can’t be loaded (${error.message}): install the program again with \`npm ci\`.`,
    );
  });

  it.each([
    refused(new SyntaxError('Unexpected token'), 'at JSON.parse (<anonymous>)', esm),
    refused(new SyntaxError('Invalid regular expression'), 'at new RegExp (<anonymous>)', esm),
    refused(new TypeError('x is not a function'), esm),
  ])('isn’t shown by %s', (error) => {
    expect(adviseOnInstallation(error)).toBeNull();
  });
});

function withStack(stack: string): Error {
  const error = new Error('out of memory');
  error.stack = `Error: out of memory\n${stack}`;
  return error;
}
