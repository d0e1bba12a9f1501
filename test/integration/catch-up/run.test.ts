import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, eventOf, outboundOf, silenceOf, T } from '../../helpers/builders.ts';
import { chatOfStore } from '../../helpers/store/use-store.ts';
import { failedWith, received, sent } from './account.ts';
import { createWorld, type World } from './world.ts';

const RUN_MS = 10 * MINUTE;
const stateOf = (world: World, process: { catchUp: { view(): { activity: string } } }) => ({
  state: process.catchUp.view().activity,
  completed: world.completions().length,
});

describe('a run', () => {
  it('reads the messages of chats that changed, and merges them like events', async () => {
    const world = createWorld();
    const { account } = world;
    const chat = account.add('chat-1', T - HOUR, received(T - 3 * HOUR), sent(T - 2 * HOUR), sent(T - HOUR));
    chat.health = { status: 'AT_RISK', at: T - 90 * MINUTE };
    const { store } = await world.start();
    await world.run(RUN_MS);
    expect(await chatOfStore(store)).toMatchObject({
      line: '+12025550100',
      service: 'iMessage',
      isGroup: false,
      firstOutboundAt: T - 2 * HOUR,
      lastOutboundAt: T - HOUR,
      lastInboundAt: T - 3 * HOUR,
      health: 'AT_RISK',
      healthAt: T - 90 * MINUTE,
      state: 'due',
    });
    expect(world.news()).toBe(2); // of the chat, and at the end of the run
    expect(world.completions()).toEqual([
      { chatsSeen: 1, chatsTotal: 1, chatsRead: 1, chatsChanged: 1, chatsUnread: 0 },
    ]);
  });

  it('counts and skips at the first start what is idle, and later what did not change since the last run began', async () => {
    const world = createWorld();
    const { account } = world;
    account.add('idle', T - 7 * DAY, sent(T - 7 * DAY));
    account.add('recent', T - 7 * DAY + MINUTE, sent(T - 7 * DAY + MINUTE));
    account.add('untold', null, sent(T - 30 * DAY));
    const { store } = await world.start();
    await world.run(RUN_MS);
    expect(await store.chat('idle')).toBeNull();
    expect((await store.chat('recent'))?.firstOutboundAt).toBe(T - 7 * DAY + MINUTE);
    expect((await store.chat('untold'))?.firstOutboundAt).toBe(T - 30 * DAY);
    expect(world.completions()).toMatchObject([{ chatsSeen: 3, chatsTotal: 3, chatsRead: 2 }]);

    account.calls.splice(0);
    account.add('just-outside', T - HOUR, sent(T - HOUR));
    account.add('just-inside', T - HOUR + 1, sent(T - HOUR));
    await world.run(6 * HOUR);
    expect(account.calls.map(({ chatId }) => chatId)).toEqual([null, 'untold', 'just-inside']);
  });

  it('reads everything when chats are never idle', async () => {
    const world = createWorld({ idleAfterMs: 0 });
    world.account.add('chat-1', T - 900 * DAY, sent(T - 900 * DAY));
    const { store } = await world.start();
    await world.run(RUN_MS);
    expect((await chatOfStore(store)).firstOutboundAt).toBe(T - 900 * DAY);
  });

  it('takes a time later than now for now', async () => {
    const world = createWorld();
    world.account.add('chat-1', T, sent(T + DAY)).health = { status: 'CRITICAL', at: T + DAY };
    const { store } = await world.start();
    await world.run(RUN_MS);
    const { lastOutboundAt, healthAt } = await chatOfStore(store);
    expect(lastOutboundAt).toBe(healthAt);
    expect(lastOutboundAt).toBeGreaterThanOrEqual(T);
    expect(lastOutboundAt).toBeLessThan(T + RUN_MS);
  });

  it('dates a health without a time by its listing: what a webhook said since then is newer', async () => {
    const world = createWorld();
    world.account.add('chat-1', T, sent(T - HOUR)).health = { status: 'HEALTHY', at: null };
    const { store } = await world.start();
    const optedOutAt = () => world.clock.now() - SECOND;
    world.account.onCall = async ({ what }) => {
      if (what !== 'messages') return null;
      world.clock.advance(MINUTE);
      await store.record([eventOf({ health: { status: 'OPTED_OUT', at: optedOutAt() } })], world.clock.now());
      return null;
    };
    await world.run(HOUR);
    expect(await store.chat('chat-1')).toMatchObject({ health: 'OPTED_OUT' });
    expect(world.account.callsOf('chat-1')).toHaveLength(1);
  });

  it('takes an opt-out word for the wish of the person in a direct chat alone', async () => {
    const world = createWorld();
    world.account.add('direct', T, sent(T - 9), received(T - 5, true));
    world.account.add('group', T, sent(T - 9), received(T - 5, true)).isGroup = true;
    const { store } = await world.start();
    await world.run(RUN_MS);
    expect(await store.chat('direct')).toMatchObject({ state: 'held', reason: 'opted_out' });
    expect(await store.chat('group')).toMatchObject({ state: 'due', optOutWordAt: null });
  });

  it('merges a chat only when all of it has been read: what it opted out of may come last', async () => {
    const world = createWorld();
    world.account.pageSize = 2;
    world.account.add('chat-1', T, sent(T - 9), sent(T - 8), sent(T - 7), received(T - 5, true));
    const { store } = await world.start();
    await world.run(RUN_MS, () => world.account.callsOf('chat-1').length === 1);
    expect(await store.chat('chat-1')).toBeNull();
    await world.run(RUN_MS);
    expect(await store.chat('chat-1')).toMatchObject({ reason: 'opted_out', firstOutboundAt: T - 9 });
  });

  it('reads at most ten pages of a chat', async () => {
    const world = createWorld();
    world.account.pageSize = 1;
    world.account.add('chat-1', T, ...Array.from({ length: 20 }, (_, n) => sent(T - n * MINUTE)));
    const { store } = await world.start();
    await world.run(RUN_MS);
    expect(world.account.callsOf('chat-1')).toHaveLength(10);
    expect((await chatOfStore(store)).firstOutboundAt).toBe(T - 9 * MINUTE);
  });

  it('starts two calls a second at most', async () => {
    const world = createWorld();
    for (let n = 0; n < 20; n++) world.account.add(`chat-${n}`, T, sent(T));
    await world.start();
    await world.run(RUN_MS);
    const starts = world.account.calls.map(({ atMs }) => atMs);
    expect(starts).toHaveLength(21);
    const gaps = starts.slice(1).map((at, n) => at - (starts[n] ?? 0));
    expect(Math.min(...gaps)).toBe(SECOND / 2);
    expect(Math.max(...gaps)).toBe(SECOND / 2);
  });

  it('tells how far it is', async () => {
    const world = createWorld();
    world.account.pageSize = 2;
    for (const n of [1, 2, 3]) world.account.add(`chat-${n}`, T, sent(T));
    const { catchUp } = await world.start();
    expect(catchUp.view()).toMatchObject({ completedAt: null });
    await world.run(RUN_MS, () => world.account.callsOf('chat-1').length === 1);
    expect(catchUp.view()).toMatchObject({
      activity: 'running',
      run: { chatsSeen: 1, chatsTotal: null, chatsRead: 1 },
    });
    await world.run(RUN_MS, () => world.account.callsOf('chat-2').length === 1);
    expect(catchUp.view()).toMatchObject({ activity: 'running', run: { chatsSeen: 2, chatsTotal: null } });
    await world.run(RUN_MS);
    expect(catchUp.view()).toMatchObject({
      activity: 'idle',
      run: { chatsSeen: 3, chatsTotal: 3, chatsRead: 3, chatsChanged: 3 },
      completedAt: T + 3 * SECOND,
    });
  });
});

