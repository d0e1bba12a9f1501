import { describe, expect, it } from 'vitest';
import { DAY, MINUTE } from '../../../src/decide/time.ts';
import { MAX_SORTED } from '../../../src/store/plan/chat-lists.ts';
import type { ChatFilter, ChatOrder, ChatPage, Store } from '../../../src/store/store.ts';
import { inboundOf, LINE, OTHER_LINE, outboundOf, T } from '../builders.ts';
import {
  ANY,
  allChats,
  claim,
  claimOne,
  correctClock,
  type StoreBench,
  settle,
  verdictOf,
} from './use-store.ts';

export function describeReads(bench: StoreBench): void {
  const openWithChats = async () => {
    const store = await bench.open();
    await store.record(
      [
        outboundOf(T, { chatId: 'due' }),
        outboundOf(T, { chatId: 'sms', service: 'SMS' }),
        outboundOf(T, { chatId: 'other', line: OTHER_LINE }),
        outboundOf(T, { chatId: 'lineless', line: null }),
        inboundOf(T, { chatId: 'quiet' }),
      ],
      T,
    );
    return store;
  };
  const ids = async (store: Store, ...filters: Parameters<Store['chats']>[0]) =>
    (await allChats(store, filters, 2)).map(({ chatId }) => chatId).sort();

  describe('reading', () => {
    it.each([
      ['nothing without a filter', [], []],
      ['every chat with an empty one', [ANY], ['due', 'lineless', 'other', 'quiet', 'sms']],
      ['by state', [{ ...ANY, states: ['held'] as const }], ['quiet', 'sms']],
      ['by reason', [{ ...ANY, reasons: ['no_outbound'] as const }], ['quiet']],
      ['by line', [{ ...ANY, lines: [LINE] }], ['due', 'sms']],
      ['without a line', [{ ...ANY, lines: [null] }], ['lineless', 'quiet']],
      ['except lines', [{ ...ANY, notLines: [LINE, null] }], ['other']],
      ['all that is asked', [{ ...ANY, states: ['due'] as const, notLines: [LINE] }], ['lineless', 'other']],
      [
        'any of several',
        [
          { ...ANY, lines: [OTHER_LINE] },
          { ...ANY, reasons: ['no_outbound'] as const },
        ],
        ['other', 'quiet'],
      ],
    ])('lists chats: %s', async (_, filters, expected) => {
      expect(await ids(await openWithChats(), ...filters)).toEqual(expected);
    });

    it('goes on after a full page of chats that are alike', async () => {
      const store = await bench.open();
      await store.record(
        Array.from({ length: 5 }, (_, i) => outboundOf(T, { chatId: `c${i}` })),
        T,
      );
      const first = await store.chats([ANY], 2, null, T);
      const second = await store.chats([ANY], 3, first.nextCursor, T);
      expect([...first.chats, ...second.chats].map(({ chatId }) => chatId)).toEqual([
        'c0',
        'c1',
        'c2',
        'c3',
        'c4',
      ]);
      expect(first.nextCursor).not.toBeNull();
      expect(second.nextCursor).toBeNull();
    });

    it('lists chats page by page, each chat once, in the same order whatever the pages’ size', async () => {
      const store = await bench.open();
      await store.record(
        Array.from({ length: 23 }, (_, i) =>
          outboundOf(T, { chatId: `c${i}`, line: i % 2 ? LINE : OTHER_LINE }),
        ),
        T,
      );
      const whole = await allChats(store, [ANY], 200);
      expect(whole).toHaveLength(23);
      for (const limit of [1, 7, 22, 23]) expect(await allChats(store, [ANY], limit)).toEqual(whole);
    });

    it('pages past chats whose attempt is in progress, each chat once', async () => {
      const store = await bench.open();
      const all = ['c0', 'c1', 'c2', 'c3', 'c4'];
      await store.record(
        all.map((chatId) => outboundOf(T, { chatId })),
        T,
      );
      const busy = (await claim(store, T, { total: 2 })).map(({ chat }) => chat.chatId);
      const pages = async (filter: ChatFilter) => {
        const found: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await store.chats([filter], 1, cursor, T);
          found.push(...page.chats.map(({ chatId }) => chatId));
          cursor = page.nextCursor;
        } while (cursor !== null && found.length < 10);
        return found;
      };
      expect(await pages(ANY)).toEqual(all);
      expect(await pages({ ...ANY, states: ['sharing'] })).toEqual(busy.sort());
      expect(await pages({ ...ANY, states: ['due'] })).toEqual(
        all.filter((chatId) => !busy.includes(chatId)),
      );
    });

    it.each([
      ['first_seen', ['newest', 'middle', 'oldest', 'silent']],
      ['last_message', ['silent', 'oldest', 'middle', 'newest']],
      ['last_share', ['newest', 'oldest']],
      ['next_attempt', ['middle', 'newest', 'oldest']],
    ] as const)('lists by %s, either way, page by page, and leads back', async (by, expected) => {
      const store = await bench.open();
      const events = [
        outboundOf(T + 30, { chatId: 'newest' }),
        outboundOf(T + 20, { chatId: 'middle', line: OTHER_LINE }),
        outboundOf(T + 10, { chatId: 'oldest' }),
        inboundOf(T, { chatId: 'silent' }),
      ];
      await store.record(events, T + 30);
      const shareIn = async (chatId: string, at: number) => {
        const manual = await store.claimManually(chatId, at + MINUTE, at);
        if (manual === null || 'refused' in manual) throw new Error(`${chatId} was not claimed`);
        await settle(store, { claim: manual.claim, endedAt: at, result: verdictOf() });
      };
      await shareIn('newest', T + 40);
      await shareIn('oldest', T + 50);
      const list = async (order: ChatOrder, cursor: string | null = null) =>
        store.chats([ANY], 2, cursor, T + 60, order);
      const idsOf = ({ chats }: ChatPage) => chats.map(({ chatId }) => chatId);
      for (const isDescending of [false, true]) {
        const inOrder = isDescending ? [...expected].reverse() : expected;
        const first = await list({ by, isDescending });
        const rest = first.nextCursor === null ? null : await list({ by, isDescending }, first.nextCursor);
        expect([...idsOf(first), ...(rest === null ? [] : idsOf(rest))]).toEqual(inOrder);
        if (rest === null) continue;
        const back = await list({ by, isDescending: !isDescending }, rest.firstCursor);
        expect(idsOf(back).reverse()).toEqual(idsOf(first));
        expect([rest.nextCursor, back.nextCursor]).toEqual([null, null]);
      }
    });

    it('lists by the next attempt from the front of the queues when there are too many to sort', async () => {
      const store = await bench.open();
      const all = Array.from({ length: MAX_SORTED + 1 }, (_, i) =>
        outboundOf(T, { chatId: `c${i}`, line: i % 2 ? LINE : OTHER_LINE }),
      );
      await store.record([...all, inboundOf(T, { chatId: 'unscheduled' })], T);
      await store.updateChat('c9', (chat) => ({ ...chat, operatorHeldAt: T }), T);
      const [busy] = await claim(store, T, { total: 1 });
      const list = async (filter: ChatFilter, cursor: string | null, isDescending: boolean) =>
        store.chats([filter], 2_000, cursor, T, { by: 'next_attempt', isDescending });
      for (const isDescending of [false, true]) {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page: ChatPage = await list({ ...ANY, states: ['due'] }, cursor, isDescending);
          seen.push(...page.chats.map(({ chatId }) => chatId));
          cursor = page.nextCursor;
        } while (cursor !== null);
        const due = all.map(({ chatId }) => chatId).filter((id) => id !== 'c9' && id !== busy?.chat.chatId);
        expect(seen).toEqual(isDescending ? due.reverse() : due);
      }
    });

    it('refuses a cursor that is none of its own', async () => {
      const store = await bench.open();
      const byShare = { by: 'last_share', isDescending: true } as const;
      for (const [cursor, order] of [
        ['elsewhere'],
        ['s1.7'],
        ['7', byShare],
        ['1.7', byShare],
        ['m1.7', byShare],
        ['s1.', byShare],
      ] as const) {
        await expect(store.chats([ANY], 10, cursor, T, order)).rejects.toMatchObject({
          code: 'REACTOR_STORE',
        });
      }
    });

    it('counts chats by line, state and reason, and lists no empty group', async () => {
      const store = await openWithChats();
      await store.updateChat('due', (chat) => ({ ...chat, operatorHeldAt: T }), T);
      const counts = await store.counts(T);
      expect(counts).toHaveLength(5);
      expect(counts).toContainEqual({ line: LINE, state: 'held', reason: 'operator', count: 1 });
      expect(counts).toContainEqual({ line: null, state: 'due', reason: 'became_eligible', count: 1 });
    });

    it('tells the attempts of a chat, newest first', async () => {
      const store = await bench.open({ windowMs: MINUTE });
      await store.record([outboundOf(T)], T);
      for (const at of [T, T + MINUTE, T + 2 * MINUTE]) {
        await settle(store, { claim: await claimOne(store, at), endedAt: at, result: verdictOf() });
      }
      const starts = async (limit: number) =>
        (await store.attempts('chat-1', limit)).map(({ startedAt }) => startedAt - T);
      expect(await starts(10)).toEqual([2 * MINUTE, MINUTE, 0]);
      expect(await starts(2)).toEqual([2 * MINUTE, MINUTE]);
      expect(await store.attempts('nobody', 10)).toEqual([]);
    });

    it('sums up shares of all times and of the last 24 h, to the minute', async () => {
      const store = await bench.open({ windowMs: MINUTE });
      expect((await store.summary(T)).totals).toEqual({
        succeeded: 0,
        lastSucceededAt: null,
        last24h: { succeeded: 0, failed: 0 },
      });
      await store.record([outboundOf(T)], T);
      await settle(store, { claim: await claimOne(store, T), endedAt: T, result: verdictOf() });
      const rejected = verdictOf({ kind: 'rejected' }, 400);
      const later = T + MINUTE;
      await settle(store, { claim: await claimOne(store, later), endedAt: later, result: rejected });
      const totals = { succeeded: 1, lastSucceededAt: T };
      expect((await store.summary(later)).totals).toEqual({
        ...totals,
        last24h: { succeeded: 1, failed: 1 },
      });
      expect((await store.summary(T + DAY + MINUTE - 1)).totals).toMatchObject({ last24h: { failed: 1 } });
      expect((await store.summary(later + DAY + MINUTE)).totals).toEqual({
        ...totals,
        last24h: { succeeded: 0, failed: 0 },
      });
    });

    it('returns the heartbeat before, over a restart', async () => {
      const before = await bench.open();
      expect(await before.heartbeat(T)).toBeNull();
      const after = await bench.open();
      expect(await after.heartbeat(T + 5)).toBe(T);
      expect(await after.heartbeat(T + 9)).toBe(T + 5);
    });

    it('keeps a heartbeat of the future until the clock is corrected', async () => {
      const store = await bench.open();
      await store.heartbeat(T + DAY);
      expect(await store.heartbeat(T)).toBe(T + DAY);
      expect(await store.heartbeat(T + 5)).toBe(T + DAY);
      await correctClock(store, 0, T + 6);
      expect(await store.heartbeat(T + 9)).toBe(T + 6);
      expect(await store.heartbeat(T + 10)).toBe(T + 9);
    });

    it('probes by writing, again and again', async () => {
      const store = await bench.open();
      await expect(store.probe(T)).resolves.toBeUndefined();
      await expect(store.probe(T)).resolves.toBeUndefined();
    });

    it('has a size and a schema', async () => {
      const store = await bench.open();
      expect((await store.summary(T)).sizeBytes).toBeGreaterThan(0);
      expect(store.schemaVersion).toBeGreaterThan(0);
    });
  });
}
