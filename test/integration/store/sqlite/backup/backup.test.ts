import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBackup } from '../../../../../src/store/sqlite/backup/backup.ts';
import { openDatabase } from '../../../../../src/store/sqlite/database.ts';
import { openSqlite } from '../../../../../src/store/sqlite/native.js';
import type { Store } from '../../../../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../../../../helpers/builders.ts';
import { createSqliteHome } from '../../../../helpers/sqlite-home.ts';

let home: ReturnType<typeof createSqliteHome>;
let store: Store;
let directory: string;
beforeEach(async () => {
  home = createSqliteHome();
  directory = join(dirname(home.path), 'backups');
  store = await home.open(policyOf());
  await store.record(
    Array.from({ length: 500 }, (_, index) => outboundOf(T, { chatId: `chat-${index}` })),
    T,
  );
});
afterEach(async () => {
  await store.close();
  await home.remove();
});

const backUp = (options: { file?: string; signal?: AbortSignal } = {}) => {
  const file = options.file ?? join(directory, 'copy.db');
  const signal = options.signal ?? new AbortController().signal;
  return makeBackup({ databasePath: home.path, file, partial: `${file}.partial`, signal });
};

describe('a backup of a database in use', () => {
  it('is a whole database for our user alone, with nothing beside it', async () => {
    const content = await backUp();
    const file = join(directory, 'copy.db');
    expect(content).toEqual({
      chats: 500,
      schemaVersion: store.schemaVersion,
      sizeBytes: statSync(file).size,
    });
    expect(readdirSync(directory)).toEqual(['copy.db']);
    expect([statSync(directory).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
    const copy = openSqlite(file, { readonly: true });
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(copy.prepare('SELECT count(*) FROM chats').pluck().get()).toBe(500);
    copy.close();
    expect(readdirSync(directory)).toEqual(['copy.db']); // no log was needed to read it
  });

  it('has what was committed before it began, and nothing that was not', async () => {
    const writer = openSqlite(home.path);
    writer.exec(`BEGIN IMMEDIATE; INSERT INTO meta VALUES ('uncommitted', 'yes')`);
    await backUp();
    writer.exec('ROLLBACK');
    writer.close();
    const copy = openSqlite(join(directory, 'copy.db'), { readonly: true });
    expect(copy.prepare(`SELECT count(*) FROM meta WHERE key = 'uncommitted'`).pluck().get()).toBe(0);
    expect(copy.prepare('SELECT count(*) FROM chats').pluck().get()).toBe(500);
    copy.close();
  });

  it('lets this process go on meanwhile, and has what was committed up to one instant', async () => {
    const large = openSqlite(home.path); // copied in several steps
    large.exec(`INSERT INTO meta VALUES ('large', hex(zeroblob(8000000)))`);
    large.close();
    let recorded = 0;
    let isDone = false;
    const done = backUp().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await store.record([outboundOf(T, { chatId: `later-${recorded++}` })], T);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    expect(recorded).toBeGreaterThan(5);
    const copy = openSqlite(join(directory, 'copy.db'), { readonly: true });
    const later = copy.prepare(`SELECT chat_id FROM chats WHERE chat_id LIKE 'later-%' ORDER BY id`).pluck();
    const found = later.all();
    copy.close();
    expect(found).toEqual(found.map((_, index) => `later-${index}`));
    expect(found.length).toBeLessThan(recorded);
  });

  it('replaces an older one of its name only once it is complete', async () => {
    mkdirSync(directory);
    const file = join(directory, 'copy.db');
    writeFileSync(file, 'the old one');
    const stop = new AbortController();
    const cut = backUp({ signal: stop.signal });
    stop.abort();
    await expect(cut).rejects.toThrow(/abort/i);
    expect(readFileSync(file, 'utf8')).toBe('the old one');
    expect(readdirSync(directory)).toEqual(['copy.db']);
    await backUp();
    expect(readFileSync(file, 'latin1').slice(0, 15)).toBe('SQLite format 3');
  });
});

describe('the space of the backup that it replaces', () => {
  const MIB = 2 ** 20;
  /** @returns the length of the old file, held open, once the new one is there */
  async function sizeAfterwards(name: string): Promise<number> {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, name);
    writeFileSync(file, '');
    truncateSync(file, 100 * MIB);
    if (name === 'linked.db') linkSync(file, join(directory, 'other-name.db'));
    const old = openSync(file, 'r');
    await backUp({ file });
    const { size } = fstatSync(old);
    closeSync(old);
    return size;
  }

  it('is freed in steps, so that commits need not wait for all of it', async () => {
    expect(await sizeAfterwards('copy.db')).toBe(4 * MIB);
  });

  it('is left alone if another name leads to it', async () => {
    expect(await sizeAfterwards('linked.db')).toBe(100 * MIB);
  });
});

describe('what a killed process left beside an incomplete copy', () => {
  beforeEach(() => {
    mkdirSync(directory);
    for (const suffix of ['', '-journal', '-wal', '-shm'])
      writeFileSync(join(directory, `copy.db.partial${suffix}`), 'left behind');
  });

  it('doesn’t get into the next backup, and is removed', async () => {
    expect(await backUp()).toMatchObject({ chats: 500 });
    expect(readdirSync(directory)).toEqual(['copy.db']);
  });

  it('is removed, too, when that one is aborted', async () => {
    const stop = new AbortController();
    const cut = backUp({ signal: stop.signal });
    stop.abort();
    await expect(cut).rejects.toThrow(/abort/i);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('no backup is made, and the sentence says why, when', () => {
  it('there is no database', async () => {
    const options = { file: join(directory, 'x.db'), partial: join(directory, 'x.db.partial') };
    const none = makeBackup({
      databasePath: '/nowhere/x.db',
      ...options,
      signal: new AbortController().signal,
    });
    await expect(none).rejects.toThrow('there is no database at /nowhere/x.db');
    expect(existsSync(directory)).toBe(false);
  });

  it('the file to write is the database', async () => {
    await expect(backUp({ file: home.path })).rejects.toThrow('is the database itself');
    expect(await store.chat('chat-1')).not.toBeNull();
  });

  it.each(['-wal', '-shm', '.lock', '.restoring'])('the file to write is the database’s %s', async (part) => {
    const file = home.path + part;
    const before = existsSync(file) ? statSync(file).ino : null;
    await expect(backUp({ file })).rejects.toThrow('belongs to the database');
    expect(existsSync(file) ? statSync(file).ino : null).toBe(before);
  });

  it('the place is that of something else than a file, which stays', async () => {
    mkdirSync(directory);
    const file = join(directory, 'pipe');
    execFileSync('mkfifo', [file]);
    await expect(backUp({ file })).rejects.toThrow('isn’t a regular file');
    expect(statSync(file).isFIFO()).toBe(true);
  });

  it('another one into the same file was begun meanwhile, which isn’t disturbed', async () => {
    const first = backUp();
    first.catch(() => {});
    const partial = join(directory, 'copy.db.partial');
    const copied = () => statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
    while (copied() === 0) await eventLoopTurn();
    rmSync(partial); // as the other one begins
    writeFileSync(partial, 'of the other one');
    await expect(first).rejects.toThrow('another backup into the same file was begun meanwhile');
    expect(readFileSync(partial, 'utf8')).toBe('of the other one');
    expect(existsSync(join(directory, 'copy.db'))).toBe(false);
  });

  it('the directory is none', async () => {
    writeFileSync(directory, '');
    await expect(backUp()).rejects.toThrow(/backups isn’t a directory; choose another place/);
  });

  it('the place is a directory', async () => {
    mkdirSync(join(directory, 'copy.db.partial'), { recursive: true });
    await expect(backUp()).rejects.toThrow(/copy\.db/);
  });

  it('the database is damaged, and the damaged copy doesn’t stay', async () => {
    await store.close();
    const damaged = readFileSync(home.path);
    damaged.fill(0xa5, Math.floor(damaged.length / 2) & ~4095); // more than one page: one might be free
    writeFileSync(home.path, damaged);
    await expect(backUp()).rejects.toMatchObject({
      fault: 'corrupt',
      message: expect.stringMatching(/damaged/),
    });
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(home.path, '');
    store = await home.open(policyOf());
  });

  it('the database is another program’s', async () => {
    const file = join(directory, 'x.db');
    mkdirSync(directory);
    const other = openSqlite(join(directory, 'other.db'));
    other.exec('CREATE TABLE notes (note)');
    other.close();
    chmodSync(join(directory, 'other.db'), 0o600);
    const made = makeBackup({
      databasePath: join(directory, 'other.db'),
      file,
      partial: `${file}.partial`,
      signal: new AbortController().signal,
    });
    await expect(made).rejects.toThrow(/isn’t a contact-card-reactor database/);
    expect(readdirSync(directory)).toEqual(['other.db']);
  });
});

it('a backup is made of a database that no process has open, its log included', async () => {
  await store.close();
  const crashed = openDatabase(home.path);
  crashed.sql.pragma('wal_autocheckpoint = 0');
  crashed.sql.exec(`INSERT INTO meta VALUES ('only_in_log', 'yes')`);
  writeFileSync(`${home.path}-kept`, readFileSync(home.path));
  writeFileSync(`${home.path}-kept-wal`, readFileSync(`${home.path}-wal`));
  crashed.close();
  const file = join(directory, 'copy.db');
  await makeBackup({
    databasePath: `${home.path}-kept`,
    file,
    partial: `${file}.partial`,
    signal: new AbortController().signal,
  });
  const copy = openSqlite(file, { readonly: true });
  expect(copy.prepare(`SELECT value FROM meta WHERE key = 'only_in_log'`).pluck().get()).toBe('yes');
  copy.close();
  store = await home.open(policyOf());
});
