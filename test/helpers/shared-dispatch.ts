import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../src/decide/event.ts';
import type { LinqAnswer } from '../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/decide/time.ts';
import { StoreError } from '../../src/errors.ts';
import type { Store } from '../../src/store/store.ts';
import { answerOf, inboundOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from './builders.ts';
import { activeCards, later } from './fake-linq.ts';
import type { Reactor } from './reactor.ts';
import { type OpenShared, startReplicas } from './replicas.ts';
import { definite } from './store/use-store.ts';

const chats = (count: number, from = 0, line = LINE): ChatEvent[] =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${from + index}`, line }));
const accountReason = ({ dispatcher }: Reactor) => dispatcher.snapshot().account?.reason ?? null;
const GONE = answerOf(404, 2001);
/** Everybody has looked at the store. */
const LOOK = 2 * SECOND;

/** What several dispatchers over one store promise together. @param place a new one for each test */
export function describeSharedDispatch(place: () => OpenShared): void {
  const start = (options: Parameters<typeof startReplicas>[1] = {}) => startReplicas(place(), options);

  describe('replicas', () => {
    it('call every due chat once', async () => {
      const { all, one, linq, run } = await start({ count: 3, concurrency: 4 });
      linq.script.share = () => new Promise((resolve) => setImmediate(() => resolve(answerOf())));
      await one.store.record([...chats(60), ...chats(60, 60, OTHER_LINE)], T);
      for (const { dispatcher } of all) dispatcher.nudge();
      await run(MINUTE);
      const called = linq.shares().map(({ subject }) => subject);
      expect(called).toHaveLength(120);
      expect(new Set(called).size).toBe(120);
    });

    it('notice within a second what another one recorded', async () => {
      const { one, other, linq, run } = await start();
      await one.store.record(chats(1), T);
      expect(linq.shares()).toEqual([]);
      await run(SECOND);
      expect(linq.shares()).toHaveLength(1);
      await other.idle();
    });
  });

  describe('a pause', () => {
    it('by one stops the others with their next turn, until any of them ends it', async () => {
      const { one, other, linq, run } = await start();
      await one.dispatcher.pause();
      await other.deliver(...chats(3));
      expect(linq.shares()).toEqual([]);
      expect(accountReason(other)).toBe('paused');
      await other.dispatcher.resume();
      await run(LOOK);
      expect(linq.shares()).toHaveLength(3);
      expect(accountReason(one)).toBeNull();
    });

    it('is ended by one that never heard of it, and begun by one that takes it for paused', async () => {
      const { one, other, linq, run } = await start();
      await one.dispatcher.pause();
      await other.dispatcher.resume();
      expect(await one.store.holds()).toEqual([]);
      await one.dispatcher.pause(); // for all that it knows, it is paused
      expect(await one.store.holds()).toMatchObject([{ reason: 'paused' }]);
      await run(LOOK);
      await other.deliver(...chats(1));
      await run(MINUTE);
      expect(linq.shares()).toEqual([]);
    });

    it('keeps the time at which it began', async () => {
      const { one, other, run } = await start();
      await one.dispatcher.pause();
      await run(MINUTE);
      await other.dispatcher.pause();
      expect(await one.store.holds()).toMatchObject([{ reason: 'paused', since: T }]);
    });
  });

  describe('replicas that were all suspended', () => {
    const AWAY = { awayAfterMs: 5 * MINUTE };

    it('request a catch-up when they are back, once', async () => {
      const { one, run } = await start(AWAY);
      await run(MINUTE);
      expect(await one.store.catchUp()).toMatchObject({ wanted: null });
      await one.leap(6 * MINUTE);
      expect(await one.store.catchUp()).toMatchObject({ wanted: { reason: 'away' } });
      await one.store.changeCatchUp((state) => ({ ...state, wanted: null }));
      await run(10 * MINUTE);
      expect(await one.store.catchUp()).toMatchObject({ wanted: null });
    });

    it('do not if one of them was there all the time', async () => {
      const { one, run } = await start(AWAY);
      await run(MINUTE);
      await one.store.heartbeat(one.clock.now() + 5 * MINUTE);
      await one.leap(6 * MINUTE);
      expect(await one.store.catchUp()).toMatchObject({ wanted: null });
    });
  });

  describe('a correction of the clock', () => {
    it('that nobody carries out leaves the replicas calm, whatever is to be woken', async () => {
      const { one, leader } = await start();
      await one.deliver(...chats(1));
      leader.index = null;
      await one.store.shiftClock(SECOND, one.clock.now());
      await one.leap(8 * DAY);
      expect((await one.store.agenda(T)).isShifting).toBe(true);
      expect(await one.store.nextWakeAt(one.clock.now())).toBeLessThan(one.clock.now());
    });
  });

  describe('a streak', () => {
    it('of failures at several replicas opens the breaker for all of them', async () => {
      const { one, other, linq, run } = await start({ concurrency: 1 });
      linq.script.share = () => answerOf(500, null, { retryAfterMs: HOUR });
      await one.deliver(...chats(3));
      expect(accountReason(one)).toBeNull();
      await other.deliver(...chats(2, 3));
      expect(accountReason(other)).toBe('api_unavailable');
      await one.deliver(...chats(20, 5));
      expect(linq.shares()).toHaveLength(5);
      expect(accountReason(one)).toBe('api_unavailable');
      linq.script.share = () => answerOf();
      await run(5 * SECOND);
      expect([accountReason(one), accountReason(other)]).toEqual([null, null]);
      expect(linq.shares()).toHaveLength(25);
    });

    it('of refusals is undone whoever got them', async () => {
      const { one, other, linq, run } = await start({ concurrency: 1 });
      linq.script.share = () => GONE;
      await one.deliver(...chats(3));
      expect(await one.chat('chat-0')).toMatchObject({ state: 'retired' });
      await other.deliver(...chats(2, 3));
      expect(accountReason(other)).toBe('api_unavailable');
      for (let index = 0; index < 5; index++)
        expect(await one.chat(`chat-${index}`)).toMatchObject({ state: 'due' });
      await one.deliver(...chats(10, 5));
      await run(MINUTE);
      for (let index = 0; index < 15; index++)
        expect(await one.chat(`chat-${index}`)).toMatchObject({ state: 'due' });
      linq.script.share = () => answerOf();
      await run(2 * MINUTE);
      expect(await one.store.counts(one.clock.now())).toMatchObject([{ state: 'waiting', count: 15 }]);
    });

    it('of failures opens nothing again when the leader had to close it with a card check', async () => {
      const { one, other, linq, run } = await start({ concurrency: 1 });
      linq.script.share = () => answerOf(500);
      await other.deliver(...chats(5));
      expect(accountReason(other)).toBe('api_unavailable');
      await one.deliver(lineEventOf({ at: T, status: 'FLAGGED' }));
      await run(MINUTE);
      expect([accountReason(one), accountReason(other)]).toEqual([null, null]);
      expect(linq.shares()).toHaveLength(5);
      await one.dispatcher.releaseLine(LINE);
      await other.deliver(...chats(5, 5));
      expect(accountReason(other)).toBe('api_unavailable');
      const added = chats(5, 5);
      // at most one at each replica, since neither waits for the other
      expect(added.filter(({ chatId }) => linq.sharesOf(chatId).length > 0).length).toBeLessThan(3);
    });

    it('is none if a share at another one came between', async () => {
      const { one, other, linq, run } = await start({ concurrency: 1 });
      linq.script.share = () => GONE;
      await one.deliver(...chats(3));
      linq.script.share = () => answerOf();
      await other.deliver(...chats(1, 10));
      linq.script.share = () => GONE;
      await other.deliver(...chats(2, 3));
      await run(LOOK);
      expect(accountReason(other)).toBeNull();
      expect(await one.chat('chat-0')).toMatchObject({ state: 'retired' });
    });
  });

  describe('what is closed', () => {
    it('is probed by the leader alone, and by the next one when it is gone', async () => {
      const { one, other, linq, leader, run } = await start({ concurrency: 1 });
      leader.index = null;
      linq.script.share = () => answerOf(500, null, { retryAfterMs: HOUR });
      await other.deliver(...chats(20));
      expect(linq.shares()).toHaveLength(5);
      await run(MINUTE);
      expect(linq.shares()).toHaveLength(5); // nobody leads
      leader.index = 0;
      await run(5 * SECOND);
      expect(linq.shares().length).toBeGreaterThan(5);
      await one.stop();
      leader.index = 1;
      linq.script.share = () => answerOf();
      await run(MINUTE);
      expect(linq.shares()).toHaveLength(20);
      expect(accountReason(other)).toBeNull();
    });

    it('counts the probes that fail in a row, for each leader anew', async () => {
      const { one, other, linq, leader, run } = await start({ concurrency: 1 });
      await one.deliver(...chats(1)); // its line's card is known from then on
      await run(LOOK);
      linq.script.share = () => answerOf(500, null, { retryAfterMs: HOUR });
      await one.deliver(...chats(12, 1));
      await run(10 * SECOND);
      expect(accountReason(one)).toBe('api_unavailable');
      const failed = one.dispatcher.failedProbes();
      expect(failed).toBeGreaterThanOrEqual(3);
      expect(other.dispatcher.failedProbes()).toBe(0);
      leader.index = 1;
      await run(MINUTE / 2);
      expect(other.dispatcher.failedProbes()).toBeGreaterThanOrEqual(1);
      expect(one.dispatcher.failedProbes()).toBe(failed);
      linq.script.share = () => answerOf();
      await run(MINUTE);
      expect([one, other].map(({ dispatcher }) => dispatcher.failedProbes())).toEqual([0, 0]);
    });

    it('is probed at once by a new leader where a restart would do so', async () => {
      const { one, other, linq, leader, run } = await start();
      linq.script.share = () => answerOf(403, 2011);
      await one.deliver(...chats(1));
      expect(accountReason(one)).toBe('feature_disabled');
      await run(10 * SECOND);
      expect(accountReason(other)).toBe('feature_disabled');
      linq.script.share = () => answerOf();
      await other.deliver(...chats(1, 1));
      expect(linq.shares()).toHaveLength(1);
      await one.stop();
      leader.index = 1;
      await run(LOOK);
      expect(linq.shares()).toHaveLength(3);
      expect(await other.store.holds()).toEqual([]);
    });

    it('of a line ends for everybody when one of them releases it', async () => {
      const { one, other, linq, run } = await start();
      linq.script.share = () => answerOf(403, 2006);
      await one.deliver(...chats(1));
      linq.script.share = () => answerOf();
      await other.deliver(...chats(1, 1));
      expect(linq.shares()).toHaveLength(1);
      expect(await other.dispatcher.releaseLine(LINE)).toMatchObject({ line: LINE });
      await run(LOOK);
      expect(linq.shares()).toHaveLength(3);
      expect(await one.store.holds()).toEqual([]);
      expect(one.dispatcher.snapshot().lines).toMatchObject([{ hold: null }]);
    });

    it('of a paused line ends when Linq says so, whoever hears it', async () => {
      const { one, other, linq, run } = await start();
      linq.script.share = () => answerOf(403, 2027);
      await one.deliver(...chats(1));
      linq.script.share = () => answerOf();
      await run(MINUTE);
      await other.deliver(lineEventOf({ at: T + MINUTE }), ...chats(1, 1));
      await run(LOOK);
      expect(linq.shares()).toHaveLength(3);
      expect(await one.store.holds()).toEqual([]);
    });
  });

  describe('a card', () => {
    it('that one of them checked is known to all that have heard from Linq', async () => {
      const { one, other, linq } = await start();
      await one.deliver(...chats(1));
      await other.deliver(...chats(1, 1));
      expect(linq.looks()).toHaveLength(2);
      expect(linq.shares()).toHaveLength(2);
      await one.deliver(...chats(1, 2, OTHER_LINE));
      await other.deliver(...chats(1, 3, OTHER_LINE));
      expect(linq.looks()).toHaveLength(3);
      expect(linq.shares()).toHaveLength(4);
    });

    it('that Linq misses stops all of them, and is looked for by the leader alone', async () => {
      const { one, other, linq, leader, run } = await start();
      await one.deliver(...chats(1));
      await other.deliver(...chats(1, 1));
      linq.script.share = () => answerOf(404, 2012);
      linq.script.cards = () => ({ kind: 'cards', cards: [] });
      await other.deliver(...chats(1, 2));
      linq.clear();
      await one.deliver(...chats(1, 3));
      await run(LOOK);
      expect(linq.calls).toEqual([]);
      leader.index = null;
      await run(3 * MINUTE);
      expect(linq.calls).toEqual([]);
      leader.index = 0;
      await run(4 * MINUTE + LOOK);
      expect(linq.looks().length).toBeLessThanOrEqual(3);
      linq.script.share = () => answerOf();
      linq.script.cards = (line) => activeCards(line);
      await run(3 * MINUTE);
      expect(linq.shares()).toHaveLength(2);
    });
  });

  describe('an operator’s share whose replica dies before its outcome', () => {
    const dying = async (event: ChatEvent) => {
      const replicas = await start({ policy: { requireInbound: true } });
      const { one, linq } = replicas;
      await one.deliver(event);
      linq.script.share = () => new Promise(() => {});
      void one.dispatcher.shareManually('chat-0');
      await one.idle();
      expect(await one.attempts('chat-0')).toMatchObject([{ trigger: 'manual', outcome: null }]);
      return replicas;
    };
    const [chat] = chats(1);

    it('counts as interrupted once its lease has run out, and isn’t repeated', async () => {
      const { one, other, run } = await dying(definite(chat));
      await one.crash();
      await run(MINUTE - SECOND);
      expect(await other.attempts('chat-0')).toMatchObject([{ outcome: null }]);
      await run(LOOK);
      expect(await other.attempts('chat-0')).toMatchObject([{ trigger: 'manual', outcome: 'interrupted' }]);
      expect(await other.chat('chat-0')).toMatchObject({ state: 'held', lease: null });
    });

    it('counts as interrupted soon after, though the chat is due and sharing is paused', async () => {
      const { one, other, run } = await dying(definite(chat));
      await other.dispatcher.pause();
      await one.store.record([inboundOf(T + 1, { chatId: 'chat-0' })], T + 1);
      await one.crash();
      await run(2 * MINUTE + LOOK);
      expect(await other.attempts('chat-0')).toMatchObject([{ trigger: 'manual', outcome: 'interrupted' }]);
      expect(await other.chat('chat-0')).toMatchObject({ state: 'due', lease: null });
    });
  });

  describe('a replica that was suspended', () => {
    it("doesn't repeat an operator's share that another one took over meanwhile", async () => {
      const { one, linq, run, clock } = await start();
      await one.deliver(...chats(1));
      const manual = later<LinqAnswer>();
      linq.script.share = () => manual.promise;
      const share = one.dispatcher.shareManually('chat-0');
      await one.idle();
      linq.script.share = () => answerOf();
      await one.store.wakeChats(clock.now() + MINUTE, 10); // as another replica does when the lease has run out
      expect(await one.attempts('chat-0')).toMatchObject([{ outcome: 'interrupted' }, { outcome: 'shared' }]);
      linq.clear();
      manual.answer(answerOf());
      const attemptId = definite((await one.attempts('chat-0'))[0]).attemptId;
      expect(await share).toEqual({ kind: 'lost', attemptId });
      await run(LOOK);
      expect(linq.shares()).toEqual([]);
      expect(one.logged.filter(({ event }) => event === 'attempt.lease_lost')).toHaveLength(1);
    });
  });

  describe('a store that fails', () => {
    it('ends no replica, and is used again within 5 s of its recovery', async () => {
      const server = { isDown: false };
      const wrapStore = (store: Store): Store =>
        new Proxy(store, {
          get(target, name: keyof Store) {
            const member = target[name];
            if (typeof member !== 'function' || !server.isDown) return member;
            return () => Promise.reject(new StoreError('unavailable', 'refused by the test'));
          },
        });
      const { one, other, linq, run } = await start({ wrapStore });
      await one.deliver(...chats(1));
      server.isDown = true;
      await run(5 * MINUTE);
      await one.store.record(chats(1, 1), T);
      server.isDown = false;
      await run(5 * SECOND);
      expect(linq.shares()).toHaveLength(2);
      expect([...one.fatal, ...other.fatal]).toEqual([]);
    });
  });
}
