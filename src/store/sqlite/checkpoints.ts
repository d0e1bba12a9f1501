import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import { programFile } from '../../package-files.ts';
import type { OpenDatabase } from './database.ts';
import { toStoreError } from './faults.ts';

/** Copies the log to the database's file when it has grown, so that it starts anew. */
export interface Checkpoints {
  /**
   * Call it after each write, when the files are known to be in place.
   * @throws what SQLite throws when the copying fails; a full disk alone is left to the write that finds it
   */
  afterWrite(): void;
  /** Waits for the thread to end, so that the connection that is closed next is the last one. */
  stop(): Promise<void>;
}

/** A file that a name led to. */
export interface FileId {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

/** What the thread is given when it starts. */
export interface CheckpointTask {
  readonly path: string;
  /** The open file. */
  readonly fd: number;
  readonly file: FileId;
  readonly log: FileId;
}

/** The log's pages, and how many of them are in the file; or the checkpoint failed. */
export type CheckpointAnswer = { readonly pages: number; readonly copied: number } | 'failed';

const SCRIPT = programFile('store/sqlite/checkpoint-thread.js');

/**
 * The log starts anew only if nothing was added to it since it was copied, which may never happen while a thread does
 * the copying. So a rest of at most this part of the threshold is copied between two writes.
 */
const SMALL_PART = 1 / 64;

/**
 * Each pass copies what was written during the one before: usually much less. If there still is more, it is copied
 * between two writes, so that the log can't grow forever.
 */
const MOST_PASSES = 4;

/**
 * A log that a backup let grow is shortened by so much each time that it starts anew: the system takes up to a quarter
 * of a second to free 300 MB, and the commit waits for it.
 */
const SHORTENED_BYTES = 32 * 1024 * 1024;

/**
 * Checkpoints in a thread: with a million chats, one writes thousands of pages all over the file, then syncs it. If the
 * thread can't start, or fails, the connection makes the checkpoint itself, and the caller sees its error. A thread
 * ends with this process, unlike a child process, which might still write when the next service has started.
 * @param database its connection writes; the automatic checkpoints of that end here, their threshold stays
 */
export function createCheckpoints({ sql, path, fd }: Pick<OpenDatabase, 'sql' | 'path' | 'fd'>): Checkpoints {
  const threshold = Number(sql.pragma('wal_autocheckpoint', { simple: true }));
  sql.pragma('wal_autocheckpoint = 0');
  const look = sql.prepare<[], { log: number; checkpointed: number }>('PRAGMA wal_checkpoint(NOOP)');
  const copy = sql.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const sizeLimit = Number(sql.pragma('journal_size_limit', { simple: true }));
  const limits = new Map<number, Database.Statement>();
  let limitNow = sizeLimit;
  let thread: Worker | null = null;
  let isCopying = false;
  let passes = 0;
  /** How many pages of the log that aren't in the file lead to the next step. */
  let dueAt = threshold;
  /** The log's pages when the thread had last copied all of them; fewer: it has started anew. */
  let copied = 0;

  function waitFor(pages: number): void {
    passes = 0;
    copied = 0;
    dueAt = pages;
  }

  /** Sets the size to which SQLite shortens the log when it starts anew, each with a statement of its own. */
  function limitSize(): void {
    const bytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    const steps = Math.ceil(bytes / SHORTENED_BYTES) - 1;
    const limit = Math.max(sizeLimit, steps * SHORTENED_BYTES);
    if (limit === limitNow) return;
    const statement = limits.get(limit) ?? sql.prepare(`PRAGMA journal_size_limit = ${limit}`);
    limits.set(limit, statement);
    statement.all();
    limitNow = limit;
  }

  function answered(answer: CheckpointAnswer): void {
    isCopying = false;
    if (answer === 'failed') {
      passes = MOST_PASSES;
      dueAt = 0;
    } else if (answer.copied < answer.pages) {
      waitFor(answer.pages - answer.copied + threshold); // a reader, such as a backup, still needs the log
    } else {
      copied = answer.pages;
      dueAt = 0;
    }
  }

  function start(): Worker {
    const identify = (name: string): FileId => {
      const { dev, ino } = statSync(name, { bigint: true });
      return { path: name, dev, ino };
    };
    const workerData: CheckpointTask = { path, fd, file: identify(path), log: identify(`${path}-wal`) };
    const started = new Worker(SCRIPT, {
      workerData,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    started.unref();
    started.on('message', answered);
    started.on('error', () => {}); // `exit` follows
    started.on('exit', () => {
      thread = null;
      if (isCopying) answered('failed');
    });
    return started;
  }

  function ask(): void {
    limitSize();
    passes++;
    isCopying = true;
    try {
      thread ??= start();
      thread.postMessage('copy');
    } catch {
      answered('failed');
    }
  }

  function copyHere(rest: number): void {
    waitFor(threshold);
    try {
      copy.all();
    } catch (error) {
      if (toStoreError(error).fault !== 'full') throw error;
      waitFor(rest + threshold);
    }
  }

  return {
    afterWrite() {
      if (isCopying) return;
      const [{ log, checkpointed } = { log: 0, checkpointed: 0 }] = look.all();
      if (log < copied) waitFor(threshold);
      const rest = log - checkpointed;
      if (rest < dueAt) return;
      if (passes < MOST_PASSES && rest > threshold * SMALL_PART) ask();
      else copyHere(rest);
    },
    async stop() {
      const ending = thread;
      if (ending === null) return;
      await new Promise((resolve) => {
        ending.once('exit', resolve);
        ending.ref();
        ending.postMessage('end');
      });
    },
  };
}
