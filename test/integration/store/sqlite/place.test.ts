import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../../src/store/sqlite/database.ts';
import { openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { digestOf } from '../../../helpers/digest.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';

const policy = policyOf();
let home: ReturnType<typeof createSqliteHome>;
let store: Store;
beforeEach(async () => {
  home = createSqliteHome();
  store = openSqliteStore({ path: home.path, policy });
  await store.record([outboundOf(T, { chatId: 'early' })], T);
});
afterEach(async () => {
  await store.close().catch(() => undefined); // most of these stores have lost their file
  await home.remove();
});

const GONE = expect.objectContaining({
  fault: 'io',
  message: expect.stringMatching(/deleted or moved away .*restore a backup/),
});
const REPLACED = expect.objectContaining({
  fault: 'io',
  message: expect.stringMatching(/replaced .*start again/),
});

const LOG_GONE = expect.objectContaining({
  fault: 'io',
  message: expect.stringMatching(/-wal was deleted or moved away .*saved.*start again/),
});

const losses: readonly { what: string; lose: () => void; error: unknown }[] = [
  { what: 'that was deleted', lose: () => rmSync(home.path), error: GONE },
  {
    what: 'whose directory was removed',
    lose: () => rmSync(dirname(home.path), { recursive: true }),
    error: GONE,
  },
  {
    what: 'whose directory was moved away, with a link to an empty one in its place',
    lose() {
      const directory = dirname(home.path);
      renameSync(directory, `${directory}-moved`);
      mkdirSync(`${directory}-empty`);
      symlinkSync(`${directory}-empty`, directory);
    },
    error: GONE,
  },
  {
    what: 'that was replaced',
    lose() {
      const other = `${home.path}.restored`;
      openDatabase(other).close();
      renameSync(other, home.path);
    },
    error: REPLACED,
  },
];

describe.each(losses)('a database file $what', ({ lose, error }) => {
  it('fails every write and the end of the store: nothing is told as kept', async () => {
    lose();
    await expect(store.record([outboundOf(T, { chatId: 'late' })], T)).rejects.toEqual(error);
    await expect(store.probe(T)).rejects.toEqual(error);
    await expect(store.heartbeat(T)).rejects.toEqual(error);
    await expect(store.close()).rejects.toEqual(error);
  });

  it('fails deliveries that tell nothing new: what they told before isn’t kept any more', async () => {
    lose();
    await expect(store.record([outboundOf(T, { chatId: 'early' })], T)).rejects.toEqual(error);
  });
});

it('a database file that was deleted isn’t made anew by the next start', async () => {
  rmSync(home.path);
  await expect(store.close()).rejects.toEqual(GONE);
  expect(() => openSqliteStore({ path: home.path, policy })).toThrow(
    expect.objectContaining({
      fault: 'corrupt',
      message: expect.stringMatching(/missing.*-wal still holds/),
    }),
  );
});

it('a database file that was replaced doesn’t get the log of the one before', async () => {
  const backup = `${home.path}.backup`;
  openDatabase(backup).close();
  renameSync(backup, home.path);
  await expect(store.probe(T)).rejects.toEqual(REPLACED);
  expect(existsSync(`${home.path}-wal`)).toBe(false);
  expect(statSync(`${home.path}-wal.replaced`).size).toBeGreaterThan(0);
});

it('the log that comes with a replacement stays with it', async () => {
  const other = openDatabase(`${home.path}.other`);
  other.sql.exec(`INSERT INTO meta VALUES ('from', 'other')`);
  const log = digestOf(`${home.path}.other-wal`);
  renameSync(`${home.path}.other`, home.path);
  renameSync(`${home.path}.other-wal`, `${home.path}-wal`);
  await expect(store.close()).rejects.toEqual(REPLACED);
  expect(digestOf(`${home.path}-wal`)).toBe(log);
  other.sql.close();
});

it('a log that was deleted fails the write, and all that it held is saved in the database', async () => {
  for (const suffix of ['-wal', '-shm']) rmSync(home.path + suffix);
  await expect(store.record([outboundOf(T, { chatId: 'late' })], T)).rejects.toEqual(LOG_GONE);
  const left = `${home.path}.left`;
  copyFileSync(home.path, left);
  const next = openSqliteStore({ path: left, policy });
  expect(await next.chat('early')).not.toBeNull();
  expect(await next.chat('late')).not.toBeNull();
  await next.close();
});

it('a database file that comes back to its place is written on', async () => {
  renameSync(home.path, `${home.path}.away`);
  await expect(store.probe(T)).rejects.toEqual(GONE);
  renameSync(`${home.path}.away`, home.path);
  await store.probe(T);
  await store.close();
});
