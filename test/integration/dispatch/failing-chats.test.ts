import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, LINE, lineEventOf, OTHER_LINE, outboundOf, silenceOf, T } from '../../helpers/builders.ts';
import { later } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const outbounds = (prefix: string, count: number, at = T, parts: object = {}) =>
  Array.from({ length: count }, (_, index) => outboundOf(at, { chatId: `${prefix}${index}`, ...parts }));
const isBad = (chatId: string) => chatId.startsWith('bad');
const accountReason = ({ dispatcher }: Reactor) => dispatcher.snapshot().account?.reason ?? null;

/** A reactor with ten chats whose share always fails. */
async function startWithFailing(failure: () => LinqAnswer | Promise<LinqAnswer> = () => answerOf(500)) {
  const reactor = await startReactor();
  reactor.linq.script.share = (chatId) => (isBad(chatId) ? failure() : answerOf());
  await reactor.deliver(...outbounds('bad', 10));
  return reactor;
}

/** In how many ms each of three new chats has its card. */
async function delaysOf(reactor: Reactor, parts: object = {}): Promise<readonly number[]> {
  const { clock, linq, deliver, run } = reactor;
  const from = clock.now();
  await deliver(...outbounds(`new-${from}-`, 3, from, parts));
  await run(5 * MINUTE);
  return [0, 1, 2].map((index) => (linq.sharesOf(`new-${from}-${index}`).at(-1) ?? Number.NaN) - from);
}

describe('ten chats that always fail', () => {
  it.each([
    ['just began to', 0],
    ['have for half a minute', 30 * SECOND],
    ['have for ten minutes', 10 * MINUTE],
    ['have for three hours', 3 * HOUR], // by then they wait as long as they ever do
  ])('delay no other chat by more than a second or so when they %s', async (_, ms) => {
    const reactor = await startWithFailing();
    await reactor.run(ms);
    for (const delay of await delaysOf(reactor)) expect(delay).toBeLessThanOrEqual(2 * SECOND);
    expect(accountReason(reactor)).toBeNull();
    for (const delay of await delaysOf(reactor)) expect(delay).toBe(0);
  });

  it.each([
    ['before', 0],
    ['after', 5],
  ])('delay no other chat by more than five seconds that comes %s half of them', async (_, index) => {
    const reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = (chatId) => (isBad(chatId) ? answerOf(500) : answerOf());
    const bad = outbounds('bad', 10);
    await reactor.deliver(...bad.slice(0, 5));
    expect(accountReason(reactor)).toBe('api_unavailable');
    const late = bad.slice(5);
    await reactor.deliver(...late.slice(0, index), ...outbounds('new', 3), ...late.slice(index));
    await reactor.run(5 * SECOND);
    for (const chatId of ['new0', 'new1', 'new2']) expect(reactor.linq.sharesOf(chatId)).toHaveLength(1);
  });

  it('delay no other chat after they failed one by one', async () => {
    const reactor = await startReactor();
    reactor.linq.script.share = (chatId) => (isBad(chatId) ? answerOf(500) : answerOf());
    for (const event of outbounds('bad', 10)) {
      await reactor.deliver(event);
      await reactor.run(100);
    }
    await reactor.run(40 * SECOND);
    for (const delay of await delaysOf(reactor)) expect(delay).toBeLessThanOrEqual(5 * SECOND);
  });

  it('delay no other chat after a restart', async () => {
    const first = await startWithFailing();
    await first.run(10 * MINUTE);
    await first.crash();
    const reactor = await first.restart();
    for (const delay of await delaysOf(reactor)) expect(delay).toBeLessThanOrEqual(2 * SECOND);
  });

  it('delay no chat whose time comes by itself', async () => {
    const reactor = await startReactor();
    let isFine = true;
    reactor.linq.script.share = (chatId) => (isFine || !isBad(chatId) ? answerOf() : answerOf(500));
    await reactor.deliver(...outbounds('good', 1));
    await reactor.run(DAY - 3 * HOUR);
    isFine = false;
    await reactor.deliver(...outbounds('bad', 10, T + DAY - 3 * HOUR));
    await reactor.run(4 * HOUR);
    expect(reactor.linq.sharesOf('good0').at(1)).toBeLessThanOrEqual(T + DAY + 2 * SECOND);
  });

  it('delay no other chat when each failure takes fifteen seconds', async () => {
    let clock: Reactor['clock'] | null = null;
    const reactor = await startWithFailing(async () => {
      await clock?.sleepUntil(clock.now() + 15 * SECOND, 15 * SECOND, new AbortController().signal);
      return silenceOf();
    });
    clock = reactor.clock;
    await reactor.run(10 * MINUTE);
    for (const delay of await delaysOf(reactor)) expect(delay).toBeLessThanOrEqual(2 * SECOND);
  });

  it('delay no other chat when there are more of them than calls at once, each of which takes fifteen seconds', async () => {
    const reactor = await startReactor();
    const { clock, linq, deliver, run } = reactor;
    linq.script.share = async (chatId) => {
      if (!isBad(chatId)) return answerOf();
      await clock.sleepUntil(clock.now() + 15 * SECOND, 15 * SECOND, new AbortController().signal);
      return silenceOf();
    };
    await deliver(...outbounds('bad', 100));
    // until each of them has failed once, nothing tells them from an API that is down, but for those that work between
    for (let index = 0; index < 60; index++) {
      await deliver(outboundOf(clock.now(), { chatId: `between${index}` }));
      await run(5 * SECOND);
    }
    for (const delay of await delaysOf(reactor)) expect(delay).toBeLessThanOrEqual(2 * SECOND);
    await run(HOUR);
    for (const delay of await delaysOf(reactor)) expect(delay).toBeLessThanOrEqual(2 * SECOND);
    // and they themselves are tried on
    const calls = outbounds('bad', 100).map((event) => linq.sharesOf(event.chatId).length);
    expect(Math.min(...calls)).toBeGreaterThan(4);
  });

  it('delay no chat of another line, whose card has to be looked at first', async () => {
    const reactor = await startWithFailing();
    await reactor.run(10 * MINUTE);
    const delays = await delaysOf(reactor, { line: OTHER_LINE });
    for (const delay of delays) expect(delay).toBeLessThanOrEqual(2 * SECOND);
  });

  it('do not open the breaker again by failing on', async () => {
    const reactor = await startWithFailing();
    await delaysOf(reactor);
    await reactor.run(DAY);
    expect(reactor.logged.filter(({ event }) => event === 'hold.opened')).toHaveLength(1);
  });
});

