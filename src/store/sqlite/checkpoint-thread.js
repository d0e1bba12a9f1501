// @ts-check
// Copies the database's log to its file in a thread of its own, so that the event loop doesn't wait for the disk.
// It ends with the process, however that ends. Plain JavaScript, because not every Node.js that this program
// supports can run TypeScript.
//
// A message asks for one checkpoint; the answer is a `CheckpointAnswer`.

import { fdatasyncSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openSqlite } from './native.js';

/** @type {import('./checkpoints.ts').CheckpointTask} */
const { path, fd, file, log } = workerData;

/** @param {import('./checkpoints.ts').FileId} known */
function isSame({ path: name, dev, ino }) {
  const found = statSync(name, { bigint: true, throwIfNoEntry: false });
  return found?.dev === dev && found.ino === ino;
}

/**
 * SQLite finds the files by name. If another database had taken their place, our log would be copied into it: so the
 * first read, which opens the log, comes after a look at the file, and the first copying after a look at both.
 */
function open() {
  const opened = openSqlite(path, { fileMustExist: true, timeout: 0 });
  if (!isSame(file)) throw new Error(`${path} was replaced`);
  opened.pragma('synchronous = FULL'); // reads, to know the schema
  if (!isSame(file) || !isSame(log)) throw new Error(`${path} or its log was replaced`);
  return opened;
}

const database = open();
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

/** @returns {import('./checkpoints.ts').CheckpointAnswer} */
function copy() {
  try {
    // all rows: if asked for the first alone, better-sqlite3 doesn't notice a failure after it
    const [row] = /** @type {{ log: number, checkpointed: number }[]} */ (checkpoint.all());
    // SQLite leaves this to the checkpoint that reaches the log's end: on a busy log, to one between two writes
    fdatasyncSync(fd);
    return { pages: row?.log ?? 0, copied: row?.checkpointed ?? 0 };
  } catch {
    return 'failed'; // the main connection tries it next, and reports what it sees
  }
}

parentPort?.on('message', (/** @type {'copy' | 'end'} */ asked) => {
  if (asked === 'copy') return parentPort?.postMessage(copy());
  database.close();
  parentPort?.close();
});
