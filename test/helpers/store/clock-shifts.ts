import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { holdOf, LINE, outboundOf, T } from '../builders.ts';
import {
  allChats,
  chatOfStore,
  claim,
  claimOne,
  correctClock,
  definite,
  LEASE_MS,
  type StoreBench,
  settle,
  turnOf,
  verdictOf,
} from './use-store.ts';

export function describeClockShifts(bench: StoreBench): void {
  const openWithSharedChat = async () => {
    const store = await bench.open();
    await store.record([outboundOf(T)], T);
    await settle(store, { claim: await claimOne(store, T), endedAt: T + 10, result: verdictOf() });
    return store;
  };

  describe('when the clock went forward', () => {
    it('an open window keeps its length', async () => {
      const store = await openWithSharedChat();
      await correctClock(store, 6 * HOUR, T + HOUR + 6 * HOUR);
      expect(await chatOfStore(store)).toMatchObject({
        state: 'waiting',
        lastSharedAt: T + 10 + 6 * HOUR,
        lastShareStartedAt: T + 6 * HOUR,
        nextAttemptAt: T + 10 + 6 * HOUR + DAY,
        lastOutboundAt: T,
      });
    });

    it('a window that was over already stays over', async () => {
      const store = await openWithSharedChat();
      await correctClock(store, 6 * HOUR, T + DAY + HOUR + 6 * HOUR);
      expect(await chatOfStore(store)).toMatchObject({ lastSharedAt: T + 10 });
    });

    it('a backoff keeps its length, and so does a lease', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'failed' })], T);
      await store.updateChat('failed', (chat) => ({ ...chat, retryAt: T + HOUR, retryReason: 'backoff' }), T);
      const { attemptId } = await claimOne(store, T);
      await correctClock(store, DAY, T + 10 + DAY);
      expect(await chatOfStore(store, 'failed')).toMatchObject({
        state: 'retrying',
        retryAt: T + HOUR + DAY,
      });
      expect(await chatOfStore(store)).toMatchObject({ lease: { attemptId, until: T + LEASE_MS + DAY } });
    });

    it('a pause keeps its length', async () => {
      const store = await bench.open();
      await store.putHold(holdOf({ reason: 'rate_limited', until: T + HOUR }));
      await correctClock(store, DAY, T + DAY);
      expect(await store.holds()).toMatchObject([{ until: T + HOUR + DAY }]);
    });
  });

  describe('a correction that hasn’t come to a chat yet', () => {
    /** Two shared chats; the correction has come to neither. */
    const openAmid = async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'other' })], T);
      for (const one of await claim(store, T))
        await settle(store, { claim: one, endedAt: T + 10, result: verdictOf() });
      await store.shiftClock(HOUR, T + MINUTE + HOUR);
      expect((await store.agenda(T)).isShifting).toBe(true);
      return store;
    };
    const goThrough = async (store: Store, now: number) => {
      while ((await store.agenda(T)).isShifting) await store.redecide('settings', 1, now);
    };

    it('is told of it all the same, and is shifted once by whatever comes first', async () => {
      const store = await openAmid();
      const now = T + 2 * MINUTE + HOUR;
      const shared = { lastSharedAt: T + 10 + HOUR, lastShareStartedAt: T + HOUR };
      expect(await chatOfStore(store)).toMatchObject(shared);
      await store.record([outboundOf(now), outboundOf(now, { chatId: 'new' })], now);
      const heard = { ...shared, state: 'waiting', lastOutboundAt: now, nextAttemptAt: T + 10 + HOUR + DAY };
      expect(await chatOfStore(store)).toMatchObject(heard);
      const [fresh, ...none] = await claim(store, now);
      expect([fresh?.chat.chatId, none]).toEqual(['new', []]);
      await settle(store, { claim: definite(fresh), endedAt: now + 10, result: verdictOf() });
      const restarted = await bench.open();
      await goThrough(restarted, now);
      expect(await chatOfStore(restarted)).toMatchObject(heard);
      expect(await chatOfStore(restarted, 'other')).toMatchObject({ ...shared, lastOutboundAt: T });
      expect(await chatOfStore(restarted, 'new')).toMatchObject({ lastSharedAt: now + 10 });
    });

    it('may be shared by an operator meanwhile: lease and window are those of the right time', async () => {
      const store = await openAmid();
      const now = T + 2 * MINUTE + HOUR;
      const answer = definite(await store.claimManually('chat-1', now + LEASE_MS, now));
      if (!('claim' in answer)) throw new Error('refused');
      await store.redecide('settings', 1, now);
      expect(await chatOfStore(store)).toMatchObject({ lease: { until: now + LEASE_MS } });
      await settle(store, { claim: answer.claim, endedAt: now + 10, result: verdictOf() });
      await goThrough(store, now + 20);
      const shared = { lastSharedAt: now + 10, lastShareStartedAt: now, shareCount: 2 };
      expect(await chatOfStore(store)).toMatchObject({ ...shared, nextAttemptAt: now + 10 + DAY });
    });

    it('keeps an attempt that began before the correction, and its end', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const begun = await claimOne(store, T);
      await store.shiftClock(HOUR, T + MINUTE / 2 + HOUR);
      const endedAt = T + MINUTE + HOUR;
      expect(await settle(store, { claim: begun, endedAt, result: verdictOf() })).toMatchObject({
        isOurs: true,
      });
      await goThrough(store, endedAt);
      expect(await chatOfStore(store)).toMatchObject({ state: 'waiting', lastSharedAt: endedAt });
    });

    it('goes on from its place when settings change amid it', async () => {
      const store = await openAmid();
      const now = T + 2 * MINUTE + HOUR;
      await store.redecide('settings', 1, now);
      for (let batch = 0; batch < 3; batch++) await store.redecide('others', 1, now);
      expect((await store.agenda(T)).isShifting).toBe(false);
      for (const chatId of ['chat-1', 'other'])
        expect(await chatOfStore(store, chatId)).toMatchObject({ lastSharedAt: T + 10 + HOUR });
    });

    it('comes to it before the clock is corrected once more', async () => {
      const store = await openAmid();
      await expect(store.shiftClock(HOUR, T + 3 * HOUR)).rejects.toThrow('still under way');
      await goThrough(store, T + 2 * HOUR);
      await correctClock(store, HOUR, T + 3 * HOUR);
      expect(await chatOfStore(store)).toMatchObject({ lastSharedAt: T + 10 + 2 * HOUR });
    });
  });

  describe.each([-1, 0, 1])('when our time moved by %i ms, if at all', (byMs) => {
    it('what was done later than now counts as done now, and no backoff or pause is longer than any can be', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const later = T + 400 * DAY;
      const done = { lastSharedAt: later, lastShareStartedAt: later, operatorHeldAt: later };
      await store.updateChat('chat-1', (chat) => ({ ...chat, ...done, retryAt: later }), T);
      await store.putHold(holdOf({ reason: 'rate_limited', since: later, until: later }));
      const now = T + 5;
      await correctClock(store, byMs, now);
      const { retryAt, ...chat } = await chatOfStore(store);
      expect(chat).toMatchObject({ lastSharedAt: now, lastShareStartedAt: now, operatorHeldAt: now });
      expect(retryAt).toBeGreaterThanOrEqual(now + DAY);
      expect(retryAt).toBeLessThanOrEqual(now + DAY + 10 * MINUTE);
      expect(await store.holds()).toMatchObject([{ since: now, until: now + DAY }]);
    });
  });

  describe('chats that a clock ahead of time made idle or done', () => {
    it('are decided anew, in batches', async () => {
      const store = await bench.open({ maxSharesPerChat: 1 });
      await store.record([outboundOf(T, { chatId: 'idle' }), outboundOf(T, { chatId: 'done' })], T);
      await store.updateChat('done', (chat) => ({ ...chat, uncertainAt: T }), T);
      expect(await store.redecide('settings', 10, T)).toBe(true);
      await store.wakeChats(T + 8 * DAY, 10);
      const states = async () => (await allChats(store)).map(({ chatId, state }) => [chatId, state]);
      expect(await states()).toEqual([
        ['idle', 'idle'],
        ['done', 'done'],
      ]);
      const now = T + HOUR;
      await store.shiftClock(HOUR - 8 * DAY, now);
      expect(await store.redecide('settings', 1, now)).toBe(false);
      expect(await store.redecide('settings', 10, now)).toBe(true);
      expect(await states()).toEqual([
        ['idle', 'due'],
        ['done', 'due'],
      ]);
    });
  });

  describe('when the clock went back', () => {
    it('what was done later than now counts as done now', async () => {
      const store = await openWithSharedChat();
      const now = T - 30 * DAY;
      await store.turn(turnOf({ cards: [{ line: LINE, card: 'active', cardCheckedAt: T }] }), T);
      await correctClock(store, -30 * DAY, now);
      expect(await chatOfStore(store)).toMatchObject({
        state: 'waiting',
        lastSharedAt: now,
        nextAttemptAt: now + DAY,
        lastOutboundAt: T,
      });
      expect(await store.lines()).toMatchObject([{ cardCheckedAt: now }]);
      expect((await store.summary(now)).totals).toMatchObject({ succeeded: 1, lastSucceededAt: now });
    });

    it('a due chat is due still', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const now = T - DAY;
      await correctClock(store, -DAY, now);
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', nextAttemptAt: now });
    });

    it('a backoff and a pause that began and ended by the wrong time are over', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const result = verdictOf({ kind: 'transient', retryAfterMs: HOUR, mayHaveArrived: false }, 503);
      await settle(store, { claim: await claimOne(store, T), endedAt: T + 10, result });
      await store.putHold(holdOf({ reason: 'rate_limited', until: T + HOUR }));
      const now = T - 6 * HOUR;
      await correctClock(store, -8 * HOUR, now);
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', nextAttemptAt: now });
      expect(await store.holds()).toMatchObject([{ until: now }]);
    });

    it('a backoff and a pause that began before the clock was wrong are kept', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const result = verdictOf({ kind: 'transient', retryAfterMs: HOUR, mayHaveArrived: false }, 503);
      await settle(store, { claim: await claimOne(store, T), endedAt: T + 10, result });
      await store.putHold(holdOf({ reason: 'rate_limited', until: T + HOUR }));
      await correctClock(store, -8 * HOUR, T + MINUTE);
      const { state, retryAt } = await chatOfStore(store);
      expect(state).toBe('retrying');
      expect(retryAt).toBeGreaterThanOrEqual(T + HOUR);
      expect(await store.holds()).toMatchObject([{ until: T + HOUR }]);
    });

    it('no backoff and no pause is longer than any can be', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      await store.updateChat('chat-1', (chat) => ({ ...chat, retryAt: T + HOUR, retryReason: 'backoff' }), T);
      await store.putHold(holdOf({ reason: 'rate_limited', until: T + HOUR }));
      await store.putHold(holdOf({ reason: 'paused' }));
      const now = T - 30 * DAY;
      await correctClock(store, -30 * DAY, now);
      const { retryAt } = await chatOfStore(store);
      expect(retryAt).toBeGreaterThanOrEqual(now + DAY);
      expect(retryAt).toBeLessThanOrEqual(now + DAY + 10 * MINUTE);
      const untils = (await store.holds()).map(({ until, since }) => [until, since]);
      expect(untils).toEqual(
        expect.arrayContaining([
          [now + DAY, now],
          [null, now],
        ]),
      );
    });
  });
}