describe('pages', () => {
  it('are read until a listing brings nothing more to read, if there are several', async () => {
    const world = createWorld();
    world.account.pageSize = 2;
    for (const n of [1, 2, 3, 4]) world.account.add(`chat-${n}`, T, sent(T));
    world.account.onCall = ({ what, cursor }) => {
      // the first chat goes while the second page is asked for: the third would be missed
      if (what === 'chats' && cursor === '2' && world.account.chats.length === 4) world.account.chats.shift();
      return null;
    };
    const { store } = await world.start();
    await world.run(RUN_MS);
    expect((await store.chat('chat-3'))?.firstOutboundAt).toBe(T);
    expect(world.account.callsOf('chat-4')).toHaveLength(1);
    expect(world.account.listings().map(({ cursor }) => cursor)).toEqual([null, '2', null, '2', null, '2']);
  });

  it('that bring nothing to read are read again after an outage, but not when it was only time for a run', async () => {
    const world = createWorld();
    world.account.pageSize = 1;
    for (const n of [1, 2]) world.account.add(`chat-${n}`, T - 9 * DAY, sent(T - 9 * DAY));
    await world.start();
    await world.run(RUN_MS);
    expect(world.account.listings()).toHaveLength(2 * 2);
    await world.run(6 * HOUR);
    expect(world.account.listings()).toHaveLength(2 * 2 + 2);
  });

  it('are read once when there is only one', async () => {
    const world = createWorld();
    world.account.add('chat-1', T, sent(T));
    await world.start();
    await world.run(RUN_MS);
    expect(world.account.listings()).toHaveLength(1);
  });

  it('may bring the same chat twice, which is read once', async () => {
    const world = createWorld();
    const chat = world.account.add('chat-1', T, sent(T));
    world.account.chats.push(chat);
    await world.start();
    await world.run(RUN_MS);
    expect(world.account.callsOf('chat-1')).toHaveLength(1);
    expect(world.completions()).toMatchObject([{ chatsSeen: 1, chatsTotal: 1 }]);
  });

  it('may come empty twice in a row and yet go on', async () => {
    const world = createWorld();
    world.account.add('chat-1', T, sent(T));
    world.account.pageSize = 0;
    world.account.onCall = (_call, count) => {
      if (count > 2) world.account.pageSize = 100;
      return null;
    };
    const { store } = await world.start();
    world.account.cursorOf = (end) =>
      world.account.pageSize === 0 ? `${0}${'0'.repeat(world.account.calls.length)}` : String(end);
    await world.run(RUN_MS);
    expect((await store.chat('chat-1'))?.firstOutboundAt).toBe(T);
  });

  it.each([
    ['the same cursor', () => '0', 2 * 2],
    ['nothing', (calls: number) => '0'.repeat(calls), 2 * 3],
  ])('that bring %s for ever are taken for the end', async (_what, cursorOf, pagesRead) => {
    const world = createWorld();
    world.account.add('chat-1', T, sent(T));
    world.account.pageSize = 0;
    world.account.cursorOf = () => cursorOf(world.account.calls.length);
    await world.start();
    await world.run(RUN_MS);
    expect(world.completions()).toHaveLength(1);
    expect(world.account.listings()).toHaveLength(pagesRead);
  });

  it.each([1, 4])(
    'that repeat chats (%i a page) under ever new cursors end within seconds',
    async (pageSize) => {
      const world = createWorld();
      const { account } = world;
      account.pageSize = pageSize;
      for (let n = 0; n < 2 * pageSize; n++) account.add(`chat-${n}`, T, sent(T));
      account.cursorOf = () => '0'.repeat(account.calls.length); // the first page again
      await world.start();
      await world.run(MINUTE);
      const read = pageSize; // what lies behind is out of reach; the listing says of no chat that it is new
      expect(world.completions()).toMatchObject([{ chatsSeen: read, chatsTotal: read, chatsRead: read }]);
      expect(account.listings()).toHaveLength(2 * (1 + 3));
    },
  );

  it('that go round all chats again and again under ever new cursors end within seconds', async () => {
    const world = createWorld();
    const { account } = world;
    account.pageSize = 2;
    for (let n = 0; n < 11; n++) account.add(`chat-${n}`, T - 9 * DAY, sent(T - 9 * DAY));
    account.cursorOf = (end) => `${'0'.repeat(account.calls.length)}${end % 10}`;
    await world.start();
    await world.run(MINUTE);
    expect(world.completions()).toMatchObject([{ chatsSeen: 10, chatsTotal: 10 }]);
    expect(account.listings()).toHaveLength(2 * (5 + 3));
  });

  it('of chats that are gone meanwhile are passed over', async () => {
    const world = createWorld();
    world.account.add('gone', T, sent(T));
    world.account.add('there', T, sent(T));
    world.account.onCall = ({ chatId }) => (chatId === 'gone' ? failedWith(answerOf(403, 2005)) : null);
    const { store } = await world.start();
    await world.run(RUN_MS);
    expect(await store.chat('gone')).toBeNull();
    expect((await store.chat('there'))?.firstOutboundAt).toBe(T);
    expect(world.completions()).toMatchObject([{ chatsRead: 2, chatsChanged: 1, chatsUnread: 0 }]);
    expect(world.account.callsOf('gone')).toHaveLength(1);
  });
});

