import { afterEach, expect, it } from 'vitest';
import { DAY, HOUR } from '../../src/decide/time.ts';
import type { Store } from '../../src/store/store.ts';
import { inboundOf, LINE, OTHER_LINE, outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import { createSeeded } from '../helpers/seed.ts';
import { allChats, chatOfStore } from '../helpers/store/use-store.ts';

const CHATS = 120;
const BATCH = 10;
const OURS = ['lastSharedAt', 'uncertainAt', 'dryRunAt', 'operatorHeldAt', 'lookedUpAt', 'retryAt'] as const;
const seeded = createSeeded('npx vitest run --config test/vitest.config.ts --project postgres clock-shift');
const chatId = (index: number) => `chat-${index}`;
const opened: Store[] = [];

async function openAll(count: number, home = createPostgresHome()): Promise<readonly Store[]> {
  const stores = await Promise.all(Array.from({ length: count }, () => home.open(policyOf())));
  opened.push(...stores);
  return stores;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

/** Chats to which all kinds of things happened within the days before and after `T`. */
function makeChats() {
  const at = () => T - seeded.between(-2 * DAY, 3 * DAY);
  return Array.from({ length: CHATS }, (_, index) => {
    const own = OURS.filter(() => seeded.random() < 0.3).map((name) => [name, at()]);
    const event = outboundOf(at(), { chatId: chatId(index), line: seeded.pick([LINE, OTHER_LINE]) ?? LINE });
    return { event, own: Object.fromEntries(own) };
  });
}

async function writeChats(store: Store, made: ReturnType<typeof makeChats>): Promise<void> {
  await store.record(
    made.map(({ event }) => event),
    T,
  );
  for (const { event, own } of made) await store.updateChat(event.chatId, (chat) => ({ ...chat, ...own }), T);
  while (!(await store.redecide('before', 1_000, T))) {}
}

const factsOf = async (store: Store) =>
  (await allChats(store)).sort((a, b) => (a.chatId < b.chatId ? -1 : 1));

it.each([HOUR, 26 * HOUR, -2 * HOUR])(
  'a correction by %i ms comes to each chat once, whoever writes it meanwhile',
  async (byMs) => {
    const made = makeChats();
    const now = T + byMs;
    const [keeper, other, third] = (await openAll(3)) as [Store, Store, Store];
    await writeChats(keeper, made);
    await keeper.shiftClock(byMs, now);
    const heard = new Set<number>();
    let added = CHATS;
    while ((await keeper.agenda(T)).isShifting) {
      const some = Array.from({ length: 6 }, () => seeded.between(0, CHATS - 1));
      for (const index of some) heard.add(index);
      const events = [...some.map((index) => inboundOf(now, { chatId: chatId(index) }))];
      const fresh = outboundOf(now, { chatId: chatId(added++) });
      await Promise.all([
        keeper.redecide('after', BATCH, now),
        other.record(events, now),
        third.record([...events.slice(2), fresh], now),
      ]);
    }
    while (!(await keeper.redecide('after', BATCH, now))) {}
    expect(heard.size).toBeGreaterThan(BATCH);

    const [reference] = (await openAll(1)) as [Store];
    await writeChats(reference, made);
    await reference.shiftClock(byMs, now);
    while (!(await reference.redecide('after', 1_000, now))) {}
    for (const index of heard) await reference.record([inboundOf(now, { chatId: chatId(index) })], now);
    for (let index = CHATS; index < added; index++)
      await reference.record([outboundOf(now, { chatId: chatId(index) })], now);
    expect(await factsOf(other)).toEqual(await factsOf(reference));
  },
);

it('a chat heard of while a correction ends is moved by the next one', async () => {
  const home = createPostgresHome();
  const [keeper, other] = (await openAll(2, home)) as [Store, Store];
  const finish = async (now: number) => {
    while ((await keeper.agenda(now)).isShifting) await keeper.redecide('after', BATCH, now);
  };
  await keeper.record([outboundOf(T - 8 * DAY)], T); // idle: a correction changes nothing of it
  while (!(await keeper.redecide('before', BATCH, T))) {}
  const now = T + HOUR;
  await keeper.shiftClock(HOUR, now);
  await withClient(home.url, async (client) => {
    let isFinished = false;
    const untilWaiting = (count: number) =>
      withClient(home.url, async (watcher) => {
        const [, id] = home.schema.split('"');
        const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${id}%'`;
        while (!isFinished && ((await watcher.query(waiting)).rowCount ?? 0) < count) {}
      });
    const counts = `"${home.schema.replaceAll('"', '""')}".chat_counts`;
    await client.query(`BEGIN; LOCK TABLE ${counts} IN SHARE ROW EXCLUSIVE MODE`);
    const recorded = other.record([outboundOf(now)], now); // reads the chat, and waits to count it
    await untilWaiting(1);
    const finished = finish(now).finally(() => {
      isFinished = true;
    });
    await untilWaiting(2);
    await client.query('COMMIT');
    await Promise.all([recorded, finished]);
  });
  await keeper.updateChat('chat-1', (chat) => ({ ...chat, lastSharedAt: now }), now);
  await keeper.shiftClock(HOUR, now + HOUR);
  await finish(now + HOUR);
  expect(await chatOfStore(keeper)).toMatchObject({ lastSharedAt: now + HOUR, lastOutboundAt: now });
});
