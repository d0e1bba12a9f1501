// @ts-check
// Copies a database in a separate process, so that nothing waits for it: the service keeps answering and
// sharing, can end the copying at any moment, and survives whatever a damaged file does to it. Plain
// JavaScript, because not every Node.js that this program supports can run TypeScript.
//
// node backup-process.js SOURCE TARGET: TARGET must exist, empty, with the mode that the copy is to have.

import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
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

/** A snapshot of the source, compact and complete: reading it needs no log beside it. */
function copy() {
  const database = openSqlite(source, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    database.prepare('VACUUM INTO ?').run(target);
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

function sync() {
  const file = openSync(target, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // shares and webhooks go first
} catch {
  // then the copying competes with them
}
try {
  copy();
  endWithParent();
  const found = check();
  endWithParent();
  if (found === null) tell({ kind: 'foreign' });
  else if (typeof found === 'string') tell({ kind: 'damaged', finding: found });
  else {
    sync();
    tell({ kind: 'copied', ...found, sizeBytes: statSync(target).size });
  }
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  tell({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
}
