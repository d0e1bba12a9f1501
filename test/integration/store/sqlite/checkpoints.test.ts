import { copyFileSync, renameSync, statSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Checkpoints, createCheckpoints } from '../../../../src/store/sqlite/checkpoints.ts';
import { type OpenDatabase, openDatabase } from '../../../../src/store/sqlite/database.ts';
import { openSqlite } from '../../../../src/store/sqlite/native.js';
import { digestOf } from '../../../helpers/digest.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';

const THRESHOLD = 64;
const MIB = 1024 * 1024;

let home: ReturnType<typeof createSqliteHome>;
let database: OpenDatabase;
let threads: Worker[];
let onThread: (thread: Worker) => void;
const noteThread = (thread: Worker) => {
  threads.push(thread);
  onThread(thread);
};

beforeEach(() => {
  home = createSqliteHome();
  database = openDatabase(home.path);
  database.sql.pragma('wal_checkpoint(TRUNCATE)'); // what it took to make it isn't counted
  database.sql.pragma(`wal_autocheckpoint = ${THRESHOLD}`);
  threads = [];
  onThread = () => {};
  process.on('worker', noteThread);
});
afterEach(async () => {
  process.off('worker', noteThread);
  await Promise.all(threads.map((thread) => thread.terminate()));
  database.close();
  await home.remove();
});

/** Adds about so many pages to the log, in one commit. */
function write(pages: number): void {
  const put = database.sql.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  database.sql.transaction(() => {
    for (let page = 0; page < pages; page++) put.run(`page ${page}`, 'x'.repeat(4_000));
  })();
}

const sizeOfLog = () => statSync(`${home.path}-wal`).size;

function logOf({ sql }: OpenDatabase): { readonly pages: number; readonly copied: number } {
  const [row] = sql.pragma('wal_checkpoint(NOOP)') as [{ log: number; checkpointed: number }];
  return { pages: row.log, copied: row.checkpointed };
}

/** Reads a snapshot until the returned function is called: as long as that is in the log, the log can't start anew. */
function read(): () => void {
  const reader = openSqlite(home.path, { readonly: true });
  reader.exec('BEGIN');
  reader.pragma('schema_version');
  return () => void reader.close();
}

/** The n-th thread, once it has been created; Node.js reports that a moment later. */
async function threadAt(nth: number): Promise<Worker> {
  if (threads.length < nth) await new Promise((resolve) => process.once('worker', resolve));
  return threads[nth - 1] as Worker;
}

const endOf = async (nth: number) => {
  const thread = await threadAt(nth);
  return new Promise((resolve) => thread.once('exit', resolve));
};

/** Resolves when the thread that is being asked has answered. */
const answerOf = async (nth: number) => {
  const thread = await threadAt(nth);
  return new Promise((resolve) => thread.once('message', resolve));
};

/** As SQLite reports it when the disk refuses. */
const failing = (code: string) => Object.assign(new Error('disk I/O error'), { code });

/** The same database, but checkpoints of its connection fail. */
function withFailingCheckpoint(code: string): OpenDatabase {
  const prepare = (text: string) => {
    const statement = database.sql.prepare(text);
    if (!text.includes('PASSIVE')) return statement;
    return Object.assign(Object.create(statement), {
      all() {
        throw failing(code);
      },
    });
  };
  return { ...database, sql: Object.create(database.sql, { prepare: { value: prepare } }) };
}

