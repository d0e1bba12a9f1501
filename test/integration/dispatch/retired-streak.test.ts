import { describe, expect, it } from 'vitest';
import { DAY, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, outboundOf, T } from '../../helpers/builders.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const chats = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${from + index}` }));
const accountReason = ({ dispatcher }: Reactor) => dispatcher.snapshot().account?.reason ?? null;
const statesOf = async (reactor: Reactor, count: number) =>
  Promise.all(chats(count).map(async ({ chatId }) => (await reactor.chat(chatId)).state));
const GONE = answerOf(404, 2001);

const REFUSALS = [
  ['chat gone', GONE, 'retired'],
  ['an unknown 4xx', answerOf(422, 9999), 'retrying'],
  ['opted out', answerOf(403, 2024), 'held'],
  ['not allowed', answerOf(403, 2008), 'held'],
  ['blocked', answerOf(403, 2026), 'held'],
] as const;

describe.each(REFUSALS)('chats that Linq refuses: %s', (_, refusal, state) => {
  it('are undone with the fifth, the breaker opens, and one probe at a time goes to those not tried yet', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => refusal;
    await reactor.deliver(...chats(12));
    expect(reactor.linq.shares()).toHaveLength(5);
    expect(accountReason(reactor)).toBe('api_unavailable');
    await reactor.run(5 * MINUTE);
    expect(await statesOf(reactor, 12)).toEqual(Array.from({ length: 12 }, () => 'due'));
    const called = reactor.linq.shares().map(({ subject }) => subject);
    expect(new Set(called.slice(0, 12)).size).toBe(12); // nobody a second time before everybody had a first
    expect(called.length).toBeLessThan(18);
  });

  it('are believed after a share, each tried twice at most, and hold up nobody else', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    const dead = new Set(chats(5).map(({ chatId }) => chatId));
    reactor.linq.script.share = (chatId) => (dead.has(chatId) ? refusal : answerOf());
    await reactor.deliver(...chats(5));
    await reactor.run(MINUTE);
    reactor.linq.clear();
    await reactor.deliver(...chats(10, 5));
    await reactor.run(2 * SECOND);
    const waiting = await Promise.all(
      chats(10, 5).map(async ({ chatId }) => (await reactor.chat(chatId)).state),
    );
    expect(waiting).toEqual(waiting.map(() => 'waiting'));
    expect(await statesOf(reactor, 5)).toEqual(Array.from({ length: 5 }, () => state));
    for (const chatId of dead) expect(reactor.linq.sharesOf(chatId).length).toBeLessThanOrEqual(2);
    expect(accountReason(reactor)).toBeNull();
    await reactor.leap(MINUTE);
    expect(reactor.linq.shares()).toHaveLength(15);
  });

  it('are counted on over restarts and kills: five are undone, however many runs it takes', async () => {
    let reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => refusal;
    for (let run = 0; run < 4; run++) {
      await reactor.deliver(...chats(2, 2 * run));
      if (run % 2 === 0) await reactor.crash();
      else await reactor.stop();
      reactor = await reactor.restart();
    }
    expect(accountReason(reactor)).toBe('api_unavailable');
    expect(await statesOf(reactor, 8)).toEqual(Array.from({ length: 8 }, () => 'due'));
    await reactor.deliver(...chats(12, 8));
    await reactor.run(MINUTE);
    await reactor.crash();
    reactor = await reactor.restart();
    await reactor.run(MINUTE);
    expect(await statesOf(reactor, 20)).toEqual(Array.from({ length: 20 }, () => 'due'));
    reactor.linq.script.share = () => answerOf();
    await reactor.run(MINUTE);
    expect(await statesOf(reactor, 20)).toEqual(Array.from({ length: 20 }, () => 'waiting'));
  });
});

it('counts refusals of different kinds together', async () => {
  const reactor = await startReactor({ concurrency: 1 });
  let count = 0;
  reactor.linq.script.share = () => REFUSALS[count++ % REFUSALS.length]?.[1] ?? GONE;
  await reactor.deliver(...chats(9));
  expect(reactor.linq.shares()).toHaveLength(5);
  expect(await statesOf(reactor, 9)).toEqual(Array.from({ length: 9 }, () => 'due'));
});

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
