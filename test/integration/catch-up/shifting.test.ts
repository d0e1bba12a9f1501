import { expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/decide/time.ts';
import { T } from '../../helpers/builders.ts';
import { createSeeded, type Seeded } from '../../helpers/seed.ts';
import { reportReached, suiteCount } from '../../helpers/suite.ts';
import { type AccountChat, sent } from './account.ts';
import { createWorld, type World } from './world.ts';

const CASES = suiteCount(60);
const RERUN = 'npx vitest run --config test/vitest.config.ts --project integration shifting';

/** What happens to the account while its pages are read; counted. */
function disturb(world: World, { pick, between, random }: Seeded) {
  const { account } = world;
  const touched = new Set<string>();
  const counts = { moved: 0, added: 0, deleted: 0 };
  const toFront = (chat: AccountChat) => {
    account.chats.splice(account.chats.indexOf(chat), 1);
    account.chats.unshift(chat);
  };
  const moves = [
    () => {
      const chat = pick(account.chats);
      if (chat === undefined) return;
      chat.updatedAt = world.clock.now();
      chat.messages.push(sent(world.clock.now()));
      touched.add(chat.chatId);
      toFront(chat);
      counts.moved++;
    },
    () => {
      const added = account.add(`added-${counts.added++}`, world.clock.now(), sent(world.clock.now()));
      touched.add(added.chatId);
      toFront(added);
    },
  ];
  const remove = () => {
    const [gone] = account.chats.splice(between(0, account.chats.length - 1), 1);
    if (gone !== undefined) counts.deleted++;
  };
  const restlessness = random();
  const deletions = random() / 2;
  let listings = 0;
  account.onCall = ({ what, cursor }) => {
    if (what === 'chats' && cursor === null) listings++;
    // what moves to the front hides nothing but itself; what is deleted hides the next one of each later page
    if (random() < restlessness) pick(moves)?.();
    if (listings === 1 && random() < deletions) remove();
    return null;
  };
  return { touched, counts };
}

it(`reads every chat whose webhooks were lost, however pages shift (${CASES} cases)`, async () => {
  const seeded = createSeeded(RERUN);
  const { seed, between, shuffle } = seeded;
  const reached = { cases: 0, chats: 0, moved: 0, added: 0, deleted: 0, listings: 0, violations: 0 };
  for (let n = 0; n < CASES; n++) {
    const world = createWorld();
    const { account } = world;
    account.pageSize = between(2, 5); // at most as many shift between two pages: three in a row never bring nothing new
    const lost = Array.from(
      { length: between(1, 12) },
      (_, i) => [`lost-${i}`, T - between(1, 6) * HOUR] as const,
    );
    const old = Array.from({ length: between(0, 12) }, (_, i) => [`old-${i}`, T - 9 * 24 * HOUR] as const);
    for (const [chatId, at] of shuffle([...lost, ...old])) account.add(chatId, at, sent(at), sent(at - 1));
    const process = await world.start();
    const { touched, counts } = disturb(world, seeded);
    await world.run(HOUR);
    expect(world.completions()).toHaveLength(1);
    account.onCall = () => null;

    const missing = async (chats: readonly AccountChat[]) => {
      const unknown: string[] = [];
      for (const { chatId, messages } of chats) {
        const firstOutboundAt = (await process.store.chat(chatId))?.firstOutboundAt ?? null;
        if (firstOutboundAt !== Math.min(...messages.map(({ at }) => at))) unknown.push(chatId);
      }
      return unknown;
    };
    const wanted = account.chats.filter(({ chatId }) => !chatId.startsWith('old-') || touched.has(chatId));
    const quiet = wanted.filter(({ chatId }) => !touched.has(chatId));
    const violations = await missing(quiet);
    await world.run(6 * HOUR + MINUTE); // what changed during the run is the next one's
    violations.push(...(await missing(wanted)));
    expect(violations, `case ${n} of seed ${seed}`).toEqual([]);
    reached.cases++;
    reached.chats += wanted.length;
    reached.listings += account.listings().length;
    for (const key of ['moved', 'added', 'deleted'] as const) reached[key] += counts[key];
    reached.violations += violations.length;
    await process.stop();
  }
  expect(reached.moved).toBeGreaterThan(CASES);
  expect(reached.deleted).toBeGreaterThan(CASES / 2);
  reportReached('catch-up-shifting', { seed, ...reached });
});