describe('checkpoints', () => {
  it('start no thread as long as the log is small', () => {
    const checkpoints = createCheckpoints(database);
    write(THRESHOLD / 2);
    checkpoints.afterWrite();
    expect(threads).toEqual([]);
    expect(logOf(database).copied).toBe(0);
  });

  it('are made by a thread once the log has grown, and the log starts anew at the write after the last', async () => {
    const checkpoints = createCheckpoints(database);
    write(THRESHOLD);
    checkpoints.afterWrite();
    expect(logOf(database).copied).toBe(0); // not here
    await answerOf(1);
    const copied = logOf(database);
    expect(copied.copied).toBe(copied.pages);

    write(1);
    checkpoints.afterWrite();
    expect(logOf(database).pages).toBeLessThan(copied.pages);
    expect(threads).toHaveLength(1);
    await checkpoints.stop();
  });

  it('copy what was written meanwhile themselves when it is little, so that a busy log starts anew too', async () => {
    database.sql.pragma(`wal_autocheckpoint = ${THRESHOLD * 10}`); // so that a page is little
    const checkpoints = createCheckpoints(database);
    write(THRESHOLD * 10);
    const letGo = read();
    checkpoints.afterWrite();
    await answerOf(1);
    write(1);
    letGo();
    expect(logOf(database).copied).toBeLessThan(logOf(database).pages);
    checkpoints.afterWrite();
    const { pages, copied } = logOf(database);
    expect(copied).toBe(pages);
    write(1);
    expect(logOf(database).pages).toBeLessThan(pages);
    await checkpoints.stop();
  });

  it('ask the thread again when it isn’t little, and copy it themselves after a few times', async () => {
    const checkpoints = createCheckpoints(database);
    write(THRESHOLD);
    for (let asked = 1; asked <= 4; asked++) {
      const letGo = read();
      checkpoints.afterWrite();
      await answerOf(1);
      write(THRESHOLD / 2);
      letGo();
      expect(logOf(database).copied).toBeLessThan(logOf(database).pages);
    }
    checkpoints.afterWrite();
    expect(logOf(database).copied).toBe(logOf(database).pages);
    await checkpoints.stop();
  });

  it('wait until the log has grown further while a reader needs it, then copy all of it', async () => {
    const checkpoints = createCheckpoints(database);
    const letGo = read();
    write(THRESHOLD);
    checkpoints.afterWrite();
    expect(await answerOf(1)).toMatchObject({ copied: 0 });

    letGo();
    write(1);
    checkpoints.afterWrite();
    expect(logOf(database).copied).toBe(0); // neither here nor there
    write(THRESHOLD);
    checkpoints.afterWrite();
    await answerOf(1);
    const { pages, copied } = logOf(database);
    expect(copied).toBe(pages);
    await checkpoints.stop();
  });

  it('shorten a log that has grown far in steps, each in no time', async () => {
    database.sql.pragma(`journal_size_limit = ${MIB}`);
    const checkpoints = createCheckpoints(database);
    write(17_000);
    const sizes = [sizeOfLog()];
    for (let cycle = 0; cycle < 3; cycle++) {
      checkpoints.afterWrite();
      await answerOf(1);
      write(THRESHOLD);
      sizes.push(sizeOfLog());
    }
    const [grown, ...shortened] = sizes;
    expect(grown).toBeGreaterThan(64 * MIB);
    expect(shortened).toEqual([64 * MIB, 32 * MIB, MIB]);
    await checkpoints.stop();
  });

  it('go on here when the thread dies, and with another thread after that', async () => {
    const checkpoints = createCheckpoints(database);
    onThread = (thread) => void thread.terminate();
    write(THRESHOLD);
    checkpoints.afterWrite();
    await endOf(1);
    write(1);
    checkpoints.afterWrite();
    expect(logOf(database).copied).toBe(logOf(database).pages);

    onThread = () => {};
    write(THRESHOLD);
    checkpoints.afterWrite();
    await answerOf(2);
    expect(logOf(database).copied).toBe(logOf(database).pages);
    await checkpoints.stop();
  });

  it('go on here when the thread can’t sync what it copied', async () => {
    const checkpoints = createCheckpoints({ ...database, fd: -1 });
    const letGo = read();
    write(THRESHOLD);
    checkpoints.afterWrite();
    expect(await answerOf(1)).toBe('failed');
    letGo();
    checkpoints.afterWrite();
    expect(logOf(database).copied).toBe(logOf(database).pages);
    await checkpoints.stop();
  });

  it('go on here when no thread can be started', () => {
    const checkpoints = createCheckpoints({ ...database, path: `${home.path}-elsewhere` });
    write(THRESHOLD);
    checkpoints.afterWrite();
    write(1);
    checkpoints.afterWrite();
    expect(threads).toEqual([]);
    expect(logOf(database).copied).toBe(logOf(database).pages);
  });

  it.each(['SQLITE_IOERR_WRITE', 'SQLITE_IOERR_FSYNC', 'SQLITE_CORRUPT'])(
    'report %s to the write that follows the thread’s failure',
    async (code) => {
      const checkpoints = createCheckpoints(withFailingCheckpoint(code));
      onThread = (thread) => void thread.terminate();
      write(THRESHOLD);
      checkpoints.afterWrite();
      await endOf(1);
      expect(() => checkpoints.afterWrite()).toThrow(failing(code));
    },
  );

  it('leave a full disk to the write that finds it full, and try again once the log has grown further', async () => {
    const checkpoints = createCheckpoints(withFailingCheckpoint('SQLITE_FULL'));
    onThread = (thread) => void thread.terminate();
    write(THRESHOLD);
    checkpoints.afterWrite();
    await endOf(1);
    onThread = () => {};
    checkpoints.afterWrite();
    write(1);
    checkpoints.afterWrite();
    expect(threads).toHaveLength(1);
    write(THRESHOLD);
    checkpoints.afterWrite();
    await answerOf(2);
    await checkpoints.stop();
  });

  it('never open another database that took the place of ours, whose log would go into it', async () => {
    const checkpoints = createCheckpoints(database);
    const other = `${home.path}-other`;
    copyFileSync(home.path, other); // such as a backup that is put back
    const before = digestOf(other);
    onThread = () => {
      renameSync(home.path, `${home.path}-ours`);
      renameSync(other, home.path);
    };
    write(THRESHOLD);
    checkpoints.afterWrite();
    await endOf(1);
    expect(digestOf(home.path)).toBe(before);
    renameSync(home.path, other);
    renameSync(`${home.path}-ours`, home.path);
  });

  it('are finished when they have stopped, so that closing leaves the file alone', async () => {
    const checkpoints: Checkpoints = createCheckpoints(database);
    write(THRESHOLD);
    checkpoints.afterWrite();
    await checkpoints.stop();
    expect(logOf(database).copied).toBe(logOf(database).pages);
    await checkpoints.stop(); // nothing is left to wait for
    database.close();
    for (const suffix of ['-wal', '-shm']) {
      expect(statSync(home.path + suffix, { throwIfNoEntry: false })).toBeUndefined();
    }
    database = openDatabase(home.path);
  });
});
