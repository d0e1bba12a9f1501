import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { startRig } from '../helpers/rig.ts';
import { isReady, readChat, readOverview, until } from '../helpers/status.ts';
import { askVerb } from '../helpers/verb.ts';
import { inTree } from './program.ts';

const chatIdOf = (n: number) => `11111111-2222-4333-8444-${String(n).padStart(12, '0')}`;

/**
 * What Litestream does to a database, by its source: two tables of its own, a read transaction that is held so that no
 * one else starts the log anew, and now and then a checkpoint. Litestream itself can't be had here.
 */
function replicate(path: string) {
  const own = openSqlite(path, { timeout: 1_000 });
  const reader = openSqlite(path, { timeout: 1_000 });
  onTestFinished(() => {
    own.close();
    reader.close();
  });
  own.pragma('wal_autocheckpoint = 0');
  own.exec('CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)');
  own.exec('CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER)');
  const hold = () => {
    reader.exec('BEGIN');
    reader.prepare('SELECT count(1) FROM _litestream_seq').get();
  };
  hold();
  return {
    /** As once a minute: the read lock let go, a checkpoint, a write that begins the next log, the lock again. */
    checkpoint(mode: 'PASSIVE' | 'TRUNCATE') {
      reader.exec('ROLLBACK');
      own.pragma(`wal_checkpoint(${mode})`);
      own.exec('INSERT INTO _litestream_seq VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1');
      hold();
    },
    copyTo: (file: string) => own.exec(`VACUUM INTO '${file}'`),
  };
}

it('the service takes deliveries, starts and stops while a replicator reads along and writes to its own tables', async () => {
  const { reactor, directory, simulator } = await startRig();
  const path = join(directory, 'data/reactor.db');
  const replica = replicate(path);
  for (let n = 0; n < 60; n++) {
    expect((await deliver(reactor.url, message2026({ chatId: chatIdOf(n) }))).status).toBe(204);
    if (n % 10 === 9) replica.checkpoint(n % 20 === 9 ? 'PASSIVE' : 'TRUNCATE');
  }
  expect(await isReady(reactor.url)).toBe(true);
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });

  const again = await startReactor(directory, { LINQ_API_BASE_URL: simulator.baseUrl });
  expect((await readOverview(again.url)).chats.total).toBe(60);
  expect((await deliver(again.url, message2026({ chatId: chatIdOf(60) }))).status).toBe(204);
  expect((await readOverview(again.url)).problems).toEqual([]);
});

it('what a replicator gives back is put in place by `restore`: every chat in it waits a window', async () => {
  const { reactor, directory, simulator } = await startRig();
  const event = message2026({ chatId: chatIdOf(1), sentAt: Date.now() });
  await deliver(reactor.url, event);
  const copy = join(directory, 'restored.db');
  replicate(join(directory, 'data/reactor.db')).copyTo(copy);
  await reactor.end('SIGTERM');

  const elsewhere = createWorkDir();
  copyFileSync(copy, join(elsewhere, 'restored.db'));
  const told = await askVerb<{ chats: number; waitsUntil: string | null }>(elsewhere, [
    'restore',
    'restored.db',
  ]);
  expect(told).toMatchObject({ chats: 1, waitsUntil: expect.any(String) });
  const again = await startReactor(elsewhere, { LINQ_API_BASE_URL: simulator.baseUrl });
  const chat = await until(
    () => readChat(again.url, chatIdOf(1)),
    ({ state }) => state === 'waiting',
  );
  expect(chat).toMatchObject({ reason: 'restored', nextAttemptAt: told.waitsUntil });
});

it('the shipped configuration names the database of the shipped unit', () => {
  const { dbs } = parse(readFileSync(inTree('deploy/litestream/litestream.yml'), 'utf8'));
  expect(dbs).toHaveLength(1);
  expect(dbs[0]).toMatchObject({
    path: '/var/lib/contact-card-reactor/data/reactor.db',
    replica: { type: 's3', bucket: expect.any(String), path: expect.any(String) },
  });
});
