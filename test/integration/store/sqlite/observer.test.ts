import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../../../src/store/sqlite/database.ts';
import { createSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../../src/store/store.ts';
import { eventOf, outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';
import { claimOne } from '../../../helpers/store/use-store.ts';

let home: ReturnType<typeof createSqliteHome>;
let store: Store;
const told: unknown[][] = [];
let setReadOnly: (isReadOnly: boolean) => void;

beforeEach(() => {
  home = createSqliteHome();
  const database = openDatabase(home.path);
  setReadOnly = (isReadOnly) => void database.sql.pragma(`query_only = ${isReadOnly ? 'ON' : 'OFF'}`);
  told.length = 0;
  let ids = 0;
  let at = 0;
  store = createSqliteStore(database, policyOf(), () => `id-${ids++}`, {
    monotonic: () => at++,
    committed: (...commit) => void told.push(commit),
    recorded: (events) => void told.push(['recorded', events]),
    interrupted: (attempts) => void told.push(['interrupted', attempts]),
    failed: ({ fault }) => void told.push(['failed', fault]),
  });
});
afterEach(async () => {
  await store.close();
  await home.remove();
});

it('a commit of events is reported with its time, and how many of them were stored', async () => {
  const unstorable = outboundOf(T, { chatId: 'x'.repeat(300) });
  const unreadable = { receivedAt: T, webhookId: null, eventType: null, cause: 'x', sealed: Buffer.alloc(1) };
  await store.record([outboundOf(T), unstorable, unreadable, eventOf()], T);
  expect(told).toEqual([
    ['events', 1, true],
    ['recorded', 2],
  ]);
});

it('events that catching up read are reported as such', async () => {
  const events = [outboundOf(T), eventOf(), outboundOf(T, { chatId: 'x'.repeat(300) })];
  await store.recordRead(
    { chatId: 'chat-1', events, readAt: null, isWhole: true, change: (same) => same },
    T,
  );
  expect(told).toEqual([
    ['catch_up', 1, true],
    ['recorded', 2],
  ]);
});

it('a commit of claims is reported, and later what a crash cut off', async () => {
  await store.record([outboundOf(T)], T);
  told.length = 0;
  await claimOne(store, T);
  await store.recoverInterrupted(T + 1);
  expect(told).toEqual([
    ['shares', 1, true],
    ['interrupted', 1],
  ]);
});

it('a call that fails is reported once; a commit counts as failed', async () => {
  setReadOnly(true);
  await expect(store.record([outboundOf(T)], T)).rejects.toMatchObject({ fault: 'readonly' });
  await expect(store.heartbeat(T)).rejects.toMatchObject({ fault: 'readonly' });
  setReadOnly(false);
  expect(told).toEqual([
    ['failed', 'readonly'],
    ['events', 1, false],
    ['failed', 'readonly'],
  ]);
});

it('reads are reported only when they fail', async () => {
  await store.chat('chat-1');
  await store.summary(T);
  expect(told).toEqual([]);
});