describe('a probe', () => {
  it('goes to the chat that failed least, when all have failed', async () => {
    const reactor = await startReactor({ concurrency: 1 });
    const { linq, deliver, run } = reactor;
    linq.script.share = () => answerOf(500);
    await deliver(...outbounds('c', 8));
    await run(10 * MINUTE);
    const counts = new Map<string | null, number>();
    for (const { subject } of linq.shares()) counts.set(subject, (counts.get(subject) ?? 0) + 1);
    expect([...counts.keys()]).toHaveLength(8);
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
  });

  it('of a line goes to a chat that has not failed', async () => {
    const { linq, deliver, run } = await startReactor({ concurrency: 1 });
    linq.script.share = (chatId) => (isBad(chatId) ? answerOf(500) : answerOf());
    await deliver(...outbounds('bad', 1));
    await deliver(lineEventOf({ at: T, line: LINE, status: 'FLAGGED' }));
    await deliver(...outbounds('good', 1));
    linq.clear();
    await run(7 * HOUR);
    expect(linq.shares()[0]?.subject).toBe('good0');
  });

  it('is followed by no other before some seconds have passed, whatever becomes due', async () => {
    const { linq, deliver, run } = await startReactor();
    linq.script.share = () => answerOf(500);
    await deliver(...outbounds('c', 5));
    linq.clear();
    for (let second = 0; second < 120; second++) {
      await deliver(...outbounds(`new-${second}-`, 2, T + second * SECOND));
      await run(SECOND);
    }
    expect(linq.shares().length).toBeLessThan(36);
  });

  it('counts a success of a call that began before the breaker opened', async () => {
    const reactor = await startReactor();
    const { linq, deliver, idle } = reactor;
    const slow = later<LinqAnswer>();
    linq.script.share = (chatId) => (isBad(chatId) ? answerOf(500) : slow.promise);
    await deliver(...outbounds('good', 1), ...outbounds('bad', 10));
    expect(accountReason(reactor)).toBe('api_unavailable');
    slow.answer(answerOf());
    await idle();
    expect(accountReason(reactor)).toBeNull();
  });
});

describe('first failures', () => {
  it('are counted on over restarts', async () => {
    let reactor = await startReactor({ concurrency: 1 });
    reactor.linq.script.share = () => answerOf(500, null, { retryAfterMs: HOUR });
    for (let run = 0; run < 5; run++) {
      expect(accountReason(reactor)).toBeNull();
      await reactor.deliver(...outbounds(`c${run}-`, 1));
      await reactor.crash();
      reactor = await reactor.restart();
    }
    expect(accountReason(reactor)).toBe('api_unavailable');
    await reactor.run(10 * SECOND); // looks at cards that work don't close what shares opened
    expect(accountReason(reactor)).toBe('api_unavailable');
  });
});
