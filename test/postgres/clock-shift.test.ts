import { afterEach, expect, it } from 'vitest';
import { DAY, HOUR } from '../../src/decide/time.ts';
import type { Store } from '../../src/store/store.ts';
import { inboundOf, LINE, OTHER_LINE, outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createPostgresHome } from '../helpers/postgres-home.ts';
import { createSeeded } from '../helpers/seed.ts';
import { allChats } from '../helpers/store/use-store.ts';

const CHATS = 120;
const BATCH = 10;
const OURS = ['lastSharedAt', 'uncertainAt', 'dryRunAt', 'operatorHeldAt', 'lookedUpAt', 'retryAt'] as const;
const seeded = createSeeded('npx vitest run --config test/vitest.config.ts --project postgres clock-shift');
const chatId = (index: number) => `chat-${index}`;
const opened: Store[] = [];

async function openAll(count: number): Promise<readonly Store[]> {
  const home = createPostgresHome();
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