describe('a call that fails', () => {
  it('is repeated after 1 s doubling, and nothing is lost', async () => {
    const world = createWorld();
    world.account.add('chat-1', T, sent(T));
    world.account.onCall = (_call, count) => (count >= 2 && count <= 4 ? failedWith(silenceOf()) : null);
    const { store, catchUp } = await world.start();
    await world.run(RUN_MS, () => world.account.calls.length === 3);
    expect(catchUp.view()).toMatchObject({ activity: 'waiting', cause: 'timeout' });
    await world.run(RUN_MS);
    expect((await chatOfStore(store)).firstOutboundAt).toBe(T);
    const starts = world.account.calls.map(({ atMs }) => atMs / SECOND);
    expect(starts).toEqual([0, 0.5, 1.5, 3.5, 7.5]);
    expect(catchUp.view()).toMatchObject({ activity: 'idle', cause: null });
  });

  it('waits as long as Linq asks for', async () => {
    const world = createWorld();
    const asked = failedWith(answerOf(500, 3006, { retryAfterMs: 90 * SECOND }));
    world.account.onCall = (_call, count) => (count === 1 ? asked : null);
    await world.start();
    await world.run(RUN_MS);
    expect(world.account.calls.map(({ atMs }) => atMs / SECOND)).toEqual([0, 90]);
  });

  it('again and again is remembered with its cause, over restarts, until a run completes', async () => {
    const world = createWorld();
    let isDown = true;
    world.account.onCall = ({ what }) =>
      what === 'chats' && isDown ? failedWith(answerOf(400, 1005)) : null;
    const first = await world.start();
    await world.run(MINUTE, () => world.events().includes('catch-up.failed'));
    const { failing } = await first.store.catchUp();
    expect(failing).toMatchObject({ cause: 'linq_1005' });
    await first.stop();
    const second = await world.start();
    await world.run(HOUR);
    const after = (await second.store.catchUp()).failing;
    expect(after?.since).toBe(failing?.since);
    expect(after?.tries).toBeGreaterThan((failing?.tries ?? 0) + 2);
    isDown = false;
    await world.run(HOUR);
    expect((await second.store.catchUp()).failing).toBeNull();
  });

  it('again and again is remembered of the daily reading, too', async () => {
    const world = createWorld();
    const { store } = await world.start();
    await world.run(HOUR);
    for (let n = 0; n < 20; n++) await store.record([outboundOf(T, { chatId: `chat-${n}` })], T);
    world.account.onCall = ({ what }) => (what === 'messages' ? failedWith(silenceOf()) : null);
    const fails = () => world.events().filter((event) => event === 'catch-up.failed').length >= 3;
    await world.run(26 * HOUR, fails);
    expect((await store.catchUp()).failing).toMatchObject({ tries: 3, cause: 'timeout' });
    world.account.onCall = () => null;
    await world.run(HOUR, () => world.events().includes('catch-up.swept'));
    expect((await store.catchUp()).failing).toBeNull();
  });

  it('again and again fails the run, which is tried again ever more seldom, without reading a chat twice', async () => {
    const world = createWorld();
    world.account.pageSize = 1;
    for (const n of [1, 2]) world.account.add(`chat-${n}`, T, sent(T));
    let isDown = true;
    world.account.onCall = ({ cursor }) =>
      cursor === '1' && isDown ? failedWith(answerOf(500, 3006)) : null;
    const { catchUp } = await world.start();
    await world.run(HOUR);
    expect(catchUp.view()).toMatchObject({ activity: 'failed', cause: 'linq_3006', completedAt: null });
    const failures = world.logged.filter(({ event }) => event === 'catch-up.failed');
    expect(failures[0]).toMatchObject({
      level: 'warn',
      fields: { cause: 'linq_3006', retryInMs: 16 * SECOND },
    });
    expect(failures.at(-1)?.fields).toMatchObject({ retryInMs: 15 * MINUTE });
    expect(world.account.callsOf('chat-1')).toHaveLength(1);
    isDown = false;
    await world.run(HOUR);
    expect(stateOf(world, { catchUp })).toEqual({ state: 'idle', completed: 1 });
    expect(world.account.callsOf('chat-1')).toHaveLength(1);
    expect(world.account.callsOf('chat-2')).toHaveLength(1);
  });

  it('for one chat alone leaves that chat to the next run, and the others are read', async () => {
    const world = createWorld();
    for (const n of [1, 2, 3]) world.account.add(`chat-${n}`, T - 2 * HOUR, sent(T));
    let isBroken = true;
    world.account.onCall = ({ chatId }) => (chatId === 'chat-2' && isBroken ? failedWith(silenceOf()) : null);
    const { store } = await world.start();
    await world.run(HOUR);
    expect(world.completions()).toMatchObject([{ chatsSeen: 3, chatsRead: 2, chatsUnread: 1 }]);
    expect(await store.chat('chat-2')).toBeNull();
    isBroken = false;
    await world.run(6 * HOUR); // the next run begins with what changed since T - 1 h
    expect((await store.chat('chat-2'))?.firstOutboundAt).toBe(T);
  });

  it('for one chat after the other fails the run', async () => {
    const world = createWorld();
    for (let n = 0; n < 9; n++) world.account.add(`chat-${n}`, T, sent(T));
    world.account.onCall = ({ what }) => (what === 'messages' ? failedWith(silenceOf()) : null);
    const { catchUp } = await world.start();
    await world.run(MINUTE);
    expect(catchUp.view().activity).toBe('failed');
    expect(world.completions()).toEqual([]);
    world.account.onCall = () => null;
    await world.run(HOUR);
    expect(world.completions()).toMatchObject([{ chatsRead: 9 }]);
  });

  it('because of a few chats alone does not keep us from those behind them', async () => {
    const world = createWorld();
    for (let n = 0; n < 9; n++) world.account.add(`chat-${n}`, T, sent(T));
    const isBad = (chatId: string | null) => /[012]$/.test(chatId ?? '');
    world.account.onCall = ({ chatId }) => (isBad(chatId) ? failedWith(silenceOf()) : null);
    const { store } = await world.start();
    await world.run(5 * MINUTE);
    expect((await store.chat('chat-8'))?.firstOutboundAt).toBe(T);
    world.account.onCall = () => null;
    await world.run(7 * HOUR);
    expect((await store.chat('chat-0'))?.firstOutboundAt).toBe(T);
    expect(world.completions()).toMatchObject([
      { chatsSeen: 9, chatsRead: 6, chatsUnread: 3 },
      { chatsSeen: 9, chatsRead: 9, chatsUnread: 0 },
    ]);
  });

  it.each([
    ['fail', answerOf(500, 3006)],
    ['are refused', answerOf(403, 2006)],
  ])(
    'for a few chats that %s for good lets every run complete, which tries them again',
    async (_how, answer) => {
      const world = createWorld();
      for (let n = 0; n < 9; n++) world.account.add(`chat-${n}`, T - 2 * HOUR, sent(T - 2 * HOUR));
      world.account.onCall = ({ chatId }) => (/[036]$/.test(chatId ?? '') ? failedWith(answer) : null);
      const { store } = await world.start();
      await world.run(7 * HOUR);
      const found = world.account.add('chat-9', T + 7 * HOUR, sent(T + 7 * HOUR));
      await world.run(12 * HOUR);
      expect(world.completions()).toMatchObject(Array(4).fill({ chatsUnread: 3 }));
      expect(world.events()).not.toContain('catch-up.failed');
      expect((await store.chat(found.chatId))?.firstOutboundAt).toBe(T + 7 * HOUR);
      world.account.onCall = () => null;
      await world.run(6 * HOUR);
      expect(world.completions().at(-1)).toMatchObject({ chatsUnread: 0 });
      expect((await store.chat('chat-3'))?.firstOutboundAt).toBe(T - 2 * HOUR);
    },
  );

  it('for fifty chats that Linq refuses one after the other does not keep us from those behind them', async () => {
    const world = createWorld();
    for (let n = 0; n < 50; n++) world.account.add(`left-${n}`, T, sent(T));
    world.account.add('chat-1', T, sent(T));
    world.account.onCall = ({ chatId }) =>
      chatId?.startsWith('left') ? failedWith(answerOf(403, 2006)) : null;
    await world.start();
    await world.run(MINUTE);
    expect(world.completions()).toMatchObject([{ chatsRead: 1, chatsUnread: 50 }]);
  });

  it('for all chats because Linq refuses to show messages fails the run', async () => {
    const world = createWorld();
    for (let n = 0; n < 101; n++) world.account.add(`chat-${n}`, T, sent(T));
    world.account.onCall = ({ what }) => (what === 'messages' ? failedWith(answerOf(403, 2006)) : null);
    const { catchUp } = await world.start();
    await world.run(MINUTE, () => world.events().includes('catch-up.failed'));
    expect(catchUp.view()).toMatchObject({ activity: 'failed', cause: 'linq_2006' });
    expect(world.completions()).toEqual([]);
  });

  it('because another replica leads now says nothing of the chat that was to be read', async () => {
    let isLeader = true;
    const account = {
      hold: () => null,
      isLeader: () => isLeader,
      term: () => (isLeader ? 1 : null),
      heard: () => {},
    };
    const world = createWorld({ account, isShared: true });
    for (const n of [1, 2]) world.account.add(`chat-${n}`, T, sent(T));
    world.account.onCall = ({ chatId }) => {
      if (chatId === 'chat-1') isLeader = false;
      return null;
    };
    const { store } = await world.start();
    await world.run(MINUTE);
    expect(await store.catchUpReads(['chat-1', 'chat-2'])).toEqual(new Map([['chat-1', expect.any(Number)]]));
    expect(world.events()).not.toContain('catch-up.chat_unread');
  });

  it('because Linq refuses the listing fails the run at once', async () => {
    const world = createWorld();
    world.account.onCall = (_call, count) => (count === 1 ? failedWith(answerOf(400, 1005)) : null);
    await world.start();
    await world.run(SECOND / 2);
    expect(world.events()).toEqual(['catch-up.started', 'catch-up.failed']);
    await world.run(RUN_MS);
    expect(world.completions()).toHaveLength(1);
  });
});

