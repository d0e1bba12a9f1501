import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { HOUR, SECOND } from '../../../src/decide/time.ts';
import { answerOf, outboundOf, T } from '../../helpers/builders.ts';
import { failed, later } from '../../helpers/fake-linq.ts';
import { startReactor } from '../../helpers/reactor.ts';

const chats = (count: number) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${index}` }));

describe('stopping', () => {
  it('claims nothing more, lets running calls end and settles them', async () => {
    const first = await startReactor({ concurrency: 2 });
    const slow = later<LinqAnswer>();
    first.linq.script.share = () => slow.promise;
    await first.deliver(...chats(10));
    const stopped = first.dispatcher.stop();
    await first.settle();
    first.clock.advance(4 * SECOND);
    slow.answer(answerOf());
    await stopped;
    expect(first.linq.shares()).toHaveLength(2);
    const states = await Promise.all(chats(10).map(async ({ chatId }) => (await first.chat(chatId)).state));
    expect(states.filter((state) => state === 'waiting')).toHaveLength(2);
    expect(states.filter((state) => state === 'due')).toHaveLength(8);
  });

  it('cuts calls that take longer than 5 s; they count as of unknown outcome, and are repeated', async () => {
    const first = await startReactor();
    first.linq.script.share = () => new Promise<LinqAnswer>(() => {});
    await first.deliver(...chats(6));
    const stopped = first.dispatcher.stop();
    await first.settle();
    first.clock.advance(5 * SECOND - 1);
    await first.settle();
    expect(first.linq.open()).toBe(6);
    first.clock.advance(1);
    await stopped;
    expect(first.linq.open()).toBe(0);
    expect(await first.attempts('chat-0')).toMatchObject([
      { outcome: 'unknown', endedAt: T + 5 * SECOND + 1 },
    ]);
    expect(await first.chat('chat-0')).toMatchObject({ state: 'retrying', lease: null, interruptions: 0 });
    await first.crash();
    first.linq.script.share = () => answerOf();
    const second = await first.restart();
    await second.run(2 * SECOND);
    expect(first.linq.shares()).toHaveLength(12);
  });

  it("doesn't take calls that it cut itself for an outage of Linq's", async () => {
    const first = await startReactor();
    first.linq.script.share = () => new Promise<LinqAnswer>(() => {});
    await first.deliver(...chats(6));
    const stopped = first.dispatcher.stop();
    await first.settle();
    first.clock.advance(5 * SECOND);
    await stopped;
    expect(await first.store.holds()).toEqual([]);
  });

  it('comes to its end when nothing is under way, and when it is asleep', async () => {
    const reactor = await startReactor();
    await reactor.deliver(...chats(1));
    await reactor.stop();
    reactor.clock.advance(HOUR);
    expect(reactor.linq.shares()).toHaveLength(1);
  });

  it('writes holds and cards that were learnt in its last moments', async () => {
    const first = await startReactor();
    const slow = later<LinqAnswer>();
    first.linq.script.share = () => slow.promise;
    await first.deliver(...chats(1));
    const stopped = first.dispatcher.stop();
    await first.settle();
    slow.answer(answerOf(429, 1007, { retryAfterMs: HOUR }));
    await stopped;
    expect(await first.store.holds()).toMatchObject([{ reason: 'rate_limited' }]);
  });

  it('leaves no attempt open', async () => {
    const first = await startReactor();
    first.linq.script.share = () => new Promise<LinqAnswer>(() => {});
    await first.deliver(...chats(3));
    const stopped = first.dispatcher.stop();
    await first.settle();
    first.clock.advance(5 * SECOND);
    await stopped;
    expect(await first.store.recoverInterrupted(first.clock.now())).toEqual({ interrupted: 0, parked: 0 });
  });

  it("answers an operator's share that still waited, so that nobody waits for it", async () => {
    const reactor = await startReactor();
    reactor.linq.script.cards = () => failed(answerOf(500));
    await reactor.deliver(outboundOf(T));
    const share = reactor.dispatcher.shareManually('chat-1');
    await reactor.idle();
    await reactor.stop();
    expect(await share).toEqual({ kind: 'stopped' });
  });
});
