import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../../src/store/sqlite/database.ts';
import { openSqlite } from '../../../../src/store/sqlite/native.js';
import { openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { digestOf } from '../../../helpers/digest.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';

const policy = policyOf();
let home: ReturnType<typeof createSqliteHome>;
let killed: string;
beforeEach(() => {
  home = createSqliteHome();
  killed = join(dirname(home.path), 'killed', 'reactor.db');
  mkdirSync(dirname(killed), { recursive: true, mode: 0o700 });
});
afterEach(() => home.remove());

/** Copies the files of an open database as they are on the disk: what `kill -9` would leave. */
function leaveAsKilled(path = home.path): void {
  for (const suffix of ['', '-wal', '-journal']) {
    if (existsSync(path + suffix)) copyFileSync(path + suffix, killed + suffix);
  }
}

/** What a store leaves that is killed right after its first delivery was answered. */
async function killAfterFirstDelivery(): Promise<void> {
  const store = openSqliteStore({ path: home.path, policy });
  await store.record([outboundOf(T)], T);
  leaveAsKilled();
  await store.close();
}

const contents = () =>
  readdirSync(dirname(killed)).map((name) => ({ name, bytes: digestOf(join(dirname(killed), name)) }));

function expectRefusal(message: RegExp): void {
  const before = contents();
  for (let i = 0; i < 2; i++) {
    expect(() => openSqliteStore({ path: killed, policy })).toThrow(
      expect.objectContaining({ fault: 'corrupt', message: expect.stringMatching(message) }),
    );
  }
  const after = contents().filter(({ name }) => !/(-shm|\.lock)$/.test(name)); // they hold nothing
  expect(after).toEqual(before);
}

describe('a log beside', () => {
  beforeEach(killAfterFirstDelivery);

  it('a database that holds its tables is read: nothing that was answered is lost', async () => {
    const store = openSqliteStore({ path: killed, policy });
    expect(await store.chat('chat-1')).toMatchObject({ state: 'due' });
    await store.close();
  });

  it('a missing database is not taken for a new one', () => {
    rmSync(killed);
    expectRefusal(/missing.*reactor\.db-wal still holds.*move the -wal and -shm away/);
  });

  it('an empty database is not taken for a new one', () => {
    writeFileSync(killed, '');
    expectRefusal(/empty.*reactor\.db-wal still holds.*move the -wal and -shm away/);
  });

  it('a database without tables is not taken for a new one', () => {
    rmSync(killed);
    const database = openSqlite(killed);
    database.pragma('user_version = 1');
    database.pragma('journal_mode = WAL');
    database.close();
    writeFileSync(`${killed}-wal`, 'nothing that SQLite can read');
    expectRefusal(/no tables.*reactor\.db-wal still holds.*move the -wal and -shm away/);
  });
});

describe('a first start that is killed', () => {
  it('has written the tables to the file itself before there is a log', () => {
    const { close } = openDatabase(home.path);
    leaveAsKilled();
    close();
    rmSync(`${killed}-wal`, { force: true });
    const file = openSqlite(killed, { readonly: true });
    expect(file.prepare('SELECT count(*) FROM migrations').pluck().get()).toBeGreaterThan(0);
    file.close();
  });

  it('in the middle of making the tables is begun anew', async () => {
    const path = join(dirname(home.path), 'half.db');
    const half = openSqlite(path);
    half.pragma('cache_size = 1'); // writes to the file before the commit
    half.exec('BEGIN; CREATE TABLE migrations (number integer PRIMARY KEY NOT NULL, tag text NOT NULL)');
    for (let i = 1; i < 100; i++) {
      half.prepare('INSERT INTO migrations VALUES (?, ?)').run(i, 'x'.repeat(1_000));
    }
    leaveAsKilled(path);
    half.close();
    expect(readdirSync(dirname(killed)).sort()).toEqual([basename(killed), `${basename(killed)}-journal`]);
    const store = openSqliteStore({ path: killed, policy });
    expect(await store.record([outboundOf(T)], T)).toEqual([{ kind: 'stored' }]);
    await store.close();
  });
});

it.each([1, 2, 49, 99, 511])('a file of %d bytes is no database, and is left alone', (bytes) => {
  writeFileSync(killed, 'P'.repeat(bytes));
  expectRefusal(/too few for a database/);
});

it('a store that was closed leaves no log', async () => {
  const store = openSqliteStore({ path: home.path, policy });
  await store.record([outboundOf(T)], T);
  await store.close();
  expect(readdirSync(dirname(home.path)).sort()).toEqual(['killed', 'reactor.db', 'reactor.db.lock']);
});
