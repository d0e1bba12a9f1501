import {
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from '../../../../src/store/sqlite/database.ts';
import { createSqliteStore, openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { digestOf } from '../../../helpers/digest.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';

const policy = policyOf();
const open = (path: string) => openSqliteStore({ path, policy });
let home: ReturnType<typeof createSqliteHome>;
let killed: string;
beforeEach(() => {
  home = createSqliteHome();
  killed = join(dirname(home.path), 'killed', 'reactor.db');
  mkdirSync(dirname(killed), { recursive: true, mode: 0o700 });
});
afterEach(() => home.remove());

/** Leaves what `kill -9` would leave after a delivery was answered, and whatever else was done. */
async function kill(also: (database: OpenDatabase) => void = () => {}): Promise<void> {
  const database = openDatabase(home.path);
  const store = createSqliteStore(database, policy, () => 'id');
  await store.record([outboundOf(T)], T);
  also(database);
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(home.path + suffix, killed + suffix);
  await store.close();
}

/** What happens to the log alone. */
const takeLogAway = () => renameSync(`${killed}-wal`, `${killed}-away`);

const MISSING = expect.objectContaining({
  fault: 'corrupt',
  message: expect.stringMatching(/-wal is missing, and \d+ pages .* put it back.* delete .*-shm/),
});

describe('a database whose log was taken away after a crash', () => {
  it('is refused, again and again, and stays as it is', async () => {
    await kill();
    takeLogAway();
    const before = [killed, `${killed}-shm`].map(digestOf);
    for (let i = 0; i < 2; i++) expect(() => open(killed)).toThrow(MISSING);
    expect([killed, `${killed}-shm`].map(digestOf)).toEqual(before);
    expect(existsSync(`${killed}-wal`)).toBe(false);
  });

  it('is opened with all that was answered once the log is back', async () => {
    await kill();
    takeLogAway();
    expect(() => open(killed)).toThrow(MISSING);
    renameSync(`${killed}-away`, `${killed}-wal`);
    const store = open(killed);
    expect(await store.chat('chat-1')).not.toBeNull();
    await store.close();
  });

  it('is opened without what was in the log when the index was deleted, too, as whoever restores a backup does', async () => {
    await kill();
    takeLogAway();
    rmSync(`${killed}-shm`);
    const store = open(killed);
    expect(await store.chat('chat-1')).toBeNull();
    await store.close();
  });

  it('is opened when the file had all of it already', async () => {
    await kill(({ sql }) => sql.pragma('wal_checkpoint(PASSIVE)'));
    takeLogAway();
    const store = open(killed);
    expect(await store.chat('chat-1')).not.toBeNull();
    await store.close();
  });

  it.each([
    ['empty', 0],
    ['cut off', 100],
    ['nothing but zeros', 32_768],
  ])('is opened when the index is %s: it says nothing', async (what, size) => {
    await kill();
    takeLogAway();
    if (what === 'cut off') truncateSync(`${killed}-shm`, size);
    else writeFileSync(`${killed}-shm`, Buffer.alloc(size));
    await open(killed).close();
  });
});

it('a backup that is put where the database was lost while it was open, is opened', async () => {
  const backup = `${home.path}.backup`;
  await open(backup).close();
  const store = open(home.path);
  await store.record([outboundOf(T)], T);
  rmSync(home.path);
  await expect(store.probe(T)).rejects.toThrow(/move .*-wal away and restore a backup/);
  await store.close().catch(() => undefined);

  renameSync(`${home.path}-wal`, `${home.path}-away`);
  renameSync(backup, home.path);
  const restored = open(home.path);
  expect(await restored.chat('chat-1')).toBeNull();
  await restored.close();
});