describe('a closed account', () => {
  it.each([
    ['limits the rate', answerOf(429, 1007, { retryAfterMs: 60 * SECOND }), 'rate_limited'],
    ['limits the rate by 503', answerOf(503, null, { retryAfterMs: 60 * SECOND }), 'rate_limited'],
    ['rejects the key', answerOf(401, 2004), 'api_key_rejected'],
  ])('is told to all when Linq %s, and nothing is asked until it is open', async (_what, answer, cause) => {
    let isOpen = false;
    let hold: { cause: string; until: number | null } | null = null;
    const heard: unknown[] = [];
    const world = createWorld({
      account: {
        hold: () => (isOpen ? null : hold),
        isLeader: () => true,
        term: () => 1,
        heard(told) {
          heard.push(told);
          hold = { cause, until: null };
        },
      },
    });
    world.account.add('chat-1', T, sent(T));
    world.account.onCall = (_call, count) => (count === 1 ? failedWith(answer) : null);
    const { store, catchUp } = await world.start();
    await world.run(HOUR);
    expect(heard).toEqual([answer]);
    expect(world.account.calls).toHaveLength(1);
    expect(catchUp.view()).toMatchObject({ activity: 'waiting', cause });
    isOpen = true;
    await world.run(RUN_MS);
    expect((await chatOfStore(store)).firstOutboundAt).toBe(T);
  });

  it('is not asked until the time at which it opens', async () => {
    const world = createWorld({
      account: {
        hold: () =>
          world.clock.now() < T + 7 * MINUTE ? { cause: 'rate_limited', until: T + 7 * MINUTE } : null,
        isLeader: () => true,
        term: () => 1,
        heard() {},
      },
    });
    await world.start();
    await world.run(HOUR);
    expect(world.account.calls[0]?.atMs).toBe(7 * MINUTE);
  });
});

