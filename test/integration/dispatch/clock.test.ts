import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { StoreError } from '../../../src/errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { answerOf, inboundOf, outboundOf, T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';
import { later } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const LAPSES_AT = T + 1 + DAY;
const isDistrusted = ({ dispatcher }: Reactor) => dispatcher.snapshot().clockDistrustedSince !== null;
const STEPS = [
  ['+26 h', 26 * HOUR],
  ['-2 h', -2 * HOUR],
] as const;

describe.each(STEPS)('a wall clock that is set wrong by %s while we run', (_, stepMs) => {
  it('shares nothing early and nothing late: elapsed time decides', async () => {
    const reactor = await startReactor();
    await reactor.deliver(outboundOf(T));
    reactor.clock.stepWall(stepMs);
    await reactor.leapTo(LAPSES_AT - 1);
    expect(reactor.linq.shares()).toHaveLength(1);
    await reactor.run(10 * SECOND);
    expect(reactor.linq.shares()).toHaveLength(2);
    expect(reactor.logged.map(({ event }) => event)).not.toContain('clock.corrected');
  });

  it("stops sharing until Linq's Date shows which clock is right", async () => {
    const reactor = await startReactor();
    reactor.clock.stepWall(stepMs);
    reactor.linq.script.time = null;
    await reactor.deliver(outboundOf(T));
    await reactor.run(MINUTE);
    expect(reactor.linq.shares()).toEqual([]);
    expect(reactor.dispatcher.snapshot().clockDistrustedSince).toBe(T);
    reactor.linq.script.time = () => T + reactor.clock.monotonic();
    await reactor.run(5 * SECOND);
    expect(isDistrusted(reactor)).toBe(false);
    expect(reactor.linq.shares()).toHaveLength(1);
  });

  it('is believed again when it is set right again', async () => {
    const reactor = await startReactor({ clock: createFakeClock() });
    await reactor.deliver(outboundOf(T));
    reactor.clock.stepWall(stepMs);
    await reactor.run(MINUTE);
    expect(isDistrusted(reactor)).toBe(false);
    reactor.clock.stepWall(-stepMs);
    await reactor.deliver(outboundOf(T, { chatId: 'chat-2' }));
    await reactor.run(MINUTE);
    expect(isDistrusted(reactor)).toBe(false);
    expect(reactor.linq.sharesOf('chat-2')).toHaveLength(1);
  });
});

