import { describe, expect, it } from 'vitest';
import { DAY, MINUTE, SECOND } from '../../../src/decide/duration.ts';
import { answerOf, outboundOf, T } from '../../helpers/builders.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const chats = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${from + index}` }));
const accountReason = ({ dispatcher }: Reactor) => dispatcher.view().account?.reason ?? null;
const statesOf = async (reactor: Reactor, count: number) =>
  Promise.all(chats(count).map(async ({ chatId }) => (await reactor.chat(chatId)).state));
const GONE = answerOf(404, 2001);

describe('five chats in a row that Linq refuses for good', () => {
  it('open the breaker and are undone: a wrong address or key retires nobody', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => GONE;
    await reactor.deliver(...chats(20));
    expect(reactor.linq.shares()).toHaveLength(5);
    expect(accountReason(reactor)).toBe('api_unavailable');
    expect(await statesOf(reactor, 20)).toEqual(Array.from({ length: 20 }, () => 'due'));
  });

  it('are probed for with one chat, after 1 s doubling to 60 s, while the refusals go on', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => GONE;
    await reactor.deliver(...chats(20));
    reactor.linq.clear();
    await reactor.run(3 * MINUTE);
    const starts = reactor.linq.shares().map(({ at }) => at);
    const waits = starts.map((at, index) => at - (index === 0 ? T : (starts[index - 1] ?? 0)));
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60].map((seconds) => seconds * SECOND));
    expect(await statesOf(reactor, 20)).not.toContain('retired');
  });

  it('also when several were under way at once', async () => {
    const reactor = await startReactor({ concurrency: 16 });
    reactor.linq.script.share = () => GONE;
    await reactor.deliver(...chats(16));
    expect(await statesOf(reactor, 16)).not.toContain('retired');
    expect(accountReason(reactor)).toBe('api_unavailable');
  });

  it('all get their card once Linq takes one again', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => GONE;
    await reactor.deliver(...chats(8));
    reactor.linq.script.share = () => answerOf();
    await reactor.run(SECOND);
    expect(accountReason(reactor)).toBeNull();
    expect(await statesOf(reactor, 8)).toEqual(Array.from({ length: 8 }, () => 'waiting'));
  });

  it('are retired after all when a success shows that address and key are right', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    const dead = new Set(chats(5).map(({ chatId }) => chatId));
    reactor.linq.script.share = (chatId) => (dead.has(chatId) ? GONE : answerOf());
    await reactor.deliver(...chats(6));
    await reactor.run(2 * MINUTE);
    expect(await statesOf(reactor, 6)).toEqual([
      'retired',
      'retired',
      'retired',
      'retired',
      'retired',
      'waiting',
    ]);
    expect(accountReason(reactor)).toBeNull();
  });

  it('look at a card that has to be looked at first without losing the probe', async () => {
    const reactor = await startReactor({ concurrency: 1, cardTtlMs: 10 * SECOND });
    reactor.linq.script.share = () => GONE;
    await reactor.deliver(...chats(6));
    await reactor.run(5 * MINUTE);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(MINUTE);
    expect(accountReason(reactor)).toBeNull();
  });
});

describe('chats that Linq refuses for good now and then', () => {
  it('are retired, when a share worked in between', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    let count = 0;
    reactor.linq.script.share = () => (++count % 5 === 0 ? answerOf() : GONE);
    await reactor.deliver(...chats(20));
    const states = await statesOf(reactor, 20);
    expect(states.filter((state) => state === 'retired')).toHaveLength(16);
    expect(accountReason(reactor)).toBeNull();
  });

  it('are retired, when there are but four', async () => {
    const reactor = await startReactor();
    reactor.linq.script.share = () => GONE;
    await reactor.deliver(...chats(4));
    await reactor.leap(3 * DAY);
    expect(await statesOf(reactor, 4)).toEqual(['retired', 'retired', 'retired', 'retired']);
  });
});