describe('an account of which Linq lists one line at a time', () => {
  it('is read line by line, all lines in one run', async () => {
    const world = createWorld();
    const { account } = world;
    account.wantsLine = true;
    account.lines = ['+12025550100', '+12025550101', '+12025550102'];
    account.add('first', T, sent(T - 9));
    account.add('second', T, sent(T - 8)).line = '+12025550102';
    const { store } = await world.start();
    await world.run(RUN_MS);
    expect((await store.chat('first'))?.firstOutboundAt).toBe(T - 9);
    expect((await store.chat('second'))?.firstOutboundAt).toBe(T - 8);
    expect(world.completions()).toMatchObject([{ chatsSeen: 2, chatsTotal: 2, chatsRead: 2 }]);
    expect(account.listings()).toHaveLength(1 + 3);
  });

  it('is read again where pages of one line shifted', async () => {
    const world = createWorld();
    const { account } = world;
    account.wantsLine = true;
    account.pageSize = 1;
    account.lines = ['+12025550100', '+12025550101'];
    account.add('first', T, sent(T - 9));
    account.add('second', T, sent(T - 8));
    account.add('third', T, sent(T - 7)).line = '+12025550101';
    await world.start();
    await world.run(RUN_MS);
    expect(account.listings()).toHaveLength(1 + 3 + 3);
    expect(world.completions()).toMatchObject([{ chatsSeen: 3, chatsTotal: 3, chatsRead: 3 }]);
  });

  it('tells why it cannot be listed when there are no lines to name', async () => {
    const world = createWorld();
    world.account.wantsLine = true;
    world.account.lines = [];
    const { catchUp } = await world.start();
    await world.run(SECOND);
    expect(catchUp.view()).toMatchObject({ activity: 'failed', cause: 'linq_1001' });
  });
});
