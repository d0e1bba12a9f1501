import { afterEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/decide/time.ts';
import { StoreError } from '../../src/errors.ts';
import { markRestored } from '../../src/store/postgres/by-hand.ts';
import type { Store } from '../../src/store/store.ts';
import { LINE, OTHER_LINE, outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import {
  allChats,
  chatOfStore,
  claim,
  claimOne,
  LEASE_MS,
  settle,
  turnOf,
  verdictOf,
} from '../helpers/store/use-store.ts';

const opened: Store[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

/** Stores of one database; each has read its clock. */
async function openAll(count: number, home = createPostgresHome()): Promise<[Store, Store, ...Store[]]> {
  const stores = await Promise.all(Array.from({ length: count }, () => home.open(policyOf())));
  opened.push(...stores);
  for (const store of stores) await store.serverNow();
  return stores as [Store, Store, ...Store[]];
}

/** What a replica does that has read the clock. */
async function follow(store: Store): Promise<void> {
  store.followCorrections((await store.serverNow())?.corrections ?? 0);
}

async function finish(store: Store, now: number): Promise<void> {
  while (!(await store.redecide('after', 200, now))) {}
}

const refused = (call: Promise<unknown>) => expect(call).rejects.toMatchObject({ fault: 'outdated' });

it('what was planned by an older time is refused, and written once its times have followed', async () => {
  const [one, other] = await openAll(2);
  await one.record([outboundOf(T), outboundOf(T, { chatId: 'due' })], T);
  const [held, ...more] = await claim(other, T, { total: 1 });
  if (held === undefined || more.length > 0) throw new Error('one chat was to be claimed');
  const now = T + HOUR;
  expect(await one.shiftClock(HOUR, now)).toBe(true);
  expect(await other.shiftClock(HOUR, now)).toBe(false);
  const settlement = { claim: held, endedAt: T + 10, result: verdictOf() };
  await refused(other.turn(turnOf({ settlements: [settlement] }), T + 20));
  await refused(claim(other, T + 20));
  await refused(other.claimManually('due', T + LEASE_MS, T + 20));
  await refused(other.redecide('after', 200, T + 20));
  await refused(other.heartbeat(T + 20));
  await refused(other.wakeChats(T + 10 * DAY, 10)); // by then both would be idle
  expect((await chatOfStore(one, held.chat.chatId)).lease).toMatchObject({ until: T + LEASE_MS + HOUR });

  await follow(other);
  await finish(other, now);
  const settled = await settle(other, { ...settlement, endedAt: now + 10 });
  expect(settled).toMatchObject({ isOurs: true, chat: { lastSharedAt: now + 10, shareCount: 1 } });
  expect(await claim(other, now + 20)).toHaveLength(1);
});

it('of all replicas that find the same correction one makes it', async () => {
  const stores = await openAll(4);
  const [one] = stores;
  await one.record([outboundOf(T)], T);
  await settle(one, { claim: await claimOne(one, T), endedAt: T + 10, result: verdictOf() });
  const version = await one.sharedVersion();
  const made = await Promise.all(stores.map((store) => store.shiftClock(HOUR, T + HOUR + 20)));
  expect(made.filter((isOurs) => isOurs)).toHaveLength(1);
  expect((await one.serverNow())?.corrections).toBe(1);
  expect(await one.sharedVersion()).toBeGreaterThan(version);
  await follow(one);
  await finish(one, T + HOUR + 20);
  expect(await chatOfStore(one)).toMatchObject({ lastSharedAt: T + 10 + HOUR });
});

it('a correction waits for a turn of the older time, and moves what that claims', async () => {
  const home = createPostgresHome();
  const [one, other] = await openAll(2, home);
  await one.record([outboundOf(T), outboundOf(T, { chatId: 'next' })], T);
  const [held] = await claim(other, T, { total: 1 });
  if (held === undefined) throw new Error('nothing was due');
  await withClient(home.url, async (client) => {
    const byUs = 'SELECT pid FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))';
    const byThem = `SELECT pid FROM pg_stat_activity WHERE pg_blocking_pids(pid) && ARRAY(${byUs})`;
    const untilAny = async (blocked: string) => {
      while ((await client.query(blocked)).rowCount === 0) {}
    };
    await client.query('BEGIN');
    const chats = `"${home.schema.replaceAll('"', '""')}".chats`;
    await client.query(`SELECT 1 FROM ${chats} WHERE id = $1 FOR UPDATE`, [held.chatRow]);
    const settlement = { claim: held, endedAt: T + 10, result: verdictOf() };
    const request = { lines: [{ line: LINE, limit: 16 }], total: 16, leaseUntil: T + LEASE_MS };
    const turn = other.turn(turnOf({ settlements: [settlement], claim: request }), T + 20);
    await untilAny(byUs);
    const correction = one.shiftClock(HOUR, T + HOUR + 30);
    await Promise.race([correction, untilAny(byThem)]);
    await client.query('COMMIT');
    expect((await turn).claims).toHaveLength(1);
    expect(await correction).toBe(true);
  });
  expect((await chatOfStore(one, held.chat.chatId)).lastSharedAt).toBe(T + 10 + HOUR);
  const next = (await allChats(one)).find(({ chatId }) => chatId !== held.chat.chatId);
  expect(next?.lease).toMatchObject({ until: T + LEASE_MS + HOUR });
});

it('no claim keeps a lease of the older time, however the correction falls among the claims', async () => {
  const [one, ...others] = await openAll(4);
  let now = T;
  let claimed = 0;
  let refusals = 0;
  for (let round = 0; round < 12; round++) {
    const chats = Array.from({ length: 24 }, (_, index) =>
      outboundOf(now, { chatId: `chat-${round}-${index}` }),
    );
    await one.record(chats, now);
    const before = now;
    now += HOUR;
    const takeTwice = async (store: Store) => {
      for (let time = 0; time < 2; time++) {
        try {
          claimed += (await claim(store, before, { total: 4 })).length;
        } catch (error) {
          if (!(error instanceof StoreError) || error.fault !== 'outdated') throw error;
          refusals++;
        }
      }
    };
    const work = others.map(takeTwice);
    await Promise.resolve(round % 3 === 0 ? null : one.sharedVersion());
    expect(await one.shiftClock(HOUR, now)).toBe(true);
    await Promise.all(work);
    const leased = (await allChats(one)).filter(({ lease }) => lease !== null && lease.until > now);
    for (const { lease } of leased) expect(lease?.until).toBe(before + LEASE_MS + HOUR);
    await finish(one, now);
    for (const store of others) await follow(store);
    now += 2 * LEASE_MS;
  }
  expect(claimed).toBeGreaterThan(0);
  expect(refusals).toBeGreaterThan(0);
});

it('a replica whose machine was suspended corrects nothing that others lived through', async () => {
  const [suspended, other] = await openAll(2);
  await other.heartbeat(T + HOUR - MINUTE / 2);
  expect(await suspended.shiftClock(HOUR, T + HOUR)).toBe(false);
  expect((await other.serverNow())?.corrections).toBe(0);
  await other.record([outboundOf(T + HOUR)], T + HOUR);
  expect(await claim(suspended, T + HOUR)).toHaveLength(1);
});

it('a correction is made where all have lived by the older time', async () => {
  const [one] = await openAll(2);
  await one.heartbeat(T);
  expect(await one.shiftClock(HOUR, T + HOUR)).toBe(true);
});

describe('a database that went back to before a correction', () => {
  async function goBack(mark: 'unmarked' | 'marked' | 'marked before') {
    const home = createPostgresHome();
    const [one, other] = await openAll(2, home);
    await one.record([outboundOf(T)], T);
    if (mark === 'marked before') await markIn(home);
    await one.shiftClock(HOUR, T + HOUR);
    await follow(one);
    await finish(one, T + HOUR);
    await withClient(home.url, (client) =>
      client.query(`UPDATE "${home.schema.replaceAll('"', '""')}".control SET clock_epoch = 0`),
    );
    if (mark === 'marked') await markIn(home);
    return { one, other, home };
  }

  const markIn = ({ url, schema }: ReturnType<typeof createPostgresHome>) => markRestored({ url, schema });
  const now = T + HOUR;

  it.each(['unmarked', 'marked before'] as const)(
    'takes nothing of a replica that knew more, and says why (%s)',
    async (mark) => {
      const { one, other, home } = await goBack(mark);
      const reverted = (call: Promise<unknown>) => expect(call).rejects.toMatchObject({ fault: 'reverted' });
      await reverted(claim(one, now)); // seen by a turn before the clock is read
      await follow(one);
      await expect(one.probe(now)).rejects.toThrow(/stop all replicas.*restore --mark/);
      await reverted(one.record([outboundOf(now, { chatId: 'new' })], now));
      await reverted(one.shiftClock(HOUR, now + HOUR));
      await reverted(claim(one, now));
      await other.record([outboundOf(now, { chatId: 'of one that knew no more' })], now);
      const fresh = await home.open(policyOf());
      opened.push(fresh);
      await fresh.probe(now);
    },
  );

  it('is taken as it is once it is marked, without a restart', async () => {
    const { one } = await goBack('marked');
    await follow(one);
    await one.probe(now);
    await one.record([outboundOf(now, { chatId: 'new', line: OTHER_LINE })], now);
    expect(await claim(one, now)).toEqual([]); // each waits a window
    expect(await chatOfStore(one, 'new')).toMatchObject({ reason: 'restored' });
  });
});