describe('a wall clock that was wrong when we started and is set right', () => {
  /** Our clock starts at `T`; Linq's is ahead by so much. */
  async function startOff(offMs: number): Promise<Reactor> {
    const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
    const reactor = await startReactor({ clock });
    reactor.linq.script.time = () => T + offMs + clock.monotonic();
    return reactor;
  }

  it.each(STEPS)(
    'shares nothing while it is wrong by %s, and everything due once it is right',
    async (_, offMs) => {
      const reactor = await startOff(offMs);
      await reactor.deliver(outboundOf(T + Math.min(offMs, 0)));
      await reactor.run(MINUTE);
      expect(isDistrusted(reactor)).toBe(true);
      expect(reactor.linq.shares()).toEqual([]);
      reactor.clock.stepWall(offMs);
      await reactor.run(6 * SECOND);
      expect(isDistrusted(reactor)).toBe(false);
      expect(reactor.linq.shares()).toHaveLength(1);
      expect(reactor.clock.now()).toBe(T + offMs + MINUTE + 6 * SECOND);
      expect(reactor.logged.filter(({ event }) => event === 'clock.corrected')).toHaveLength(1);
    },
  );

  it.each(STEPS)(
    'cuts no window short by %s, also of shares that were answered as it was set',
    async (_, offMs) => {
      const reactor = await startOff(offMs);
      reactor.linq.script.time = null; // so that it shares at the wrong time at all
      const answers = [later<LinqAnswer>(), later<LinqAnswer>()];
      const waiting = answers.map(({ promise }) => promise);
      await reactor.deliver(outboundOf(T));
      reactor.linq.script.share = () => waiting.shift() ?? answerOf();
      await reactor.deliver(outboundOf(T, { chatId: 'a' }), outboundOf(T, { chatId: 'b' }));
      reactor.clock.advance(SECOND);
      reactor.linq.script.time = () => T + offMs + reactor.clock.monotonic();
      reactor.clock.stepWall(offMs);
      for (const { answer } of answers) answer(answerOf());
      await reactor.run(10 * SECOND);
      expect(reactor.clock.now()).toBe(T + offMs + 11 * SECOND);
      await reactor.leap(DAY - 11 * SECOND);
      expect(reactor.linq.shares()).toHaveLength(3);
      await reactor.run(20 * HOUR);
      for (const chatId of ['chat-1', 'a', 'b']) expect(reactor.linq.sharesOf(chatId)).toHaveLength(2);
    },
  );

  it('shares what the wrong time made idle', async () => {
    const clock = createFakeClock(T + 8 * DAY, Number.POSITIVE_INFINITY);
    const reactor = await startReactor({ clock });
    reactor.linq.script.time = () => T + clock.monotonic();
    await reactor.deliver(outboundOf(T), outboundOf(T + 8 * DAY, { chatId: 'asks for the time' }));
    expect(await reactor.chat()).toMatchObject({ state: 'idle' });
    clock.stepWall(-8 * DAY);
    await reactor.run(MINUTE);
    expect(reactor.linq.sharesOf('chat-1')).toHaveLength(1);
  });

  it('cuts no pause short that Linq asked for', async () => {
    const reactor = await startOff(2 * HOUR);
    reactor.linq.script.time = null;
    reactor.linq.script.share = () => answerOf(429, 1007, { retryAfterMs: HOUR });
    await reactor.deliver(outboundOf(T));
    reactor.clock.stepWall(2 * HOUR);
    reactor.linq.script.time = () => T + 2 * HOUR + reactor.clock.monotonic();
    reactor.linq.clear();
    await reactor.run(HOUR - 1);
    expect(reactor.linq.calls).toEqual([]);
    reactor.linq.script.share = () => answerOf();
    await reactor.run(10 * SECOND);
    expect(isDistrusted(reactor)).toBe(false);
    expect(reactor.linq.calls.length).toBeGreaterThan(0);
    await reactor.run(2 * HOUR + MINUTE);
    expect(reactor.linq.shares()).toHaveLength(1);
  });

  it.each(STEPS)('cuts no pause of a line short by %s', async (_, offMs) => {
    const reactor = await startOff(offMs);
    reactor.linq.script.time = null;
    reactor.linq.script.share = () => answerOf(403, 2027);
    await reactor.deliver(outboundOf(T + Math.min(offMs, 0)));
    reactor.linq.script.time = () => T + offMs + reactor.clock.monotonic();
    reactor.clock.stepWall(offMs);
    reactor.dispatcher.nudge();
    await reactor.run(20 * MINUTE);
    expect(isDistrusted(reactor)).toBe(false);
    expect(reactor.linq.shares()).toHaveLength(1);
    await reactor.run(9 * MINUTE);
    expect(reactor.linq.shares()).toHaveLength(1);
    await reactor.run(2 * MINUTE + Math.max(0, -offMs)); // late by the step at most
    expect(reactor.linq.shares().length).toBeGreaterThan(1);
  });
});

describe('while the clock is doubted', () => {
  it('looks at the cards every 5 s, and no more often', async () => {
    const reactor = await startReactor();
    reactor.linq.script.time = () => T - DAY;
    await reactor.deliver(outboundOf(T));
    reactor.linq.clear();
    await reactor.run(MINUTE);
    expect(reactor.linq.calls.length).toBeGreaterThanOrEqual(11);
    expect(reactor.linq.calls.length).toBeLessThanOrEqual(13);
    expect(reactor.linq.shares()).toEqual([]);
  });

  it('finds out also when the feature of sharing is disabled meanwhile', async () => {
    const reactor = await startReactor({ clock: createFakeClock() });
    reactor.linq.script.share = () => answerOf(403, 2011);
    await reactor.deliver(outboundOf(T));
    reactor.clock.stepWall(DAY);
    expect(isDistrusted(reactor)).toBe(true);
    await reactor.run(MINUTE);
    expect(isDistrusted(reactor)).toBe(false);
  });

  it('shares what an operator asks for', async () => {
    const reactor = await startReactor();
    reactor.linq.script.time = () => T - DAY;
    await reactor.deliver(outboundOf(T));
    const share = reactor.dispatcher.shareManually('chat-1');
    await reactor.idle();
    expect(await share).toMatchObject({ kind: 'settled', attempt: { trigger: 'manual', outcome: 'shared' } });
  });
});

