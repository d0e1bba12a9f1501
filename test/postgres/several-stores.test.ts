import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../src/decide/event.ts';
import { NO_FACTS } from '../../src/decide/facts.ts';
import type { Store } from '../../src/store/store.ts';
import { LINE, OTHER_LINE, outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import { allChats, claim, LEASE_MS, turnOf, verdictOf } from '../helpers/store/use-store.ts';
import { chatEvents } from '../unit/decide/arbitraries.ts';

const STORES = 3;
const LINES = [LINE, OTHER_LINE, null];

describe('several stores on one database', () => {
  const opened: Store[] = [];

  async function openAll(count = STORES) {
    const home = createPostgresHome();
    const stores = await Promise.all(Array.from({ length: count }, () => home.open(policyOf())));
    opened.push(...stores);
    return { home, stores, one: stores[0] as Store };
  }

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  /** What is counted, and what a count of all chats finds. */
  async function countsOf({ url, schema }: { url: string; schema: string }) {
    const name = `"${schema.replaceAll('"', '""')}"`;
    return withClient(url, async (client) => {
      const kept = await client.query(
        `SELECT count_id::int AS id, sum(n)::int AS n FROM ${name}.chat_tallies GROUP BY count_id HAVING sum(n) <> 0 ORDER BY id`,
      );
      const found = await client.query(
        `SELECT count_id::int AS id, count(*)::int AS n FROM ${name}.chats GROUP BY count_id ORDER BY id`,
      );
      return { kept: kept.rows, found: found.rows };
    });
  }

  it('lose nothing of what each of them was told about the same chats', async () => {
    const { home, stores, one } = await openAll();
    const told = fc
      .sample(chatEvents, { numRuns: 600, seed: 7 })
      .map((event, index) => withChat(event, index % 20));
    const groups = Array.from({ length: 60 }, (_, index) => told.slice(index * 10, index * 10 + 10));
    const shares = stores.map((store, index) => ({
      store,
      own: groups.filter((_, at) => at % STORES === index),
    }));
    await Promise.all(
      shares.map(async ({ store, own }) => {
        await Promise.all(own.map((group) => store.record(group, T)));
      }),
    );
    const alone = (await openAll(1)).one;
    for (const group of groups) await alone.record(group, T);
    const facts = async (store: Store) =>
      (await allChats(store))
        .map((chat) => ({ chatId: chat.chatId, ...factsOf(chat) }))
        .sort((a, b) => (a.chatId < b.chatId ? -1 : 1));
    expect(await facts(one)).toEqual(await facts(alone));
    const { kept, found } = await countsOf(home);
    expect(kept).toEqual(found);
  });

  it('claim each chat once, and miss none', async () => {
    const { stores, one } = await openAll();
    const events = Array.from({ length: 200 }, (_, index) =>
      outboundOf(T, { chatId: `chat-${index}`, line: LINES[index % 3] ?? null }),
    );
    await one.record(events, T);
    const lines = LINES.map((line) => ({ line, limit: 8 }));
    const taken: string[] = [];
    // one that finds all chats locked by others gets none, so that it asks again as long as any are due
    while ((await one.nextAttempts(T)).length > 0) {
      const claims = await Promise.all(stores.map((store) => claim(store, T, { lines, total: 12 })));
      taken.push(...claims.flat().map(({ chat }) => chat.chatId));
    }
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken).toHaveLength(events.length);
  });

  it('count each attempt once, whatever they do at the same time', async () => {
    const { home, stores, one } = await openAll();
    const lines = LINES.map((line) => ({ line, limit: 4 }));
    const record = (store: Store, from: number) =>
      store.record(
        Array.from({ length: 12 }, (_, index) => {
          const chatId = `chat-${(from * 7 + index * 5) % 40}`;
          return outboundOf(T + index, { chatId, line: LINES[(from + index) % 3] ?? null });
        }),
        T + 50,
      );
    const share = async (store: Store, now: number) => {
      const claims = await claim(store, now, { lines, total: 8 });
      const settlements = claims.map((one) => ({ claim: one, endedAt: now, result: verdictOf() }));
      const { settled } = await store.turn(turnOf({ settlements }), now);
      return settled.filter(({ isOurs }) => isOurs).length;
    };
    let shared = 0;
    for (let round = 0; round < 12; round++) {
      const now = T + 100 + round;
      const work = stores.flatMap((store, index) => [
        record(store, round * STORES + index).then(() => 0),
        share(store, now),
        store.updateChat(`chat-${round}`, (chat) => ({ ...chat, operatorHeldAt: now }), now).then(() => 0),
        store.wakeChats(now, 5).then(() => 0),
        store.redecide(`round ${round}`, 7, now).then(() => 0),
      ]);
      for (const count of await Promise.all(work)) shared += count;
    }
    const chats = await allChats(one);
    expect(shared).toBeGreaterThan(20);
    expect(chats.reduce((sum, chat) => sum + chat.shareCount, 0)).toBe(shared);
    expect(await one.shareTotals(T + 200)).toMatchObject({
      succeeded: shared,
      last24h: { succeeded: shared },
    });
    const { kept, found } = await countsOf(home);
    expect(kept).toEqual(found);
  });

  it('give an attempt that outlived its lease to whoever claims its chat then, and tell the other', async () => {
    const { stores } = await openAll(2);
    const [first, second] = stores as [Store, Store];
    await first.record([outboundOf(T)], T);
    const [lost] = await claim(first, T);
    const [taken] = await claim(second, T + LEASE_MS);
    if (lost === undefined || taken === undefined) throw new Error('nothing was due');
    const now = T + LEASE_MS + 5;
    const settlementOf = (one: typeof lost) => ({ claim: one, endedAt: now, result: verdictOf() });
    const late = await first.turn(turnOf({ settlements: [settlementOf(lost)] }), now);
    expect(late.settled).toMatchObject([{ isOurs: false, attempt: null }]);
    const ours = await second.turn(turnOf({ settlements: [settlementOf(taken)] }), now);
    expect(ours.settled).toMatchObject([{ isOurs: true, chat: { shareCount: 1 } }]);
  });

  it('see at once which lines and counts another one added', async () => {
    const { stores } = await openAll(2);
    const [first, second] = stores as [Store, Store];
    await second.record([outboundOf(T, { chatId: 'other', line: OTHER_LINE })], T);
    await first.record([outboundOf(T)], T);
    expect(await claim(second, T)).toMatchObject([{ chat: { line: LINE } }]);
    expect(await second.counts(T)).toHaveLength(2);
    expect(await second.lines()).toMatchObject([{ line: OTHER_LINE }, { line: LINE }]);
  });
});

function withChat(event: ChatEvent, index: number): ChatEvent {
  return { ...event, chatId: `chat-${index}` };
}

function factsOf(chat: object) {
  return Object.fromEntries(Object.entries(chat).filter(([name]) => name in NO_FACTS));
}
