import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { answerOf, outboundOf, T } from '../../helpers/builders.ts';
import { failedWith, sent } from './account.ts';
import { createWorld } from './world.ts';

const CHATS = 6;
const NAMES = Array.from({ length: CHATS }, (_, n) => `chat-${n}`);

/** An account whose chats stand on three pages. */
function createAccountWorld() {
  const world = createWorld();
  world.account.pageSize = 2;
  for (const chatId of NAMES) world.account.add(chatId, T - HOUR, sent(T - HOUR));
  return world;
}

const knownIn = async (store: Store) => {
  const found = await Promise.all(NAMES.map((chatId) => store.chat(chatId)));
  return found.filter((chat) => chat !== null).length;
};

describe('a run that is cut off', () => {
  /** Three listings of three pages, and six chats. */
  const STEPS = 15;

  it.each(Array.from({ length: STEPS }, (_, n) => n + 1))(
    'by a crash at call %i goes on after the restart, and reads no chat twice',
    async (step) => {
      const world = createAccountWorld();
      const { account } = world;
      let crashed = false;
      const first = await world.start();
      account.onCall = async (_call, count) => {
        if (count !== step || crashed) return null;
        crashed = true;
        await first.crash();
        return null; // nobody is there to hear it
      };
      await world.run(HOUR);
      if (!crashed) return expect(world.completions()).toHaveLength(1); // the run is shorter
      world.clock.advance(2 * SECOND);
      const cutAt = account.calls.at(-1);
      account.onCall = () => null;
      const second = await world.start();
      await world.run(HOUR);
      expect(world.completions()).toHaveLength(1);
      expect(await knownIn(second.store)).toBe(CHATS);
      for (const chatId of NAMES) {
        const readings = account.callsOf(chatId).length;
        expect(readings).toBe(cutAt?.chatId === chatId ? 2 : 1); // the reading that was cut off counts for nothing
      }
    },
  );

  it('at any commit goes on after the restart', async () => {
    for (let commit = 1; ; commit++) {
      const world = createAccountWorld();
      let commits = 0;
      let hasCrashed = false;
      const first = await world.start((store) => {
        const die = async () => {
          hasCrashed = true;
          await first.crash();
          return new Promise<never>(() => {});
        };
        const counted = <A extends unknown[], R>(method: (...args: A) => Promise<R>) => {
          return async (...args: A): Promise<R> => {
            commits++;
            if (commits === commit && commit % 2 === 0) return die();
            const result = await method(...args); // the commit is there, and nobody hears of it
            return commits === commit ? die() : result;
          };
        };
        return {
          ...store,
          changeCatchUp: counted(store.changeCatchUp),
          recordRead: counted(store.recordRead),
        };
      });
      await world.run(HOUR);
      if (!hasCrashed) {
        expect(commit).toBeGreaterThan(CHATS + 5);
        return;
      }
      const second = await world.start();
      await world.run(HOUR);
      expect(await knownIn(second.store)).toBe(CHATS);
      expect((await second.store.catchUp()).run).toBeNull();
      expect(world.completions().length).toBeGreaterThanOrEqual(1);
    }
  });

  it('by a stop ends at once, and goes on after the restart', async () => {
    const world = createAccountWorld();
    const first = await world.start();
    await world.run(HOUR, () => world.account.callsOf('chat-2').length === 1);
    const calls = world.account.calls.length;
    await first.stop();
    await world.run(MINUTE);
    expect(world.account.calls).toHaveLength(calls);
    const second = await world.start();
    await world.run(HOUR);
    expect(await knownIn(second.store)).toBe(CHATS);
    for (const chatId of NAMES) expect(world.account.callsOf(chatId)).toHaveLength(1);
  });

  it('covers after a long break what happened meanwhile, in one go', async () => {
    const world = createAccountWorld();
    const first = await world.start();
    await world.run(HOUR, () => world.account.callsOf('chat-2').length === 1);
    await first.crash();
    world.clock.advance(40 * MINUTE);
    const [changed] = world.account.chats;
    const at = world.clock.now() - 20 * MINUTE;
    changed?.messages.push(sent(at));
    if (changed !== undefined) changed.updatedAt = at;
    const { store } = await world.start();
    await world.run(HOUR);
    expect((await store.chat('chat-0'))?.lastOutboundAt).toBe(at);
    expect(world.account.callsOf('chat-0')).toHaveLength(2);
    expect(world.account.callsOf('chat-1')).toHaveLength(1); // read since it last changed
    expect(world.completions()).toHaveLength(1);
  });

  it('is begun even if the process dies right after its first heartbeat', async () => {
    const world = createAccountWorld();
    await (await world.start()).crash(); // before anything was read
    const { store } = await world.start(); // the last heartbeat is but a moment ago
    await world.run(HOUR);
    expect(await knownIn(store)).toBe(CHATS);
  });
});

