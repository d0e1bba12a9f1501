// @ts-check
// The one way to SQLite's native module. Plain JavaScript, since separate processes import it too, and not
// every Node.js that this program supports can run TypeScript.

import { accessSync, constants } from 'node:fs';
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
 * @throws {Error} as `new Database` does; `EACCES` for a file that our user may not read
 */
export function openSqlite(path, options = {}) {
  const database = open(path, options);
  keepHandles(database);
  return database;
}

/**
 * @param {string} path
 * @param {Sqlite.Options} options
 */
function open(path, options) {
  try {
    return new Sqlite(path, options);
  } catch (error) {
    refuseUnreadable(path); // SQLite has one code for this and for a failing disk
    throw error;
  }
}

/** @param {string} path */
function refuseUnreadable(path) {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') throw error;
  }
}

const IS_KEEPING = Symbol.for('contact-card-reactor.keeps-handles');

/**
 * A database holds its handle under an unnamed symbol. That handle creates all statements, including those of
 * pragmas and transactions, and the handles of backups.
 * @param {object} database
 */
function keepHandles(database) {
  for (const symbol of Object.getOwnPropertySymbols(database)) {
    const handle = Reflect.get(database, symbol);
    const prototype = Object.getPrototypeOf(handle);
    if (typeof prototype?.prepare !== 'function') continue;
    kept.add(handle);
    for (const name of ['prepare', 'backup']) keepResults(prototype, name);
  }
}

/**
 * @param {Record<string, unknown>} prototype
 * @param {string} name of a method that creates handles
 */
function keepResults(prototype, name) {
  const create = /** @type {Function} */ (prototype[name]);
  if (Reflect.get(create, IS_KEEPING) === true) return;
  /** @this {unknown} @param {unknown[]} args */
  const createAndKeep = function (...args) {
    const handle = create.apply(this, args);
    kept.add(handle);
    return handle;
  };
  prototype[name] = Object.assign(createAndKeep, { [IS_KEEPING]: true });
}
