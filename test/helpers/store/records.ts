import { describe, expect, it } from 'vitest';
import { HOUR } from '../../../src/decide/time.ts';
import { eventOf, inboundOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../builders.ts';
import { chatOfStore, claimOne, type StoreBench } from './use-store.ts';

export function describeRecords(bench: StoreBench): void {
  describe('recording', () => {
    it('keeps what an event tells of a chat and decides the chat at once', async () => {
      const store = await bench.open();
      expect(await store.record([outboundOf(T)], T + 5)).toEqual([{ kind: 'stored' }]);
      expect(await store.chat('chat-1')).toMatchObject({
        chatId: 'chat-1',
        line: LINE,
        lineAt: T,
        service: 'iMessage',
        isGroup: false,
        firstOutboundAt: T,
        lastOutboundAt: T,
        state: 'due',
        reason: 'became_eligible',
        nextAttemptAt: T + 5,
      });
    });

    it('keeps what it was told over a restart', async () => {
      const before = await bench.open();
      await before.record([outboundOf(T), inboundOf(T + 1), lineEventOf({ status: 'FLAGGED' })], T + 5);
      const chat = await before.chat('chat-1');
      const after = await bench.open();
      expect(await after.chat('chat-1')).toEqual(chat);
      expect(await after.lines()).toMatchObject([{ line: LINE, status: 'FLAGGED' }]);
    });

    it('merges all events of a group, several of one chat included', async () => {
      const store = await bench.open();
      const group = [
        outboundOf(T + 2),
        outboundOf(T),
        outboundOf(T + 9, { chatId: 'chat-2' }),
        inboundOf(T + 3),
      ];
      expect(await store.record(group, T + 10)).toHaveLength(4);
      expect(await chatOfStore(store)).toMatchObject({
        firstOutboundAt: T,
        lastOutboundAt: T + 2,
        lastInboundAt: T + 3,
      });
      expect(await chatOfStore(store, 'chat-2')).toMatchObject({ firstOutboundAt: T + 9 });
    });

    it('changes nothing when an event comes again', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const chat = await store.chat('chat-1');
      expect(await store.record([outboundOf(T), outboundOf(T)], T + HOUR)).toHaveLength(2);
      expect(await store.chat('chat-1')).toEqual(chat);
    });

    it('keeps a fact at its own time beside a later message that does not state it', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), outboundOf(T + 7, { line: null, isGroup: null })], T + 9);
      expect(await chatOfStore(store)).toMatchObject({
        lineAt: T,
        isGroupAt: T,
        serviceAt: T + 7,
        lastOutboundAt: T + 7,
      });
    });

    it.each([
      ['an instant before 1970', outboundOf(-1, { chatId: 'bad' })],
      ['an instant that no date can hold', outboundOf(9e15, { chatId: 'bad' })],
      ['half a millisecond', outboundOf(T + 0.5, { chatId: 'bad' })],
      ['an endless chat id', outboundOf(T, { chatId: 'x'.repeat(1_000) })],
      ['an endless line', outboundOf(T, { chatId: 'bad', line: '1'.repeat(1_000) })],
      ['an endless status of a line', lineEventOf({ status: 'X'.repeat(1_000) })],
    ])('%s is refused alone, the rest of its group is kept', async (_, bad) => {
      const store = await bench.open();
      const group = [outboundOf(T, { chatId: 'a' }), bad, outboundOf(T, { chatId: 'b' }), outboundOf(T + 1)];
      const [first, refused, ...others] = await store.record(group, T + 2);
      expect(first).toEqual({ kind: 'stored' });
      expect(refused).toMatchObject({ kind: 'unstorable', cause: expect.stringMatching(/\w/) });
      expect(others).toEqual([{ kind: 'stored' }, { kind: 'stored' }]);
      expect(await chatOfStore(store, 'a')).toMatchObject({ state: 'due' });
      expect(await chatOfStore(store, 'b')).toMatchObject({ state: 'due' });
      expect(await store.counts(T)).toEqual([
        { line: LINE, state: 'due', reason: 'became_eligible', count: 3 },
      ]);
    });

    it('keeps nothing of an event that is refused, not even its line', async () => {
      const store = await bench.open();
      const bad = outboundOf(T, { chatId: 'x'.repeat(1_000), line: OTHER_LINE });
      await store.record([outboundOf(T), bad], T);
      expect(await store.lines()).toMatchObject([{ line: LINE }]);
      expect(await store.counts(T)).toHaveLength(1);
    });

    it('knows a line as soon as a chat names it, and nothing of its card', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T, { line: OTHER_LINE })], T);
      expect(await store.lines()).toMatchObject([{ line: OTHER_LINE, card: 'unknown', status: null }]);
    });

    it('merges what is told of a line, the latest last, whatever the order', async () => {
      const store = await bench.open();
      await store.record([lineEventOf({ at: T + 9, status: 'FLAGGED' })], T + 10);
      await store.record([lineEventOf({ at: T, status: 'ACTIVE', reputation: 'CRITICAL' })], T + 10);
      expect(await store.lines()).toMatchObject([
        { line: LINE, status: 'FLAGGED', statusAt: T + 9, reputation: 'CRITICAL', reputationAt: T },
      ]);
    });

    it('knows a chat that an event names without telling of an outbound message', async () => {
      const store = await bench.open();
      await store.record([eventOf({ chatId: 'quiet' })], T);
      expect(await chatOfStore(store, 'quiet')).toMatchObject({ state: 'held', reason: 'no_outbound' });
    });

    const removed = (handle: string, at: number, chatId = 'chat-1') =>
      eventOf({ chatId, member: { handle, leftAt: at, joinedAt: null } });

    it('knows that it is us who left by the line of the chat, also within one group', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T), removed(LINE, T + 1)], T + 2);
      expect(await chatOfStore(store)).toMatchObject({
        state: 'retired',
        reason: 'chat_left',
        leftAt: T + 1,
      });
      await store.record([eventOf({ member: { handle: LINE, leftAt: null, joinedAt: T + 3 } })], T + 4);
      expect(await chatOfStore(store)).toMatchObject({ state: 'due', joinedAt: T + 3 });
    });

    it('knows any line of ours, before the chat itself is known', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T, { chatId: 'another' })], T);
      await store.record([removed(LINE, T + 1)], T + 1);
      await store.record([outboundOf(T)], T + 2);
      expect(await chatOfStore(store)).toMatchObject({ state: 'retired', reason: 'chat_left' });
    });

    it('keeps nothing of anyone else who left, and makes no chat of it', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const before = await chatOfStore(store);
      const person = '+12025550142';
      expect(await store.record([removed(person, T + 1), removed(person, T, 'new')], T + 1)).toEqual([
        { kind: 'stored' },
        { kind: 'stored' },
      ]);
      expect(await chatOfStore(store)).toEqual(before);
      expect(await store.chat('new')).toBeNull();
    });

    it('has nothing to keep of a card that changed', async () => {
      const store = await bench.open();
      expect(await store.record([{ kind: 'card', changedAt: null, line: LINE }], T)).toEqual([
        { kind: 'stored' },
      ]);
      expect(await store.lines()).toEqual([]);
    });

    it('leaves the lease of a chat whose attempt is under way', async () => {
      const store = await bench.open();
      await store.record([outboundOf(T)], T);
      const { chat } = await claimOne(store, T + 1);
      await store.record([outboundOf(T + 2), inboundOf(T + 3)], T + 4);
      expect(await chatOfStore(store)).toEqual({
        ...chat,
        lineAt: T + 2,
        serviceAt: T + 2,
        isGroupAt: T + 2,
        lastOutboundAt: T + 2,
        lastInboundAt: T + 3,
        optedInAt: T + 3,
      });
    });
  });
}
