// @ts-check
// The one way to SQLite's native module. Plain JavaScript, since separate processes import it too, and not
// every Node.js that this program supports can run TypeScript.

import Sqlite from 'better-sqlite3';

/** @type {Set<unknown>} */
const kept = new Set();

/** How many handles of the native module are kept. */
export const countKeptHandles = () => kept.size;

/**
 * Opens a database. It and its statements are kept until the process ends, even after it was closed: Node.js
 * 24.19 and later abort when they collect a handle of an addon that was compiled for them
 * (nodejs/node#65446). Code that uses a statement repeatedly must therefore keep it.
 *
 * @param {string} path
 * @param {Sqlite.Options} [options]
 * @throws {Error} as `new Database` does
 */
export function openSqlite(path, options = {}) {
  const database = new Sqlite(path, options);
  keepHandles(database);
  return database;
}

const IS_KEEPING = Symbol.for('contact-card-reactor.keeps-statements');

/**
 * A database holds its handle under an unnamed symbol. That handle creates all statements, including those of
 * pragmas and transactions.
 * @param {object} database
 */
function keepHandles(database) {
  for (const symbol of Object.getOwnPropertySymbols(database)) {
    const handle = Reflect.get(database, symbol);
    const prototype = Object.getPrototypeOf(handle);
    const prepare = prototype?.prepare;
    if (typeof prepare !== 'function') continue;
    kept.add(handle);
    if (prepare[IS_KEEPING] === true) continue;
    /** @this {unknown} @param {unknown[]} args */
    const prepareAndKeep = function (...args) {
      const statement = prepare.apply(this, args);
      kept.add(statement);
      return statement;
    };
    prototype.prepare = Object.assign(prepareAndKeep, { [IS_KEEPING]: true });
  }
}
