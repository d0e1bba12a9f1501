import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/decide/duration.ts';
import { holdOf, LINE, outboundOf, T } from '../builders.ts';
import {
  allChats,
  chatOfStore,
  claimOne,
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
      await store.shiftClock(6 * HOUR, T + HOUR + 6 * HOUR);
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
      await store.shiftClock(6 * HOUR, T + DAY + HOUR + 6 * HOUR);
      expect(await chatOfStore(store)).toMatchObject({ lastSharedAt: T + 10 });
    });

    it('a backoff keeps its length, and so does a lease', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'failed' })], T);
      await store.updateChat('failed', (chat) => ({ ...chat, retryAt: T + HOUR, retryReason: 'backoff' }), T);
      const { leaseId } = await claimOne(store, T);
      await store.shiftClock(DAY, T + 10 + DAY);
      expect(await chatOfStore(store, 'failed')).toMatchObject({
        state: 'retrying',
        retryAt: T + HOUR + DAY,
      });
      expect(await chatOfStore(store)).toMatchObject({
        state: 'sharing',
        leaseId,
        leaseUntil: T + LEASE_MS + DAY,
      });
    });

    it('a pause keeps its length', async () => {
      const store = await bench.open();
      await store.putHold(holdOf({ reason: 'rate_limited', until: T + HOUR }));
      await store.shiftClock(DAY, T + DAY);
      expect(await store.holds()).toMatchObject([{ until: T + HOUR + DAY }]);
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
      await store.shiftClock(byMs, now);
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
      await store.shiftClock(-30 * DAY, now);
      expect(await chatOfStore(store)).toMatchObject({
        state: 'waiting',
        lastSharedAt: now,
        nextAttemptAt: now + DAY,
        lastOutboundAt: T,
      });
      expect(await store.lines()).toMatchObject([{ cardCheckedAt: now }]);
      expect(await store.shareTotals(now)).toMatchObject({ succeeded: 1, lastSucceededAt: now });
    });

    it('a due chat is due still', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const now = T - DAY;
      await store.shiftClock(-DAY, now);
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', nextAttemptAt: now });
    });

    it('a backoff and a pause that began and ended by the wrong time are over', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const result = verdictOf({ kind: 'transient', retryAfterMs: HOUR, mayHaveArrived: false }, 503);
      await settle(store, { claim: await claimOne(store, T), endedAt: T + 10, result });
      await store.putHold(holdOf({ reason: 'rate_limited', until: T + HOUR }));
      const now = T - 6 * HOUR;
      await store.shiftClock(-8 * HOUR, now);
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', nextAttemptAt: now });
      expect(await store.holds()).toMatchObject([{ until: now }]);
    });

    it('a backoff and a pause that began before the clock was wrong are kept', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const result = verdictOf({ kind: 'transient', retryAfterMs: HOUR, mayHaveArrived: false }, 503);
      await settle(store, { claim: await claimOne(store, T), endedAt: T + 10, result });
      await store.putHold(holdOf({ reason: 'rate_limited', until: T + HOUR }));
      await store.shiftClock(-8 * HOUR, T + MINUTE);
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
      await store.shiftClock(-30 * DAY, now);
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
