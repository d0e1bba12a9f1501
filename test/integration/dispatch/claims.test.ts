import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import type { Store } from '../../../src/store/store.ts';
import { answerOf, LINE, OTHER_LINE, outboundOf, T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';
import { activeCards, later } from '../../helpers/fake-linq.ts';
import { startReactor } from '../../helpers/reactor.ts';

const chats = (line: string, count: number, at = T) =>
  Array.from({ length: count }, (_, index) => outboundOf(at, { chatId: `${line} ${index}`, line }));
const lineOf = (subject: string | null) => subject?.split(' ')[0];

describe('claiming', () => {
  it('never has more calls under way than the concurrency', async () => {
    const { deliver, linq, idle, dispatcher } = await startReactor({ concurrency: 4 });
    const waiting: ReturnType<typeof later<LinqAnswer>>[] = [];
    linq.script.share = () => {
      const answer = later<LinqAnswer>();
      waiting.push(answer);
      return answer.promise;
    };
    await deliver(...chats(LINE, 10), ...chats(OTHER_LINE, 10));
    expect(linq.open()).toBe(4);
    for (let answered = 0; answered < 20; answered++) {
      waiting.shift()?.answer(answerOf());
      await idle();
      expect(linq.open()).toBe(Math.min(4, 19 - answered));
      expect(dispatcher.snapshot().inFlight).toBe(linq.open());
    }
  });

  it('takes turns between lines that have chats due', async () => {
    const { deliver, linq } = await startReactor({ concurrency: 4 });
    const lines = [LINE, OTHER_LINE, '+12025550102', '+12025550103'];
    await deliver(...lines.flatMap((line) => chats(line, 25)));
    const order = linq.shares().map(({ subject }) => lineOf(subject));
    for (let from = 0; from < 80; from += 8) {
      expect(new Set(order.slice(from, from + 8))).toEqual(new Set(lines));
    }
  });

  it('takes the chat that is due for longest first, within a line', async () => {
    const { deliver, linq, clock, leapTo } = await startReactor({ concurrency: 1 });
    for (const chatId of ['c', 'a', 'b']) {
      await deliver(outboundOf(clock.now(), { chatId }));
      clock.advance(MINUTE);
    }
    linq.clear();
    await leapTo(T + DAY + HOUR);
    expect(linq.shares().map(({ subject }) => subject)).toEqual(['c', 'a', 'b']);
  });

  it('costs other lines nothing when one is closed, however many chats it has due', async () => {
    const { deliver, linq } = await startReactor({ concurrency: 2 });
    linq.script.cards = (line) => (line === LINE ? { kind: 'cards', cards: [] } : activeCards(line));
    await deliver(...chats(LINE, 300));
    await deliver(...chats(OTHER_LINE, 50));
    expect(linq.shares().map(({ subject }) => lineOf(subject))).toEqual(
      Array.from({ length: 50 }, () => OTHER_LINE),
    );
  });

  it('costs other lines nothing when one answers slowly, but for the calls it may have under way', async () => {
    const { deliver, linq, idle } = await startReactor({ concurrency: 4, ratePerLine: 1 });
    linq.script.share = (chatId) =>
      chatId.startsWith(LINE) ? new Promise<LinqAnswer>(() => {}) : answerOf();
    await deliver(...chats(LINE, 5), ...chats(OTHER_LINE, 1));
    await idle();
    expect(linq.sharesOf(`${OTHER_LINE} 0`)).toHaveLength(1);
  });
});

describe('pacing', () => {
  it('starts no more than the rate in any second, line by line, and drains a backlog in order', async () => {
    const { deliver, linq, run } = await startReactor({ ratePerLine: 2 });
    await deliver(...chats(LINE, 60), ...chats(OTHER_LINE, 60));
    await run(32 * SECOND);
    for (const line of [LINE, OTHER_LINE]) {
      const starts = linq.shares().filter(({ subject }) => lineOf(subject) === line);
      expect(starts).toHaveLength(60);
      for (const [index, { at }] of starts.entries()) {
        expect((starts[index + 2]?.at ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThanOrEqual(SECOND);
      }
      expect(starts.map(({ subject }) => subject)).toEqual(chats(line, 60).map(({ chatId }) => chatId));
    }
  });

  it('counts shares that an operator asked for', async () => {
    const { deliver, linq, run, dispatcher } = await startReactor({ ratePerLine: 1 });
    await deliver(...chats(LINE, 3));
    void dispatcher.shareManually(`${LINE} 0`);
    void dispatcher.shareManually(`${LINE} 2`);
    await run(8 * SECOND);
    const starts = linq.shares().map(({ at }) => at);
    expect(starts).toHaveLength(4); // the second chat got its card by hand, so not by itself
    for (const [index, at] of starts.slice(1).entries())
      expect(at - (starts[index] ?? 0)).toBeGreaterThanOrEqual(SECOND);
  });

  it('gives a slower line than one start a second its time', async () => {
    const { deliver, linq, run } = await startReactor({ ratePerLine: 0.1 });
    await deliver(...chats(LINE, 3));
    await run(25 * SECOND);
    const [first = 0, second = 0, third = 0] = linq.shares().map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(10 * SECOND);
    expect(third - second).toBeLessThanOrEqual(11 * SECOND);
  });
});

describe('a lease', () => {
  it('that was lost meanwhile leaves what the one who took over wrote', async () => {
    const first = await startReactor();
    const slow = later<LinqAnswer>();
    first.linq.script.share = () => slow.promise;
    await first.deliver(outboundOf(T));
    const stolen = await first.store.updateChat(
      'chat-1',
      (chat) => ({ ...chat, lease: null, operatorHeldAt: T }),
      T,
    );
    slow.answer(answerOf());
    await first.idle();
    expect(await first.chat()).toEqual(stolen);
    expect(first.logged.map(({ event }) => event)).toContain('attempt.lease_lost');
  });

  it('that ran out while nobody else came is still ours: the share is kept', async () => {
    const { deliver, linq, leap, idle, chat, store } = await startReactor();
    const slow = later<LinqAnswer>();
    linq.script.share = () => slow.promise;
    await deliver(outboundOf(T));
    await store.updateChat('chat-1', (record) => ({ ...record, operatorHeldAt: T }), T);
    await leap(2 * MINUTE);
    slow.answer(answerOf());
    await idle();
    expect(await chat()).toMatchObject({ shareCount: 1, lastSharedAt: T + 2 * MINUTE + 1, lease: null });
  });

  it("covers the chat for as long as a call can last: it isn't claimed twice", async () => {
    const { deliver, linq, run } = await startReactor();
    linq.script.share = () => new Promise<LinqAnswer>(() => {});
    await deliver(outboundOf(T));
    await run(MINUTE - 1);
    await deliver(outboundOf(T + 1));
    expect(linq.shares()).toHaveLength(1);
  });

  describe('that a process which stood still finds too short for a call', () => {
    /** Stands still once, for this long right after a chat was claimed. */
    const startStandingStill = async (ms: number) => {
      const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
      let standsFor = ms;
      const wrapStore = (store: Store): Store => {
        const stand = <R>(result: R, isClaimed: boolean): R => {
          if (isClaimed) clock.advance(standsFor);
          if (isClaimed) standsFor = 0;
          return result;
        };
        return {
          ...store,
          turn: async (...turn) => {
            const result = await store.turn(...turn);
            return stand(result, result.claims.length > 0);
          },
          claimManually: async (...asked) => {
            const claimed = await store.claimManually(...asked);
            return stand(claimed, claimed !== null && 'claim' in claimed);
          },
        };
      };
      const standStill = (forMs: number) => {
        standsFor = forMs;
      };
      return { ...(await startReactor({ clock, wrapStore })), standStill };
    };
    const LONGEST = 40 * SECOND - 1;

    it('lets the call be made while it surely ends in time', async () => {
      const { deliver, attempts, linq } = await startStandingStill(LONGEST);
      await deliver(outboundOf(T));
      expect(linq.shares()).toHaveLength(1);
      expect(await attempts()).toMatchObject([{ startedAt: T, outcome: 'shared' }]);
    });

    it('has no call made: the claim is given back, and the chat claimed anew', async () => {
      const { deliver, attempts, linq, chat, logged } = await startStandingStill(LONGEST + 1);
      await deliver(outboundOf(T));
      expect(linq.shares()).toMatchObject([{ at: T + 40 * SECOND }]);
      expect(await attempts()).toMatchObject([{ startedAt: T + 40 * SECOND, outcome: 'shared' }]);
      expect(await chat()).toMatchObject({ shareCount: 1, interruptions: 0 });
      expect(logged.map(({ event }) => event)).not.toContain('attempt.lease_lost');
    });

    it('has none made for an operator either: the request goes on with a new claim', async () => {
      const { deliver, attempts, linq, dispatcher, run, standStill } = await startStandingStill(0);
      await deliver(outboundOf(T));
      standStill(LONGEST + 1);
      const asked = dispatcher.shareManually('chat-1');
      await run(SECOND);
      expect(await asked).toMatchObject({
        kind: 'settled',
        attempt: { trigger: 'manual', outcome: 'shared' },
      });
      expect(linq.shares().map(({ at }) => at)).toEqual([T, T + 40 * SECOND]);
      expect(await attempts()).toHaveLength(2);
    });

    it('has none made after a look-up that took too long, and the facts stay on record', async () => {
      const { deliver, linq, chat, clock } = await startStandingStill(0);
      const facts = linq.script.chat;
      linq.script.chat = (chatId) => {
        clock.advance(LONGEST + 1);
        return facts(chatId);
      };
      await deliver(outboundOf(T, { service: null }));
      expect(linq.shares()).toMatchObject([{ at: T + 40 * SECOND }]);
      expect(linq.calls.filter(({ kind }) => kind === 'chat')).toHaveLength(1);
      expect(await chat()).toMatchObject({ service: 'iMessage', shareCount: 1 });
    });
  });

  it('that ended while the process stood still is not taken anew before its call has ended', async () => {
    const reactor = await startReactor();
    const slow = later<LinqAnswer>();
    reactor.linq.script.share = () => slow.promise;
    await reactor.deliver(outboundOf(T));
    reactor.clock.advance(2 * MINUTE);
    await reactor.deliver(outboundOf(T, { chatId: 'other' }));
    const asked = reactor.dispatcher.shareManually('chat-1');
    await reactor.run(2 * SECOND);
    expect(reactor.linq.shares()).toHaveLength(1);
    reactor.linq.script.share = () => answerOf();
    slow.answer(answerOf());
    await reactor.run(SECOND);
    expect(await asked).toMatchObject({ kind: 'settled', attempt: { trigger: 'manual' } });
    expect(reactor.linq.shares().map(({ subject }) => subject)).toEqual(['chat-1', 'chat-1', 'other']);
    expect(await reactor.attempts()).toMatchObject([{ outcome: 'shared' }, { outcome: 'shared' }]);
  });
});
