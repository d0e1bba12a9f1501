import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, eventOf, inboundOf, outboundOf, silenceOf, T } from '../../helpers/builders.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

/** Between the ends and the starts of one chat's calls. */
const gaps = ({ linq }: Reactor) => {
  const starts = linq.sharesOf('chat-1');
  return starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
};
/** An end is dated 1 ms late, so that a window is never short. */
const LATE = 1;

async function startWith(answer: LinqAnswer, options = {}): Promise<Reactor> {
  const reactor = await startReactor(options);
  reactor.linq.script.share = () => answer;
  await reactor.deliver(outboundOf(T));
  return reactor;
}

describe('transient failures', () => {
  it.each([
    ['500', answerOf(500, 3006)],
    ['no answer', silenceOf()],
    ['a refused connection', silenceOf(false)],
    ["a 404 that isn't Linq's", answerOf(404, null, { hasEnvelope: false })],
    ['a page of HTML', answerOf(502, null, { isJson: false, hasEnvelope: false })],
    ['2009', answerOf(409, 2009)],
    ['2015', answerOf(409, 2015)],
  ])('after %s the chat is tried again after 1 s, doubling to 15 min, without end', async (_, answer) => {
    const reactor = await startWith(answer, { policy: { idleAfterMs: 0 } });
    await reactor.run(2 * HOUR);
    const waits = gaps(reactor).map((ms) => ms - LATE);
    const doubling = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((seconds) => seconds * SECOND);
    expect(waits.slice(0, 10)).toEqual(doubling);
    expect(new Set(waits.slice(10))).toEqual(new Set([15 * MINUTE]));
    expect(waits.length).toBeGreaterThan(15);
  });

  it('are kept apart by jitter of up to half the wait', async () => {
    const reactor = await startWith(answerOf(500), { random: () => 0.9 });
    await reactor.run(10 * SECOND);
    expect(gaps(reactor).slice(0, 2)).toEqual([1_450 + LATE, 2_900 + LATE]);
  });

  it('wait for as long as Linq asks, if that is longer than the backoff', async () => {
    const reactor = await startWith(answerOf(500, 3006, { retryAfterMs: HOUR }));
    await reactor.run(HOUR);
    expect(reactor.linq.shares()).toHaveLength(1);
    await reactor.run(LATE);
    expect(gaps(reactor)).toEqual([HOUR + LATE]);
  });

  it('start over at 1 s after a success', async () => {
    const reactor = await startWith(answerOf(500));
    await reactor.run(20 * SECOND);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(MINUTE);
    expect(await reactor.chat()).toMatchObject({ failures: 0, state: 'waiting' });
    reactor.linq.script.share = () => answerOf(500);
    await reactor.leap(DAY);
    await reactor.run(2 * SECOND);
    expect(gaps(reactor).at(-1)).toBe(SECOND + LATE);
  });

  it('survive a restart: the wait goes on', async () => {
    const first = await startWith(answerOf(500, 3006, { retryAfterMs: HOUR }));
    await first.stop();
    const second = await first.restart();
    await second.run(HOUR);
    expect(first.linq.shares()).toHaveLength(1);
    await second.run(LATE);
    expect(first.linq.shares()).toHaveLength(2);
  });

  it('are recorded with what Linq said, and as unknown when nobody answered', async () => {
    const reactor = await startWith(answerOf(503, 4004, { traceId: 'trace-1' }));
    reactor.linq.script.share = () => silenceOf();
    await reactor.run(SECOND + LATE);
    expect(await reactor.attempts()).toMatchObject([
      { outcome: 'unknown', httpStatus: null, linqCode: null, traceId: null },
      { outcome: 'retry', httpStatus: 503, linqCode: 4004, traceId: 'trace-1' },
    ]);
  });
});

describe('refusals', () => {
  it('that will last are tried again one window later', async () => {
    const reactor = await startWith(answerOf(400, 1005));
    expect(await reactor.chat()).toMatchObject({ state: 'retrying', reason: 'rejected' });
    await reactor.leapTo(T + DAY);
    expect(reactor.linq.shares()).toHaveLength(1);
    await reactor.run(LATE);
    expect(gaps(reactor)).toEqual([DAY + LATE]);
  });

  it.each([
    [404, 2001, 'chat_gone'],
    [403, 2005, 'chat_gone'],
    [409, 2013, 'chat_left'],
    [409, 2016, 'unsupported'],
    [409, 2017, 'unsupported'],
  ])(
    'with %i/%i retire the chat until something is sent, one window after the refusal',
    async (status, code, reason) => {
      const reactor = await startWith(answerOf(status, code));
      await reactor.leap(2 * DAY);
      expect(await reactor.chat()).toMatchObject({ state: 'retired', reason });
      expect(reactor.linq.shares()).toHaveLength(1);
      await reactor.deliver(outboundOf(T + 2 * DAY));
      expect(reactor.linq.shares()).toHaveLength(2);
      await reactor.run(SECOND);
      await reactor.deliver(outboundOf(T + 2 * DAY + SECOND));
      await reactor.leapTo(T + 3 * DAY - 1);
      expect(reactor.linq.shares()).toHaveLength(2);
      await reactor.run(1);
      expect(reactor.linq.sharesOf('chat-1').at(-1)).toBe(T + 3 * DAY);
    },
  );

  it('for good end when our line is added to the chat again', async () => {
    const reactor = await startWith(answerOf(409, 2013));
    reactor.clock.advance(MINUTE);
    await reactor.deliver(eventOf({ joinedAt: T + MINUTE }));
    expect(reactor.linq.shares()).toHaveLength(2);
  });

  it.each([
    [403, 2024],
    [403, 2008],
  ])('with %i/%i mean an opt-out, until the recipient writes again', async (status, code) => {
    const reactor = await startWith(answerOf(status, code));
    expect(await reactor.chat()).toMatchObject({ state: 'held', reason: 'opted_out', optOutRefusedAt: T });
    await reactor.leap(3 * DAY);
    await reactor.deliver(outboundOf(T + 3 * DAY), inboundOf(T));
    expect(reactor.linq.shares()).toHaveLength(1);
    await reactor.deliver(inboundOf(T + 3 * DAY));
    expect(reactor.linq.shares()).toHaveLength(2);
  });

  it('with 2026 hold the chat until an operator releases it', async () => {
    const reactor = await startWith(answerOf(403, 2026));
    await reactor.leap(3 * DAY);
    await reactor.deliver(outboundOf(T + 3 * DAY), inboundOf(T + 3 * DAY));
    expect(await reactor.chat()).toMatchObject({ state: 'held', reason: 'recipient_blocked' });
    expect(reactor.linq.shares()).toHaveLength(1);
  });

  it('of one chat cost the others nothing', async () => {
    const { deliver, linq } = await startReactor();
    const refusals = [
      answerOf(404, 2001),
      answerOf(403, 2024),
      answerOf(403, 2026),
      answerOf(400, 1005),
      answerOf(500),
    ];
    linq.script.share = (chatId) => refusals[Number(chatId)] ?? answerOf();
    await deliver(...Array.from({ length: 20 }, (_, index) => outboundOf(T, { chatId: String(index) })));
    expect(linq.shares()).toHaveLength(20);
  });
});
