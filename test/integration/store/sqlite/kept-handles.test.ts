import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { wishFor } from '../../../../src/decide/catch-up.ts';
import { DAY, HOUR } from '../../../../src/decide/time.ts';
import { CHAT_KEYS } from '../../../../src/store/plan/chat-lists.ts';
import { countKeptHandles, openSqlite } from '../../../../src/store/sqlite/native.js';
import type { Store } from '../../../../src/store/store.ts';
import { holdOf, LINE, lineEventOf, lineOf, outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';
import {
  ANY,
  allChats,
  claim,
  correctClock,
  settle,
  turnOf,
  verdictOf,
} from '../../../helpers/store/use-store.ts';

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await new Promise((resolve) => setImmediate(resolve)); // what a WeakRef showed lives on until then
  collect();
}

/** Nothing here refers to what it returns weakly. */
function makeGarbage() {
  const database = openSqlite(':memory:');
  const statement = database.prepare('SELECT 1');
  database.close();
  return { statement: new WeakRef(statement), other: new WeakRef({ isCollected: true }) };
}

it('no handle of the native module is ever collected, since Node.js 24 may abort then', async () => {
  const before = countKeptHandles();
  const { statement, other } = makeGarbage();
  await collectGarbage();
  expect(other.deref()).toBeUndefined();
  expect(statement.deref()).toBeDefined();
  expect(countKeptHandles()).toBe(before + 2);
});

it('handles that the caller never sees are kept, too', () => {
  const database = openSqlite(':memory:');
  onTestFinished(() => void database.close());
  const before = countKeptHandles();
  database.pragma('user_version');
  database.transaction(() => {})();
  expect(countKeptHandles()).toBeGreaterThan(before + 5);
});

it('the handle of a backup is kept, too', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-handles-'));
  const database = openSqlite(':memory:');
  onTestFinished(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });
  const before = countKeptHandles();
  await database.backup(join(directory, 'copy.db'));
  expect(countKeptHandles()).toBe(before + 1);
});

/** Does everything that a store can do, with chats of its own. */
async function doEverything(store: Store, round: number): Promise<void> {
  const now = T + round * HOUR;
  const [first, second] = [`chat-${round}-a`, `chat-${round}-b`] as const;
  const hold = holdOf({ reason: 'paused' });
  const problem = { code: 'disk_low', scope: '', since: now, alertedAt: null, closedAt: null };
  const found = { cause: 'another', eventType: null };
  const sealed = { ...found, receivedAt: now, webhookId: null, sealed: Buffer.from('x') };
  const filter = { ...ANY, states: ['due'], lines: [LINE], notLines: [null] } as const;

  await store.heartbeat(now, HOUR);
  await store.beat({ id: 'one', version: '1.0.0', fingerprint: 'settings', startedAt: now }, now);
  await store.leave('one');
  await store.sharedVersion();
  await store.serverNow();
  store.followCorrections(store.followedCorrections());
  await store.record([outboundOf(now, { chatId: first }), lineEventOf({ at: now })], now);
  await store.recordRead(
    {
      chatId: second,
      events: [outboundOf(now, { chatId: second })],
      readAt: now,
      isWhole: true,
      change: (state) => state,
    },
    now,
  );
  await store.turn(turnOf({ holds: [hold], cards: [lineOf()] }), now);
  for (const claimed of await claim(store, now)) {
    await store.addLookedUp(claimed, { line: LINE, service: 'iMessage', isGroup: false }, now);
    await settle(store, { claim: claimed, endedAt: now, result: verdictOf() });
  }
  const cleared = [{ line: LINE, clearedAt: now }];
  await store.turn(turnOf({ endedHolds: [hold], undone: [first], cleared }), now);
  await store.claimManually(second, now, now);
  await store.recoverInterrupted(now);
  await correctClock(store, 1, now);
  await store.releaseRestored(10, now);
  await store.updateChat(first, (chat) => ({ ...chat, parkedAt: now }), now);
  await store.wakeChats(now, 10);
  await store.putHold(hold);
  await store.changeProblems([problem], []);
  await store.noteDeliveries({ lastAcceptedAt: now, silentMs: round });
  await store.record([sealed], 0);
  for (const row of await store.quarantined(now)) {
    await store.sealedDelivery(row);
    await store.recauseQuarantined(row, found);
    await store.endQuarantine(row);
  }
  await store.changeCatchUp((state) => wishFor(state, 'manual', now), [first]);
  await store.noteBackup(now);
  await store.probe(now);
  await allChats(store, [filter, ANY], 3);
  for (const by of CHAT_KEYS) {
    for (const isDescending of [false, true]) await store.chats([ANY], 3, null, now, { by, isDescending });
  }
  await Promise.all([
    store.chat(first),
    store.attempts(first, 10),
    store.chatsByIdPrefix('chat-', 5),
    store.nextDue(5, now, [LINE]),
    store.recentAttempts(5),
    store.shareHistory(now),
    store.summary(now),
    store.counts(now),
    store.lines(),
    store.cardShares(now),
    store.holds(),
    store.problems(),
    store.catchUp(),
    store.catchUpReads([first, second]),
    store.activeChats(0, 0),
    store.nextWakeAt(now),
    store.agenda(now),
    store.nextDueAfter(now),
    store.recentEnds(10),
    store.lastBackupAt(),
    store.diskSpace(),
  ]);
  await store.changeProblems([], [problem]);
  await store.endHold(null, 'paused');
  await store.pruneAttempts(DAY, 100, now + 9 * DAY);
  await store.expireQuarantined(now + 9 * DAY);
}

it('a store that works on and on makes no more of them', async () => {
  const home = createSqliteHome();
  const store = await home.open(policyOf());
  onTestFinished(async () => {
    await store.close();
    await home.remove();
  });
  const called = new Set<string | symbol>(['kind', 'schemaVersion', 'close']);
  const watched = new Proxy(store, {
    get(target, name) {
      called.add(name);
      return Reflect.get(target, name);
    },
  });
  for (let round = 0; round < 3; round++) await doEverything(watched, round);
  expect(Object.keys(store).filter((name) => !called.has(name))).toEqual([]);
  const after = countKeptHandles();
  for (let round = 3; round < 20; round++) await doEverything(watched, round);
  expect(countKeptHandles()).toBe(after);
});
