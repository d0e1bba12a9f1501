import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { LINE, OTHER_LINE, outboundOf, T } from '../builders.ts';
import { claim, claimOne, correctClock, type StoreBench, settle, verdictOf } from './use-store.ts';

/** Midnight of a day in UTC. */
const MIDNIGHT = Math.ceil(T / DAY) * DAY;

export function describePageReads(bench: StoreBench): void {
  /** Attempts of one chat that ended at these instants, the last of them by a refusal. */
  const openWithEnds = async (...ends: readonly number[]) => {
    const store = await bench.open({ windowMs: 1, idleAfterMs: 0 });
    await store.record([outboundOf(T)], T);
    for (const [index, endedAt] of ends.entries()) {
      const verdict =
        index === ends.length - 1 ? ({ kind: 'rejected' } as const) : ({ kind: 'shared' } as const);
      await settle(store, { claim: await claimOne(store, endedAt), endedAt, result: verdictOf(verdict) });
    }
    return store;
  };
  const notEmpty = (figures: Awaited<ReturnType<Store['shareHistory']>>['hours']) =>
    figures.filter(({ succeeded, failed }) => succeeded + failed > 0);

  describe('the history of shares', () => {
    it('is empty at first, yet has every hour and day, the running ones last', async () => {
      const store = await bench.open();
      const { hours, days } = await store.shareHistory(MIDNIGHT + 90 * MINUTE);
      const expected = (count: number, last: number, span: number) =>
        Array.from({ length: count }, (_, index) => ({
          startAt: last - (count - 1 - index) * span,
          succeeded: 0,
          failed: 0,
        }));
      expect(hours).toEqual(expected(48, MIDNIGHT + HOUR, HOUR));
      expect(days).toEqual(expected(30, MIDNIGHT, DAY));
    });

    it('counts an attempt in the hour and the UTC day in which it ended, to the millisecond', async () => {
      const store = await openWithEnds(MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + HOUR - 1, MIDNIGHT + HOUR);
      const { hours, days } = await store.shareHistory(MIDNIGHT + HOUR);
      expect(notEmpty(hours)).toEqual([
        { startAt: MIDNIGHT - HOUR, succeeded: 1, failed: 0 },
        { startAt: MIDNIGHT, succeeded: 2, failed: 0 },
        { startAt: MIDNIGHT + HOUR, succeeded: 0, failed: 1 },
      ]);
      expect(notEmpty(days)).toEqual([
        { startAt: MIDNIGHT - DAY, succeeded: 1, failed: 0 },
        { startAt: MIDNIGHT, succeeded: 2, failed: 1 },
      ]);
    });

    it('forgets hours after 48 and days after 30, not before', async () => {
      const store = await openWithEnds(MIDNIGHT);
      const at = async (now: number) => {
        const { hours, days } = await store.shareHistory(now);
        return [notEmpty(hours).length, notEmpty(days).length];
      };
      expect(await at(MIDNIGHT + 48 * HOUR - 1)).toEqual([1, 1]);
      expect(await at(MIDNIGHT + 48 * HOUR)).toEqual([0, 1]);
      expect(await at(MIDNIGHT + 30 * DAY - 1)).toEqual([0, 1]);
      expect(await at(MIDNIGHT + 30 * DAY)).toEqual([0, 0]);
    });

    it('survives a restart and the end of the attempts it tells of', async () => {
      const store = await openWithEnds(MIDNIGHT, MIDNIGHT + 1);
      const before = await store.shareHistory(MIDNIGHT + HOUR);
      expect(await store.pruneAttempts(0, 10, MIDNIGHT + HOUR)).toBe(2);
      expect(await (await bench.open()).shareHistory(MIDNIGHT + HOUR)).toEqual(before);
    });

    it('counts what a clock that was ahead dated later than now as done now, once', async () => {
      const now = MIDNIGHT + HOUR;
      const store = await openWithEnds(now, now + HOUR, now + DAY);
      await correctClock(store, -DAY, now);
      const once = { succeeded: 2, failed: 1 };
      for (const at of [now, now + DAY]) {
        expect(notEmpty((await store.shareHistory(at)).days)).toEqual([{ startAt: MIDNIGHT, ...once }]);
      }
      expect((await store.summary(now)).totals).toMatchObject({ last24h: once });
      expect((await store.summary(now + 2 * DAY)).totals).toMatchObject({
        last24h: { succeeded: 0, failed: 0 },
      });
    });
  });

  describe('the recent attempts', () => {
    it('are those of all chats, newest first, with their line', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'other', line: OTHER_LINE })], T);
      await settle(store, { claim: await claimOne(store, T), endedAt: T + 5, result: verdictOf() });
      await claim(store, T + 6, { lines: [{ line: OTHER_LINE, limit: 1 }] });
      const newest = { chatId: 'other', line: OTHER_LINE, startedAt: T + 6, outcome: null };
      const oldest = { chatId: 'chat-1', line: LINE, endedAt: T + 5, outcome: 'shared', httpStatus: 200 };
      expect(await store.recentAttempts(10)).toMatchObject([newest, oldest]);
      expect(await store.recentAttempts(1)).toMatchObject([newest]);
      expect(await store.attempts('other', 1)).toEqual([
        (({ line: _, tries: __, ...attempt }) => attempt)(
          (await store.recentAttempts(1))[0] ?? { line: null, tries: 0 },
        ),
      ]);
    });

    it('count the tries since the last share, also of the attempt in progress', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'other', line: OTHER_LINE })], T);
      const failed = verdictOf({ kind: 'transient', mayHaveArrived: false, retryAfterMs: null }, 503);
      const results = [failed, failed, verdictOf(), failed];
      let now = T;
      for (const result of results) {
        await settle(store, { claim: await claimOne(store, now), endedAt: now + 5, result });
        now += 25 * HOUR;
      }
      await claimOne(store, now);
      const tries = (await store.recentAttempts(10)).map((attempt) => attempt.tries);
      expect(tries).toEqual([2, 1, 3, 2, 1]);
    });

    it('are none before the first', async () => {
      expect(await (await bench.open()).recentAttempts(10)).toEqual([]);
    });
  });

  describe('the chats that are due next', () => {
    const openWithQueues = async () => {
      const store = await bench.open();
      const at = (minutes: number, chatId: string, line: string | null) =>
        store.record([outboundOf(T, { chatId, line })], T + minutes * MINUTE);
      await at(0, 'a', LINE);
      await at(1, 'b', OTHER_LINE);
      await at(2, 'c', LINE);
      await at(3, 'd', null);
      await store.record([outboundOf(T, { chatId: 'sms', service: 'SMS' })], T);
      return store;
    };
    const ids = async (due: ReturnType<Store['nextDue']>) => (await due).map(({ chatId }) => chatId);

    it('come from all lines, earliest first, those that are never due left out', async () => {
      const store = await openWithQueues();
      const due = await store.nextDue(10, T + HOUR);
      const times = due.map(({ nextAttemptAt }) => nextAttemptAt ?? Number.NaN);
      expect(due.map(({ chatId }) => chatId).sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(times).toEqual(times.toSorted((x, y) => x - y));
      expect(await ids(store.nextDue(2, T + HOUR))).toEqual(due.slice(0, 2).map(({ chatId }) => chatId));
      expect(due[0]).toEqual(await store.chat('a'));
    });

    it('are not those of lines that are left out', async () => {
      const store = await openWithQueues();
      expect(await ids(store.nextDue(10, T + HOUR, [LINE, null]))).toEqual(['b']);
    });

    it('are not those that are being shared', async () => {
      const store = await openWithQueues();
      await claim(store, T + HOUR, { lines: [{ line: LINE, limit: 1 }] });
      expect((await ids(store.nextDue(10, T + HOUR))).sort()).toEqual(['b', 'c', 'd']);
    });

    it('include those whose window ends later, after those due now', async () => {
      const store = await openWithQueues();
      const [first] = await claim(store, T + HOUR, { lines: [{ line: LINE, limit: 1 }] });
      if (first === undefined) throw new Error('nothing was due');
      await settle(store, { claim: first, endedAt: T + HOUR, result: verdictOf() });
      expect((await ids(store.nextDue(10, T + HOUR))).at(-1)).toBe('a');
    });
  });

  describe('chats by the beginning of their id', () => {
    it('are found literally, in the order of their ids, as many as asked for', async () => {
      const store = await bench.open();
      const chatIds = ['a', 'ab', 'a%', 'a_', 'aB', 'a\u{10ffff}', 'b', 'ä'];
      await store.record(
        chatIds.map((chatId) => outboundOf(T, { chatId })),
        T,
      );
      const found = async (prefix: string, limit = 10) =>
        (await store.chatsByIdPrefix(prefix, limit)).map(({ chatId }) => chatId);
      expect(await found('a')).toEqual(['a', 'a%', 'aB', 'a_', 'ab', 'a\u{10ffff}']);
      expect(await found('a', 2)).toEqual(['a', 'a%']);
      expect(await found('a%')).toEqual(['a%']);
      expect(await found('a_')).toEqual(['a_']);
      expect(await found('ab')).toEqual(['ab']);
      expect(await found('a\u{10ffff}')).toEqual(['a\u{10ffff}']);
      expect(await found('abc')).toEqual([]);
      expect(await found('A')).toEqual([]);
      expect(await found('')).toHaveLength(chatIds.length);
      const fromTheSecond = await store.chatsByIdPrefix('a', 9, 'a%');
      expect(fromTheSecond.map(({ chatId }) => chatId)[0]).toBe('a%');
      expect(await store.chatsByIdPrefix('b', 1)).toEqual([await store.chat('b')]);
    });
  });
}
