import fc from 'fast-check';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { ChatEvent } from '../../src/decide/event.ts';
import { NO_FACTS } from '../../src/decide/facts.ts';
import { SECOND } from '../../src/decide/time.ts';
import type { Store } from '../../src/store/store.ts';
import { holdOf, LINE, OTHER_LINE, outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createCrowd, crowdSteps } from '../helpers/crowd.ts';
import { createDatabase, createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import { createSeeded } from '../helpers/seed.ts';
import { allChats, claim, LEASE_MS, turnOf, verdictOf } from '../helpers/store/use-store.ts';
import { chatEvents } from '../unit/decide/arbitraries.ts';

const STORES = 3;
const LINES = [LINE, OTHER_LINE, null];
const seeded = createSeeded(
  'npx vitest run --config test/vitest.config.ts --project postgres several-stores',
);

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
    while ((await one.agenda(T)).heads.length > 0) {
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
    expect((await one.summary(T + 200)).totals).toMatchObject({
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

  it('keep what all of them found out about the same holds at the same time', async () => {
    const { stores, one } = await openAll();
    const known = holdOf({ reason: 'rate_limited', until: T + SECOND });
    for (const found of fc.sample(allFindings, { numRuns: 40, seed: seeded.seed })) {
      await one.endHold(null, 'rate_limited');
      await one.turn(turnOf({ holds: [known] }), T);
      const version = await one.sharedVersion();
      const turns = found.map(({ isEnd, ...hold }) =>
        isEnd ? { endedHolds: [known] } : { holds: [{ ...known, ...hold }] },
      );
      const results = await Promise.all(
        turns.map((turn, index) => (stores[index] ?? one).turn(turnOf({ version, ...turn }), T)),
      );
      expect(results.filter((result) => result.version === version + 1)).toHaveLength(1);
      expect(results.filter((result) => result.version === null)).toHaveLength(STORES - 1);
      expect(await one.sharedVersion()).toBe(version + STORES);
      const puts = found.filter(({ isEnd }) => !isEnd);
      const most = (name: 'until' | 'step') => Math.max(...puts.map((hold) => hold[name]));
      const [hold] = await one.holds();
      if (puts.length === 0) expect(hold).toBeUndefined();
      else {
        expect(hold).toMatchObject({ until: most('until'), step: most('step') });
        expect(hold?.since).toBeLessThanOrEqual(Math.min(...puts.map(({ since }) => since)));
      }
    }
  });

  it('agree on chats, holds and the pace of lines, whatever they do at the same time', async () => {
    const server = await createDatabase(inject('postgresUrl'));
    for (const [run, rounds] of fc.sample(interleavings, { numRuns: 6, seed: seeded.seed }).entries()) {
      const home = createPostgresHome(server.url);
      const stores = await Promise.all(
        Array.from({ length: 2 + (run % 2) }, () => home.open(policyOf({ windowMs: 400 }))),
      );
      opened.push(...stores);
      const crowd = createCrowd(stores, RATE);
      for (const round of rounds) await crowd.take(round);
      crowd.check();
      expect(crowd.claimed()).toBeGreaterThan(10);
      const { kept, found } = await countsOf(home);
      expect(kept).toEqual(found);
      const shares = (await allChats(stores[0] as Store)).reduce((sum, chat) => sum + chat.shareCount, 0);
      expect(shares).toBe(crowd.shared());
      expect((await stores[0]?.summary(T))?.totals).toMatchObject({ succeeded: shares });
    }
    await Promise.all(opened.splice(0).map((store) => store.close())); // the server counts when connections end
    expect(await deadlocksOf(server.url)).toBe(0);
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

/** Starts per second and line by all stores: so few that they begin one by one. */
const RATE = 4;

/** What a store may have found out about a hold that was until `T + SECOND`: it goes on, or it is over. */
const findings = fc.record({
  isEnd: fc.boolean(),
  since: fc.integer({ min: T - 50, max: T + 50 }),
  until: fc.integer({ min: T + 2 * SECOND, max: T + 9 * SECOND }),
  step: fc.nat({ max: 5 }),
});

const allFindings = fc.array(findings, { minLength: STORES, maxLength: STORES });

/** What each store does in a round, and how long the round is after the one before. */
const interleavings = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1, max: 300 }),
    steps: fc.array(crowdSteps, { minLength: 6, maxLength: 12 }),
  }),
  { minLength: 25, maxLength: 25 },
);

/** How many transactions the server has ended for waiting for each other. */
async function deadlocksOf(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    return rows[0].deadlocks;
  });
}

function withChat(event: ChatEvent, index: number): ChatEvent {
  return { ...event, chatId: `chat-${index}` };
}

function factsOf(chat: object) {
  return Object.fromEntries(Object.entries(chat).filter(([name]) => name in NO_FACTS));
}
