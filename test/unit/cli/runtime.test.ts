import { describe, expect, it } from 'vitest';
import { adviseOnNativeModule, adviseOnNode } from '../../../src/cli/runtime.ts';
import { StoreError } from '../../../src/errors.ts';

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

const coded = (code: string, message: string) => Object.assign(new Error(message), { code });

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
    expect(adviseOnNativeModule(error)).toContain('npm rebuild better-sqlite3');
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
    expect(adviseOnNativeModule(error)).toBeNull();
  });
});

function withStack(stack: string): Error {
  const error = new Error('out of memory');
  error.stack = `Error: out of memory\n${stack}`;
  return error;
}
