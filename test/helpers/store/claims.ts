import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import { inboundOf, LINE, OTHER_LINE, outboundOf, T } from '../builders.ts';
import {
  chatOfStore,
  claim,
  claimOne,
  definite,
  LEASE_MS,
  type StoreBench,
  settle,
  verdictOf,
} from './use-store.ts';

const outbounds = (count: number, prefix: string, line = LINE) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `${prefix}${index}`, line }));

export function describeClaims(bench: StoreBench): void {
  describe('claiming', () => {
    it('leases a due chat and puts the open attempt on record', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T + 5);
      const { attemptId, ...claimed } = await claimOne(store, T + 9);
      const attempt = { trigger: 'became_eligible', startedAt: T + 9 };
      expect(claimed).toMatchObject({ ...attempt, dueAt: T + 5 });
      expect(await store.chat('chat-1')).toEqual(claimed.chat);
      expect(claimed.chat).toMatchObject({
        lease: { attemptId, ...attempt, until: T + 9 + LEASE_MS, mayHaveCalled: true },
        state: 'due',
        nextAttemptAt: T + 5,
      });
      expect(await store.counts(T + 9)).toEqual([
        { line: LINE, state: 'sharing', reason: 'became_eligible', count: 1 },
      ]);
      expect(await store.attempts('chat-1', 10)).toEqual([
        {
          attemptId,
          chatId: 'chat-1',
          trigger: 'became_eligible',
          startedAt: T + 9,
          endedAt: null,
          outcome: null,
          httpStatus: null,
          linqCode: null,
          traceId: null,
        },
      ]);
    });

    it('takes the chats that have been due the longest first', async () => {
      const store = await bench.open();
      for (const [chatId, dueAt] of [
        ['late', 9],
        ['first', 1],
        ['second', 5],
      ] as const) {
        await store.record([outboundOf(T, { chatId })], T + dueAt);
      }
      const claims = await claim(store, T + 20, { total: 2 });
      expect(claims.map(({ chat }) => chat.chatId)).toEqual(['first', 'second']);
    });

    it('takes for a probe the chat that failed least, and at wish none that has failed or was due before', async () => {
      const store = await bench.open();
      for (const [index, chatId] of ['failed', 'old', 'new'].entries())
        await store.record([outboundOf(T, { chatId })], T + index);
      await store.updateChat('failed', (chat) => ({ ...chat, failures: 1 }), T + 3);
      const of = async (probe: object) => {
        const request = { lines: [{ line: LINE, limit: 1, isProbe: true }], total: 1, probe };
        const [taken] = await claim(store, T + 5, request);
        if (taken === undefined) return null;
        await settle(store, { claim: taken, endedAt: T + 5, result: { kind: 'withdrawn' } });
        return taken.chat.chatId;
      };
      expect(await of({})).toBe('old');
      expect(await of({ isNewestFirst: true })).toBe('new');
      expect(await of({ untriedSince: T + 1 })).toBe('new');
      expect(await of({ untriedSince: T + 2 })).toBeNull();
      expect(await store.nextDueAfter(T + 1)).toBe(T + 2);
      expect(await store.nextDueAfter(T + 2)).toBeNull();
    });

    it('does not take a chat before its time, nor one of another line', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T, { chatId: 'other', line: OTHER_LINE })], T + 5);
      expect(await claim(store, T + 4)).toEqual([]);
      expect((await claim(store, T + 5)).map(({ chat }) => chat.chatId)).toEqual(['chat-1']);
    });

    it('takes no more of a line than its limit and no more in all than the total', async () => {
      const store = await bench.open();
      await store.record([...outbounds(9, 'a'), ...outbounds(9, 'b', OTHER_LINE)], T);
      const lines = [
        { line: LINE, limit: 2 },
        { line: OTHER_LINE, limit: 9 },
      ];
      const claims = await claim(store, T, { lines, total: 6 });
      expect(claims.filter(({ chat }) => chat.line === LINE)).toHaveLength(2);
      expect(claims).toHaveLength(6);
    });

    it('serves every line before it gives what is left to the first ones', async () => {
      const store = await bench.open();
      await store.record([...outbounds(20, 'a'), ...outbounds(20, 'b', OTHER_LINE)], T);
      const lines = [LINE, OTHER_LINE].map((line) => ({ line, limit: 16 }));
      const claims = await claim(store, T, { lines, total: 5 });
      expect(claims.map(({ chat }) => chat.line).sort()).toEqual([LINE, LINE, LINE, OTHER_LINE, OTHER_LINE]);
    });

    it('has a queue for the chats whose line is unknown', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T, { line: null })], T);
      expect(await claim(store, T)).toEqual([]);
      expect(await claim(store, T, { lines: [{ line: null, limit: 1 }] })).toHaveLength(1);
    });

    it('finds nothing in the queue of a line that it never heard of', async () => {
      const store = await bench.open();
      expect(await claim(store, T, { lines: [{ line: '+12025550199', limit: 1 }] })).toEqual([]);
    });

    it('never hands out a chat twice while its lease lasts', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      await claimOne(store, T);
      expect(await claim(store, T + LEASE_MS - 1)).toEqual([]);
    });

    it('takes a chat again when its lease has run out, and records the lost attempt as interrupted', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const lost = await claimOne(store, T);
      const again = await claimOne(store, T + LEASE_MS);
      expect(again.chat).toMatchObject({ interruptions: 1, uncertainAt: T });
      expect(await store.attempts('chat-1', 10)).toMatchObject([
        { attemptId: again.attemptId, outcome: null },
        { attemptId: lost.attemptId, outcome: 'interrupted', endedAt: T + LEASE_MS },
      ]);
      expect((await store.summary(T + LEASE_MS)).totals).toMatchObject({
        last24h: { succeeded: 0, failed: 1 },
      });
    });

    it('knows of an attempt whose lease ran out before its call that it reached nobody', async () => {
      const pretending = await bench.open({ dryRun: true });
      await pretending.record([outboundOf(T)], T);
      await claimOne(pretending, T);
      const store = await bench.open();
      const { chat } = await claimOne(store, T + LEASE_MS);
      expect(chat).toMatchObject({ interruptions: 1, uncertainAt: null });
    });

    it('decides a queued chat again: one that is not due any more is not taken and leaves the queue', async () => {
      const eager = await bench.open();
      await eager.record([outboundOf(T)], T);
      const store = await bench.open({ requireInbound: true });
      expect(await claim(store, T)).toEqual([]);
      expect(await chatOfStore(store)).toMatchObject({
        state: 'held',
        reason: 'awaiting_inbound',
        nextAttemptAt: null,
        lease: null,
      });
      expect(await store.attempts('chat-1', 10)).toEqual([]);
      expect(await store.counts(T)).toEqual([
        { line: LINE, state: 'held', reason: 'awaiting_inbound', count: 1 },
      ]);
    });

    it('has the next chat of the line take its place, at the pace of the line', async () => {
      const eager = await bench.open();
      await eager.record([outboundOf(T, { chatId: 'unanswered' })], T);
      await eager.record([outboundOf(T), inboundOf(T)], T + 1);
      const store = await bench.open({ requireInbound: true });
      const claims = await claim(store, T + 1, { lines: [{ line: LINE, limit: 1 }], ratePerLine: 2 });
      expect(claims).toMatchObject([{ chat: { chatId: 'chat-1' } }]);
    });

    it('takes an untried chat in place of failed ones that may not be taken now, at the pace of the line', async () => {
      const store = await bench.open();
      await store.record(outbounds(3, 'failed'), T);
      const result = verdictOf({ kind: 'transient', retryAfterMs: null, mayHaveArrived: false }, 500);
      for (const one of await claim(store, T)) await settle(store, { claim: one, endedAt: T + 10, result });
      const now = T + MINUTE;
      await store.record(outbounds(2, 'untried'), now);
      const request = { lines: [{ line: LINE, limit: 1 }], tried: 0, ratePerLine: 2 };
      const take = async (at: number) =>
        (await claim(store, at, request)).map(({ chat: { chatId, failures } }) => [chatId, failures]);
      expect(await take(now)).toEqual([['untried0', 0]]);
      expect(await take(now + SECOND)).toEqual([['untried1', 0]]);
      expect(await take(now + 2 * SECOND)).toEqual([]);
    });

    it('says why it is time: the window has lapsed', async () => {
      const store = await bench.open({ windowMs: SECOND });
      await store.record([outboundOf(T)], T);
      await settle(store, { claim: await claimOne(store, T), endedAt: T + 10, result: verdictOf() });
      expect(await claim(store, T + 10 + SECOND - 1)).toEqual([]);
      const second = await claimOne(store, T + 10 + SECOND);
      expect(second).toMatchObject({ trigger: 'window_lapsed', dueAt: T + 10 + SECOND });
    });
  });

  describe('an operator’s claim', () => {
    it('takes a chat inside its window', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      await settle(store, { claim: await claimOne(store, T), endedAt: T + 10, result: verdictOf() });
      const answer = definite(await store.claimManually('chat-1', T + LEASE_MS, T + 20));
      expect(answer).toMatchObject({ claim: { trigger: 'manual', startedAt: T + 20, dueAt: T + 20 } });
      expect(await store.attempts('chat-1', 1)).toMatchObject([{ trigger: 'manual', endedAt: null }]);
    });

    it('is refused by the rules that bind operators too', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T, { service: 'SMS' })], T);
      const answer = await store.claimManually('chat-1', T + LEASE_MS, T);
      expect(answer).toEqual({ refused: { state: 'held', reason: 'not_imessage' } });
      expect(await store.attempts('chat-1', 1)).toEqual([]);
    });

    it('is refused while an attempt is under way', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const { chat } = await claimOne(store, T);
      const answer = await store.claimManually('chat-1', T + LEASE_MS, T + 1);
      expect(answer).toEqual({ refused: { state: 'sharing', reason: 'became_eligible' } });
      expect(await store.chat('chat-1')).toEqual(chat);
    });

    it('finds no chat that nobody told of', async () => {
      const store = await bench.open();
      expect(await store.claimManually('nobody', T + LEASE_MS, T)).toBeNull();
    });
  });
}
