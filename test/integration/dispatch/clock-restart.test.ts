import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/decide/policy.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { StoreError } from '../../../src/errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { outboundOf, T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';
import { createFakeLinq } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const isDistrusted = ({ dispatcher }: Reactor) => dispatcher.snapshot().clockDistrustedSince !== null;

/**
 * A chat was shared at `T`; ten minutes later we start again on a wall clock that is off by so much. Linq's is right.
 */
async function restartOff(
  offMs: number,
  wrapStore?: (store: Store) => Store,
  policy: Partial<Policy> = { idleAfterMs: 0 },
): Promise<Reactor> {
  const first = await startReactor({ policy });
  await first.deliver(outboundOf(T, { chatId: 'chat-1' }));
  await first.leap(10 * MINUTE);
  await first.deliver(outboundOf(T, { chatId: 'due' }));
  await first.stop();
  const clock = createFakeClock(T + 10 * MINUTE + offMs, Number.POSITIVE_INFINITY);
  const linq = createFakeLinq(clock);
  linq.script.time = () => T + 10 * MINUTE + clock.monotonic();
  const restarted = { clock, linq, ...(wrapStore === undefined ? {} : { wrapStore }) };
  return first.restart(restarted);
}

describe.each([
  ['+26 h', 26 * HOUR],
  ['+10 days', 10 * DAY],
  ['-2 h', -2 * HOUR],
  ['-10 days', -10 * DAY],
])('a start on a wall clock that is off by %s', (_, offMs) => {
  it('shares nothing by itself, for however long', async () => {
    const reactor = await restartOff(offMs);
    await reactor.deliver(outboundOf(reactor.clock.now(), { chatId: 'new' }));
    for (let days = 0; days < 4; days++) await reactor.leap(DAY);
    expect(isDistrusted(reactor)).toBe(true);
    expect(reactor.linq.shares()).toEqual([]);
  });

  it('shares once the clock is right: nothing inside its window, and late by no more than the step', async () => {
    const reactor = await restartOff(offMs);
    await reactor.leap(MINUTE);
    reactor.clock.stepWall(-offMs);
    await reactor.run(MINUTE);
    expect(isDistrusted(reactor)).toBe(false);
    expect(reactor.clock.now()).toBe(T + 12 * MINUTE);
    await reactor.leapTo(T + DAY);
    expect(reactor.linq.sharesOf('chat-1')).toEqual([]);
    for (let hours = 0; hours < 14 * 24 && reactor.linq.sharesOf('chat-1').length === 0; hours++)
      await reactor.run(HOUR);
    const [sharedAt] = reactor.linq.sharesOf('chat-1');
    expect(sharedAt).toBeGreaterThan(T + DAY);
    expect(sharedAt).toBeLessThanOrEqual(T + DAY + Math.abs(offMs) + 12 * MINUTE);
  });
});

describe('a clock that is ahead', () => {
  it('leaves no chat idle that would not be by the right time', async () => {
    const reactor = await restartOff(10 * DAY, undefined, { idleAfterMs: 7 * DAY });
    expect(await reactor.chat()).toMatchObject({ state: 'idle' });
    reactor.clock.stepWall(-10 * DAY);
    await reactor.run(MINUTE);
    await reactor.leapTo(T + DAY + HOUR);
    expect(reactor.linq.sharesOf('chat-1')).toHaveLength(1);
  });
});

describe('a clock that was ahead when we ran before', () => {
  it('leaves shares in the future: they count as of now, so nobody waits for longer than a window', async () => {
    const before = createFakeClock(T + 20 * DAY, Number.POSITIVE_INFINITY);
    const first = await startReactor({ clock: before, policy: { idleAfterMs: 0 } });
    await first.deliver(outboundOf(T));
    await first.stop();
    const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
    const second = await first.restart({ clock, linq: createFakeLinq(clock) });
    await second.run(MINUTE);
    expect(isDistrusted(second)).toBe(false);
    await second.leapTo(T + DAY - 1);
    expect(second.linq.shares()).toEqual([]);
    await second.run(HOUR);
    expect(second.linq.shares()).toHaveLength(1);
  });

  it('is noticed at every start until an answer of Linq’s tells the time', async () => {
    const before = createFakeClock(T + 365 * DAY, Number.POSITIVE_INFINITY);
    const first = await startReactor({ clock: before, policy: { idleAfterMs: 0 } });
    await first.deliver(outboundOf(T));
    await first.stop();
    const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
    const linq = createFakeLinq(clock);
    linq.script.time = null;
    const second = await first.restart({ clock, linq });
    await second.run(HOUR);
    await second.stop();
    const third = await second.restart();
    expect(isDistrusted(third)).toBe(true);
    linq.script.time = () => T + clock.monotonic();
    await third.run(MINUTE);
    expect(isDistrusted(third)).toBe(false);
    expect(await third.chat()).toMatchObject({
      state: 'waiting',
      nextAttemptAt: expect.closeTo(T + HOUR + DAY, -5),
    });
    await third.stop();
    expect(isDistrusted(await third.restart())).toBe(false);
  });

  it('is no matter when it was ahead by less than half a minute', async () => {
    const first = await startReactor({ clock: createFakeClock(T + 20 * SECOND) });
    await first.stop();
    const clock = createFakeClock(T);
    const second = await first.restart({ clock, linq: createFakeLinq(clock) });
    expect(isDistrusted(second)).toBe(false);
  });
});

describe('setting stored times right', () => {
  it('is tried until the store has done it, and nothing is shared before', async () => {
    let failures = 3;
    const failing = (store: Store): Store => ({
      ...store,
      shiftClock: async (byMs, now) => {
        if (failures-- > 0) throw new StoreError('full', 'no space');
        return store.shiftClock(byMs, now);
      },
    });
    const reactor = await restartOff(-2 * HOUR, failing);
    reactor.clock.stepWall(2 * HOUR);
    await reactor.deliver(outboundOf(T, { chatId: 'new' }));
    await reactor.run(6 * SECOND);
    expect(isDistrusted(reactor)).toBe(true);
    expect(reactor.linq.shares()).toEqual([]);
    await reactor.run(MINUTE);
    expect(failures).toBe(-1);
    expect(isDistrusted(reactor)).toBe(false);
    expect(reactor.linq.sharesOf('new')).toHaveLength(1);
    await reactor.leapTo(T + DAY);
    expect(reactor.linq.sharesOf('chat-1')).toEqual([]);
  });
});
