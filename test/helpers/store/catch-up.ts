import { describe, expect, it } from 'vitest';
import {
  beginRun,
  type CatchUpState,
  completeRun,
  NO_CATCH_UP,
  UNREAD,
  wishFor,
} from '../../../src/decide/catch-up.ts';
import { HOUR, MINUTE } from '../../../src/decide/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { eventOf, inboundOf, outboundOf, T } from '../builders.ts';
import { chatOfStore, correctClock, type StoreBench } from './use-store.ts';

const same = (state: CatchUpState) => state;
const read = (chatId: string, ...events: ReturnType<typeof eventOf>[]) => ({
  chatId,
  events,
  readAt: T,
  isWhole: true,
  change: same,
});
const MANY = 2_500;

async function readAllActive(store: Store, since: number) {
  const found: (readonly [string, boolean | null])[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const { chats, scannedTo } = await store.activeChats(after, since);
    found.push(...chats.map(({ chatId, isGroup }) => [chatId, isGroup] as const));
    after = scannedTo;
  }
  return found;
}

export function describeCatchUp(bench: StoreBench): void {
  describe('how far we have caught up', () => {
    it('is nowhere at first, and is kept across a restart', async () => {
      let store = await bench.open();
      expect(await store.catchUp()).toEqual(NO_CATCH_UP);
      const begun = await store.changeCatchUp((state) => beginRun(wishFor(state, 'manual', T), HOUR, T));
      expect(begun.run).toMatchObject({ reason: 'manual', startedAt: T, since: T - HOUR });
      store = await bench.open();
      expect(await store.catchUp()).toEqual(begun);
    });

    it('is kept together with what was read of a chat: facts like those of an event, and that it was read', async () => {
      let store = await bench.open();
      const facts = [
        outboundOf(T - 5),
        inboundOf(T - 9),
        eventOf({ health: { status: 'HEALTHY', at: T - 7 } }),
      ];
      const answer = await store.recordRead(
        { ...read('chat-1', ...facts), change: (state, isNew) => ({ ...state, sweptAt: isNew ? 1 : 2 }) },
        T,
      );
      expect(answer).toMatchObject({ unstorable: 0, isNew: true, state: { sweptAt: 1 } });
      store = await bench.open();
      const chat = await chatOfStore(store);
      expect(chat).toMatchObject({
        firstOutboundAt: T - 5,
        lastInboundAt: T - 9,
        health: 'HEALTHY',
        state: 'due',
      });
      expect(await store.catchUpReads(['chat-2', 'chat-1'])).toEqual(new Map([['chat-1', T]]));
      expect((await store.catchUp()).sweptAt).toBe(1);
      const again = await store.recordRead(read('chat-1', ...facts), T + 1);
      expect(again.isNew).toBe(false);
      expect(await chatOfStore(store)).toEqual(chat);
    });

    it('goes on beside what the store refuses, and beside chats of which nothing was told', async () => {
      const store = await bench.open();
      const refused = outboundOf(T, { line: 'x'.repeat(65) });
      const answer = await store.recordRead(read('chat-1', refused, outboundOf(T - 5)), T);
      expect(answer).toMatchObject({ unstorable: 1, isNew: true });
      expect(await chatOfStore(store)).toMatchObject({ firstOutboundAt: T - 5, lastOutboundAt: T - 5 });
      expect(await store.recordRead(read('chat-2'), T)).toMatchObject({ isNew: false });
      expect(await store.chat('chat-2')).toBeNull();
      expect([...(await store.catchUpReads(['chat-1', 'chat-2'])).keys()]).toEqual(['chat-1', 'chat-2']);
    });

    it('forgets at the end of a run what it read, but not what the next one has to read', async () => {
      const store = await bench.open();
      await store.recordRead(read('chat-1'), T);
      await store.recordRead({ ...read('chat-2'), readAt: UNREAD }, T);
      await store.changeCatchUp((state) => completeRun(state, T), ['chat-3']);
      expect(await store.catchUpReads(['chat-1', 'chat-2', 'chat-3'])).toEqual(new Map([['chat-3', UNREAD]]));
    });

    it('leaves no note of a chat that was read for another reason', async () => {
      const store = await bench.open();
      await store.recordRead({ ...read('chat-1', outboundOf(T)), readAt: null }, T);
      expect(await store.catchUpReads(['chat-1'])).toEqual(new Map());
    });

    it('is not believed after the clock was corrected', async () => {
      const store = await bench.open();
      await store.heartbeat(T);
      await store.changeCatchUp((state) => completeRun(beginRun(state, HOUR, T), T + 1), []);
      await store.changeCatchUp((state) => beginRun(wishFor(state, 'stale', T + 2), HOUR, T + 2));
      await store.recordRead({ ...read('chat-1'), readAt: T + 3 }, T + 3);
      await store.recordRead({ ...read('chat-2'), readAt: UNREAD }, T + 3);
      await correctClock(store, -2 * HOUR, T - 2 * HOUR);
      expect(await store.catchUp()).toMatchObject({
        wanted: { reason: 'stale', at: T - 2 * HOUR },
        run: null,
        completed: null, // it began in what is the future now
      });
      expect(await store.catchUpReads(['chat-1', 'chat-2'])).toEqual(new Map([['chat-2', UNREAD]]));
    });
  });

  describe('a heartbeat', () => {
    it.each([
      ['none before', null, true],
      ['one just within what is tolerated', T - 5 * MINUTE, false],
      ['one a moment too long ago', T - 5 * MINUTE - 1, true],
      ['one of the future', T + 5 * MINUTE + 1, true],
    ])('wishes for a catch-up after %s', async (_what, before, isWanted) => {
      let store = await bench.open();
      if (before !== null) await store.heartbeat(before);
      expect(await store.heartbeat(T, 5 * MINUTE)).toBe(before);
      store = await bench.open(); // whatever becomes of the process now
      const wanted = isWanted ? { reason: 'away', at: T } : null;
      expect((await store.catchUp()).wanted).toEqual(wanted);
    });

    it('wishes for nothing when nobody asks for it', async () => {
      const store = await bench.open();
      await store.heartbeat(T);
      expect(await store.catchUp()).toEqual(NO_CATCH_UP);
    });
  });

  describe('active chats', () => {
    it('are those with a later outbound message, each once, however many others there are', async () => {
      const store = await bench.open();
      const events = Array.from({ length: MANY }, (_, n) =>
        outboundOf(n % 500 === 7 ? T : T - HOUR, {
          chatId: `chat-${n}`,
          isGroup: [null, true, false][n % 3] ?? null,
        }),
      );
      await store.record(events, T);
      const active = [7, 507, 1_007, 1_507, 2_007].map((n) => [`chat-${n}`, [null, true, false][n % 3]]);
      expect(await readAllActive(store, T - HOUR)).toEqual(active);
      expect(await readAllActive(store, T)).toEqual([]);
      expect(await readAllActive(store, 0)).toHaveLength(MANY);
    });
  });
}