describe('a correction of the clock', () => {
  it('lets a run under way begin anew, and nothing is lost', async () => {
    const world = createAccountWorld();
    const { store } = await world.start();
    await world.run(HOUR, () => world.account.callsOf('chat-2').length === 1);
    await store.shiftClock(-MINUTE, world.clock.now());
    await world.run(HOUR);
    expect(await knownIn(store)).toBe(CHATS);
    expect(world.completions()).toHaveLength(1);
    expect(world.logged.filter(({ event }) => event === 'catch-up.failed')).toEqual([]);
  });
});

describe('active chats', () => {
  const NIGHT = { everyMs: 6 * HOUR };

  it('are read once a day, whatever the listing says of when they changed', async () => {
    const world = createWorld(NIGHT);
    const { store } = await world.start();
    await world.run(MINUTE);
    world.account.add('active', T - 9 * DAY, sent(T - HOUR));
    world.account.add('idle', T - 9 * DAY, sent(T - 9 * DAY));
    await store.record([outboundOf(T, { chatId: 'active' }), outboundOf(T - 8 * DAY, { chatId: 'idle' })], T);
    world.account.chats[0]?.messages.push(sent(T + 2 * HOUR));
    await world.run(23 * HOUR);
    expect(world.account.callsOf('active')).toEqual([]);
    await world.run(2 * HOUR);
    expect(world.account.callsOf('active')).toHaveLength(1);
    expect(world.account.callsOf('idle')).toEqual([]);
    expect((await store.chat('active'))?.lastOutboundAt).toBe(T + 2 * HOUR);
    await world.run(2 * DAY);
    expect(world.account.callsOf('active')).toHaveLength(3);
  });

  it('that cannot be read then are left to the next run', async () => {
    const world = createWorld(NIGHT);
    const missed = 20 * HOUR;
    for (let n = 0; n < 40; n++) world.account.add(`chat-${n}`, T - 2 * HOUR, sent(T - 2 * HOUR));
    const { store } = await world.start();
    await world.run(23 * HOUR + 50 * MINUTE);
    for (const chat of world.account.chats) chat.messages.push(sent(T + missed)); // and the listing doesn't show it
    world.account.onCall = ({ what }) => (what === 'messages' ? failedWith(answerOf(503, 3006)) : null);
    await world.run(70 * MINUTE);
    world.account.onCall = () => null;
    await world.run(8 * HOUR);
    const last = await Promise.all(world.account.chats.map(({ chatId }) => store.chat(chatId)));
    expect(last.map((chat) => chat?.lastOutboundAt)).toEqual(Array(40).fill(T + missed));
  });

  it('wait while something more urgent is to be read, and go on after a restart where they were', async () => {
    const world = createWorld(NIGHT);
    const first = await world.start();
    await world.run(MINUTE);
    for (const chatId of NAMES) world.account.add(chatId, T - 9 * DAY, sent(T + HOUR));
    await first.store.record(
      NAMES.map((chatId) => outboundOf(T, { chatId })),
      T,
    );
    await world.run(26 * HOUR, () => world.account.callsOf('chat-1').length === 1);
    await first.catchUp.request();
    await world.run(26 * HOUR, () => world.account.callsOf('chat-3').length === 1);
    expect(world.account.calls.slice(-3).map(({ chatId }) => chatId)).toEqual(['chat-2', null, 'chat-3']);
    await first.crash();
    const { store } = await world.start();
    await world.run(HOUR);
    for (const chatId of NAMES) {
      expect((await store.chat(chatId))?.lastOutboundAt).toBe(T + HOUR);
      expect(world.account.callsOf(chatId).length).toBe(1);
    }
  });
});
