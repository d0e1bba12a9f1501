import { statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from '../../../../src/store/sqlite/database.ts';
import { openSqlite } from '../../../../src/store/sqlite/native.js';
import { createSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../../src/store/store.ts';
import { LINE, outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';
import { allChats, claim, definite, settle, verdictOf } from '../../../helpers/store/use-store.ts';

let home: ReturnType<typeof createSqliteHome>;
let database: OpenDatabase;
let store: Store;
beforeEach(() => {
  home = createSqliteHome();
  database = openDatabase(home.path);
  let ids = 0;
  store = createSqliteStore(database, policyOf(), () => `id-${ids++}`);
});
afterEach(async () => {
  await store.close();
  await home.remove();
});

const outbounds = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, i) => outboundOf(T, { chatId: `${prefix}-${i}`.padEnd(200, '.') }));

describe('a full disk', () => {
  const limitPages = (extra: number) => {
    const pages = Number(database.sql.pragma('page_count', { simple: true }));
    database.sql.pragma(`max_page_count = ${pages + extra}`);
  };
  /** Lets everything of a call succeed but its last statement. */
  const breakCommitOnce = async (call: () => Promise<unknown>) => {
    database.sql.exec(
      `CREATE TEMP TRIGGER broken BEFORE INSERT ON outcome_minutes BEGIN SELECT raise(FAIL, 'no'); END`,
    );
    await expect(call()).rejects.toMatchObject({ code: 'REACTOR_STORE' });
    database.sql.exec('DROP TRIGGER broken');
  };
  const free = () => database.sql.pragma('max_page_count = 1000000');

  it('fails the whole group and keeps nothing of it; the same store goes on once there is space', async () => {
    await store.record(outbounds(5, 'early'), T);
    const [chats, counts] = [await allChats(store), await store.counts(T)];
    limitPages(2);
    await expect(store.record(outbounds(500, 'late'), T)).rejects.toMatchObject({ fault: 'full' });
    expect(await allChats(store)).toEqual(chats);
    expect(await store.counts(T)).toEqual(counts);
    free();
    expect(await store.record(outbounds(500, 'late'), T)).toHaveLength(500);
    expect(await store.counts(T)).toEqual([
      { line: LINE, state: 'due', reason: 'became_eligible', count: 505 },
    ]);
  });

  it('moves the log into the file to make room, at most once a second', async () => {
    const fill = async (now: number) => {
      limitPages(1);
      await expect(store.record(outbounds(500, `at-${now}`), now)).rejects.toMatchObject({ fault: 'full' });
      free();
    };
    const logBytes = () => statSync(`${home.path}-wal`).size;
    await store.record(outbounds(100, 'early'), T);
    await fill(T);
    expect(logBytes()).toBe(0);
    await store.record(outbounds(100, 'later'), T);
    await fill(T + 999);
    expect(logBytes()).toBeGreaterThan(0);
    await fill(T + 1_000);
    expect(logBytes()).toBe(0);
    expect(await allChats(store)).toHaveLength(200);
  });

  it('forgets lines that it learnt in the group that failed', async () => {
    limitPages(1);
    const group = outbounds(500, 'x');
    await expect(store.record(group, T)).rejects.toMatchObject({ fault: 'full' });
    expect(await store.lines()).toEqual([]);
    free();
    await store.record([outboundOf(T)], T);
    expect(await store.lines()).toMatchObject([{ line: LINE }]);
    expect(await store.chat('chat-1')).toMatchObject({ line: LINE, state: 'due' });
  });

  it('counts a share once that could be settled only at the second try', async () => {
    await store.record([outboundOf(T)], T);
    const [claimed] = await claim(store, T);
    const settlement = { claim: definite(claimed), endedAt: T + 1, result: verdictOf() };
    database.sql.pragma('query_only = ON');
    await expect(settle(store, settlement)).rejects.toMatchObject({ fault: 'readonly' });
    database.sql.pragma('query_only = OFF');
    await breakCommitOnce(() => settle(store, settlement));
    expect(await settle(store, settlement)).toMatchObject({ isOurs: true, attempt: { outcome: 'shared' } });
    expect((await store.summary(T + 1)).totals).toMatchObject({ succeeded: 1, last24h: { succeeded: 1 } });
    expect(await store.counts(T)).toEqual([{ line: LINE, state: 'waiting', reason: 'window', count: 1 }]);
  });

  it('still takes deliveries that tell nothing new', async () => {
    await store.record([outboundOf(T)], T);
    database.sql.pragma('query_only = ON');
    expect(await store.record([outboundOf(T), outboundOf(T)], T + 1)).toHaveLength(2);
    database.sql.pragma('query_only = OFF');
  });
});

describe('a database that can’t be written', () => {
  it('fails as read-only, keeps what can be read, and goes on afterwards', async () => {
    await store.record([outboundOf(T)], T);
    database.sql.pragma('query_only = ON');
    await expect(store.record([outboundOf(T + 1)], T + 1)).rejects.toMatchObject({ fault: 'readonly' });
    await expect(store.probe(T)).rejects.toMatchObject({ fault: 'readonly' });
    await expect(claim(store, T + 1)).rejects.toMatchObject({ fault: 'readonly' });
    expect(await store.chat('chat-1')).toMatchObject({ lastOutboundAt: T });
    database.sql.pragma('query_only = OFF');
    await store.record([outboundOf(T + 1)], T + 1);
    expect(await store.chat('chat-1')).toMatchObject({ lastOutboundAt: T + 1 });
  });
});

describe('a database that another program writes to', () => {
  it('fails as busy within a second, and goes on afterwards', async () => {
    const other = openSqlite(home.path);
    other.exec('BEGIN IMMEDIATE');
    const before = performance.now();
    await expect(store.record([outboundOf(T)], T)).rejects.toMatchObject({ fault: 'busy' });
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(await store.chat('chat-1')).toBeNull();
    other.exec('ROLLBACK');
    other.close();
    expect(await store.record([outboundOf(T)], T)).toEqual([{ kind: 'stored' }]);
  });
});

describe('an event that breaks a constraint', () => {
  it('is refused with a cause that tells nothing of the data', async () => {
    const [refused] = await store.record([outboundOf(T, { chatId: `secret-${'x'.repeat(300)}` })], T);
    expect(refused).toMatchObject({ kind: 'unstorable' });
    expect(JSON.stringify(refused)).not.toContain('secret');
  });
});