describe('a correction on its way to many chats', () => {
  it('has sharing wait until it has come to all of them, and the next correction as well', async () => {
    const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
    let batches = 0;
    let corrections = 0;
    const tooEarly: string[] = [];
    const wrapStore = (store: Store): Store => ({
      ...store,
      async turn(turn, now) {
        if (turn.claim !== null && (await store.agenda(now)).isShifting) tooEarly.push('claim');
        return store.turn(turn, now);
      },
      async shiftClock(byMs, now) {
        if ((await store.agenda(now)).isShifting) tooEarly.push('correction');
        corrections++;
        return store.shiftClock(byMs, now);
      },
      async redecide(...how) {
        if ((await store.agenda(T)).isShifting) batches++;
        // the wall clock is set once more, and Linq agrees with it
        if (corrections === 1 && batches === 2) {
          clock.stepWall(HOUR);
          reactor.linq.script.time = () => T + 3 * HOUR + clock.monotonic();
          await reactor.linq.contactCards(null);
        }
        return store.redecide(...how);
      },
    });
    const reactor = await startReactor({ clock, wrapStore });
    reactor.linq.script.time = () => T + 2 * HOUR + clock.monotonic();
    const quiet = Array.from({ length: 900 }, (_, index) => inboundOf(T, { chatId: `quiet-${index}` }));
    await reactor.deliver(outboundOf(T), ...quiet);
    await reactor.run(MINUTE);
    expect(reactor.linq.shares()).toEqual([]);
    clock.stepWall(2 * HOUR);
    await reactor.run(MINUTE);
    expect(tooEarly).toEqual([]);
    expect([corrections, batches]).toEqual([2, 10]);
    expect(reactor.linq.shares()).toHaveLength(1);
    expect(clock.now()).toBe(T + 3 * HOUR + 2 * MINUTE);
  });
});

describe('a correction that another replica has made', () => {
  it.each([
    ['by 2 h', 2 * HOUR, false],
    ['by -2 h', -2 * HOUR, false],
    ['within the second in which it stops', 2 * HOUR, true],
  ])('%s is followed, and what had ended before with it', async (_, byMs, isStopping) => {
    let made = 0;
    let corrections = 0;
    let followed = 0;
    const own: number[] = [];
    const fake = createFakeClock(T, Number.POSITIVE_INFINITY);
    const clock = { ...fake, corrections: () => corrections };
    const wrapStore = (store: Store): Store => ({
      ...store,
      kind: isStopping ? 'postgres' : store.kind,
      async turn(turn, now) {
        if (followed < made) throw new StoreError('outdated', 'corrected');
        return store.turn(turn, now);
      },
      async shiftClock(...how) {
        own.push(how[0]);
        return store.shiftClock(...how);
      },
      followedCorrections: () => followed,
      followCorrections(count) {
        followed = count;
      },
    });
    const reactor = await startReactor({ clock, wrapStore });
    const held = later<LinqAnswer>();
    reactor.linq.script.share = () => held.promise;
    await reactor.deliver(outboundOf(T));
    await reactor.run(SECOND);
    // the call ends by the older time, and can't be written by it
    made = 1;
    await reactor.store.shiftClock(byMs, T + SECOND + byMs);
    held.answer(answerOf());
    await reactor.idle();
    expect(await reactor.chat()).toMatchObject({ shareCount: 0 });
    let isStopped = !isStopping;
    if (isStopping) void reactor.dispatcher.stop().then(() => (isStopped = true));
    await reactor.settle();
    expect(isStopped).toBe(!isStopping);
    // then our clock is read
    clock.stepWall(byMs);
    corrections = 1;
    reactor.linq.script.time = () => T + byMs + clock.monotonic();
    if (!isStopping) await reactor.run(MINUTE);
    for (let tries = 0; tries < 5; tries++) {
      clock.advance(SECOND / 4);
      await reactor.settle();
    }
    expect(own).toEqual([]);
    expect(followed).toBe(1);
    expect(await reactor.chat()).toMatchObject({ shareCount: 1, lastSharedAt: T + SECOND + 1 + byMs });
    expect(isStopped).toBe(true);
    expect(isDistrusted(reactor)).toBe(false);
    const events = reactor.logged.map(({ event }) => event);
    expect(events.filter((event) => event === 'clock.corrected')).toHaveLength(1);
    expect(events).not.toContain('turn.failed');
  });
});
