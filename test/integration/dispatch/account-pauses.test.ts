import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, OTHER_LINE, outboundOf, silenceOf, T } from '../../helpers/builders.ts';
import { activeCards, failed, later } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const chats = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    outboundOf(T, { chatId: `chat-${index}`, ...(index % 2 === 0 ? {} : { line: OTHER_LINE }) }),
  );
const accountReason = ({ dispatcher }: Reactor) => dispatcher.snapshot().account?.reason ?? null;
/** When calls were made, from the first one on. */
const minutesOf = (calls: readonly { at: number }[]) => calls.map(({ at }) => Math.round((at - T) / MINUTE));

async function startClosedBy(answer: LinqAnswer): Promise<Reactor> {
  const reactor = await startReactor({ concurrency: 1 });
  reactor.linq.script.share = () => answer;
  await reactor.deliver(...chats(10));
  reactor.linq.clear();
  return reactor;
}

describe.each([
  ['429', answerOf(429, 1007, { retryAfterMs: HOUR })],
  ['503 with Retry-After', answerOf(503, null, { retryAfterMs: HOUR })],
])('%s', (_, limited) => {
  it('pauses every call until the millisecond that Linq named, then lets all go on', async () => {
    const reactor = await startClosedBy(limited);
    expect(accountReason(reactor)).toBe('rate_limited');
    reactor.linq.script.share = () => answerOf();
    await reactor.deliver(outboundOf(T, { chatId: 'new', line: '+12025550177' }));
    await reactor.run(HOUR - 1);
    expect(reactor.linq.calls).toEqual([]);
    await reactor.run(1);
    expect(reactor.linq.shares()).toHaveLength(11);
  });

  it('keeps its pause across a crash and a restart', async () => {
    const first = await startClosedBy(limited);
    await first.crash();
    const second = await first.restart();
    first.linq.script.share = () => answerOf();
    await second.run(HOUR - 1);
    expect(first.linq.calls).toEqual([]);
    await second.run(1);
    expect(first.linq.shares()).toHaveLength(10);
  });
});

describe('a rate limit', () => {
  it('without a word on how long waits 1 s doubling to 15 min', async () => {
    const reactor = await startClosedBy(answerOf(429, 1007));
    await reactor.run(HOUR);
    const seconds = reactor.linq.shares().map(({ at }) => Math.round((at - T) / SECOND));
    expect(seconds.slice(0, 6)).toEqual([1, 3, 7, 15, 31, 63]);
    expect(seconds.slice(-2)).toEqual([1_923, 2_823]);
  });

  it('told by a look at a card or at a chat pauses every call too', async () => {
    const reactor = await startReactor();
    reactor.linq.script.cards = () => failed(answerOf(429, 1007, { retryAfterMs: HOUR }));
    await reactor.deliver(outboundOf(T));
    await reactor.run(HOUR - 1);
    expect(reactor.linq.calls).toHaveLength(1);
    reactor.linq.script.cards = (line) => activeCards(line);
    await reactor.run(1);
    expect(reactor.linq.shares()).toHaveLength(1);
  });
});

describe('a rejected key', () => {
  it('stops all sharing, and is tried with a look at the cards after 5 s doubling to 5 min', async () => {
    const reactor = await startClosedBy(answerOf(401, 2004));
    reactor.linq.script.cards = () => failed(answerOf(401, 2004));
    await reactor.run(20 * MINUTE);
    expect(accountReason(reactor)).toBe('api_key_rejected');
    expect(reactor.linq.shares()).toEqual([]);
    const looks = reactor.linq.looks();
    expect(looks.every(({ subject }) => subject === null)).toBe(true);
    const waits = looks.map(({ at }, index) => at - (looks[index - 1]?.at ?? T));
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * SECOND));
  });

  it('lets all go on as soon as a look is answered', async () => {
    const reactor = await startClosedBy(answerOf(401, 2004));
    reactor.linq.script.share = () => answerOf();
    await reactor.run(5 * SECOND);
    expect(accountReason(reactor)).toBeNull();
    expect(reactor.linq.shares()).toHaveLength(10);
  });

  it('is tried at once after a restart: the key may be another one', async () => {
    const first = await startClosedBy(answerOf(401, 2004));
    await first.stop();
    first.linq.script.share = () => answerOf();
    const second = await first.restart();
    expect(accountReason(second)).toBeNull();
    expect(first.linq.shares()).toHaveLength(10);
  });

  it('is tried on when a look fails in another way', async () => {
    const reactor = await startClosedBy(answerOf(401, 2004));
    reactor.linq.script.cards = () => failed(silenceOf(false));
    await reactor.run(40 * SECOND);
    expect(reactor.linq.looks().length).toBeGreaterThanOrEqual(3);
    expect(reactor.linq.looks().length).toBeLessThan(10);
    expect(reactor.linq.shares()).toEqual([]);
  });

  it('takes the word of attempts under way as one', async () => {
    const reactor = await startReactor({ concurrency: 10 });
    const answers = later<LinqAnswer>();
    reactor.linq.script.share = () => answers.promise;
    await reactor.deliver(...chats(10));
    answers.answer(answerOf(401, 2004));
    await reactor.idle();
    expect(reactor.dispatcher.snapshot().holds).toMatchObject([{ reason: 'api_key_rejected', step: 0 }]);
  });
});

describe('a feature that is switched off for the account (2011)', () => {
  it('is tried with one chat every hour, and a share ends it', async () => {
    const reactor = await startClosedBy(answerOf(403, 2011));
    expect(accountReason(reactor)).toBe('feature_disabled');
    await reactor.run(3 * HOUR + 5 * MINUTE);
    expect(minutesOf(reactor.linq.shares())).toEqual([60, 120, 180]);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(HOUR);
    expect(accountReason(reactor)).toBeNull();
    expect(reactor.linq.shares()).toHaveLength(3 + 10);
  });

  it.each([
    ['refused otherwise', answerOf(400, 1005)],
    ['not answered', silenceOf()],
    ['of a chat that is gone', answerOf(404, 2001)],
  ])('is tried an hour later again when the try was %s', async (_, answer) => {
    const reactor = await startClosedBy(answerOf(403, 2011));
    reactor.linq.script.share = () => answer;
    await reactor.run(2 * HOUR + 5 * MINUTE);
    expect(minutesOf(reactor.linq.shares())).toEqual([60, 120]);
    expect(accountReason(reactor)).toBe('feature_disabled');
  });
});

describe('chats behind a closed account', () => {
  it('wait without a trace: their state is their own, and nothing is written for them', async () => {
    const reactor = await startClosedBy(answerOf(403, 2011));
    const before = await reactor.chat('chat-9');
    await reactor.leap(30 * MINUTE);
    expect(await reactor.chat('chat-9')).toEqual(before);
    expect(before).toMatchObject({ state: 'due', nextAttemptAt: T });
  });
});
