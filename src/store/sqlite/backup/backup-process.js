// @ts-check
// Copies a database in a separate process, so that nothing waits for it: the service keeps answering and
// sharing, can end the copying at any moment, and survives whatever a damaged file does to it. Plain
// JavaScript, because not every Node.js that this program supports can run TypeScript.
//
// node backup-process.js SOURCE TARGET: TARGET must exist, empty, with the mode that the copy is to have.

import { fdatasyncSync, fstatSync, fsyncSync, openSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { openSqlite } from '../native.js';

const [source = '', target = ''] = process.argv.slice(2);
const parent = process.ppid;

/** @param {import('./backup.ts').CopyMessage} message */
function tell(message) {
  process.send?.(message);
  process.disconnect?.();
}

/** Nothing waits for the copy any more: the parent process was killed. */
function endWithParent() {
  if (process.ppid !== parent) process.exit(1);
}

/**
 * Copied pages between two syncs, 4 MiB. A single sync at the end would write everything at once, and the commits
 * of the service, which are synced too, would wait for it.
 */
const PAGES_AT_ONCE = 1_024;

/**
 * A snapshot of the source, page by page: the one transaction reads what was committed before it, and keeps the
 * source's log from being emptied only as long as it takes to write the pages.
 * @param {number} file the target
 */
async function copy(file) {
  const database = openSqlite(source, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    database.exec('BEGIN');
    database.pragma('schema_version'); // the snapshot is taken by the first read
    await database.backup(target, {
      progress() {
        endWithParent();
        fdatasyncSync(file);
        return PAGES_AT_ONCE;
      },
    });
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

/** The copy states, as its source does, that it has a log: until that is undone, reading it would create one. */
function makeComplete() {
  const database = openSqlite(target, { fileMustExist: true });
  try {
    const [row] = /** @type {{ journal_mode: string }[]} */ (database.pragma('journal_mode = DELETE'));
    if (row?.journal_mode !== 'delete') throw new Error('another program uses the copy');
  } finally {
    database.close();
  }
}

/**
 * SQLite maps as much of the file as it can, at most 2 GiB. The check visits pages in random order: without the
 * map it reads each from the system again, which is a third of its work.
 */
const MAPPED_BYTES = 2 ** 31;

/** Runs SQLite's check of the whole copy, every row and index, and reads its contents. */
function check() {
  const database = openSqlite(target, { readonly: true, fileMustExist: true });
  try {
    database.pragma(`mmap_size = ${MAPPED_BYTES}`);
    const finding = String(database.pragma('integrity_check(1)', { simple: true }));
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    if (finding !== 'ok') return finding;
    if (!tables.includes('migrations') || !tables.includes('chats')) return null;
    const count = database.prepare('SELECT count(*) FROM chats').pluck();
    const version = database.prepare('SELECT count(*) FROM migrations').pluck();
    return { chats: Number(count.get()), schemaVersion: Number(version.get()) };
  } finally {
    database.close();
  }
}

try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // shares and webhooks go first
} catch {
  // then the copying competes with them
}
try {
  // open until the end: closing it would release the locks that SQLite holds on the same file
  const file = openSync(target, 'r+');
  await copy(file);
  makeComplete();
  endWithParent();
  const found = check();
  endWithParent();
  if (found === null) tell({ kind: 'foreign' });
  else if (typeof found === 'string') tell({ kind: 'damaged', finding: found });
  else {
    fsyncSync(file);
    tell({ kind: 'copied', ...found, sizeBytes: fstatSync(file).size });
  }
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  tell({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
}
