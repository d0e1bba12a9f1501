import { describe, expect, it } from 'vitest';
import type { LinqAnswer } from '../../../src/decide/outcome.ts';
import { DAY, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { StoreError, type StoreFault } from '../../../src/errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { answerOf, outboundOf, T } from '../../helpers/builders.ts';
import { later } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

/** A reactor whose store fails in these methods while `fails` is set. */
async function startFailing(...methods: (keyof Store)[]) {
  const disk = { fault: null as StoreFault | null, refusals: 0 };
  const wrapStore = (store: Store): Store =>
    new Proxy(store, {
      get(target, name: keyof Store) {
        const member = target[name];
        if (disk.fault === null || !methods.includes(name) || typeof member !== 'function') return member;
        const { fault } = disk;
        return () => {
          disk.refusals++;
          return Promise.reject(new StoreError(fault, 'refused by the test'));
        };
      },
    });
  const reactor = await startReactor({ wrapStore });
  return { reactor, disk };
}

const WRITES: (keyof Store)[] = [
  'turn',
  'wakeChats',
  'heartbeat',
  'redecide',
  'claimManually',
  'addLookedUp',
];

/** One chat's call is under way when the disk fills, and ends while it is full. */
async function startFullDisk(): Promise<Awaited<ReturnType<typeof startFailing>>> {
  const started = await startFailing(...WRITES);
  const { reactor, disk } = started;
  const slow = later<LinqAnswer>();
  reactor.linq.script.share = () => slow.promise;
  await reactor.deliver(outboundOf(T));
  disk.fault = 'full';
  slow.answer(answerOf());
  await reactor.idle();
  return started;
}

const eventsOf = ({ logged }: Reactor) => logged.map(({ event }) => event);

describe('a store that fails', () => {
  it('loses no outcome: the share is written when it works again, and not made twice', async () => {
    const { reactor, disk } = await startFullDisk();
    await reactor.run(10 * MINUTE);
    expect((await reactor.chat()).lease).not.toBeNull();
    disk.fault = null;
    await reactor.run(30 * SECOND);
    expect(await reactor.chat()).toMatchObject({ state: 'waiting', lastSharedAt: T + 1, shareCount: 1 });
    await reactor.leapTo(T + DAY);
    expect(reactor.linq.shares()).toHaveLength(1);
    await reactor.run(1);
    expect(reactor.linq.shares()).toHaveLength(2);
  });

  it('is tried again after 1 s doubling to 30 s, with a line in the log each time', async () => {
    const { reactor, disk } = await startFullDisk();
    const before = eventsOf(reactor).filter((event) => event === 'turn.failed').length;
    await reactor.run(5 * MINUTE);
    const failures = eventsOf(reactor).filter((event) => event === 'turn.failed').length - before;
    expect(failures).toBeGreaterThanOrEqual(12);
    expect(failures).toBeLessThanOrEqual(15);
    expect(disk.refusals).toBeLessThanOrEqual(20);
    expect(reactor.fatal).toEqual([]);
  });

  it('stops nothing for longer than that: chats that came meanwhile get their card', async () => {
    const { reactor, disk } = await startFullDisk();
    await reactor.store.record([outboundOf(T, { chatId: 'chat-2' })], T);
    await reactor.run(MINUTE);
    expect(reactor.linq.sharesOf('chat-2')).toEqual([]);
    disk.fault = null;
    await reactor.run(30 * SECOND);
    expect(reactor.linq.sharesOf('chat-2')).toHaveLength(1);
  });

  it('loses no hold that was learnt meanwhile', async () => {
    const { reactor, disk } = await startFailing(...WRITES);
    const slow = later<LinqAnswer>();
    reactor.linq.script.share = () => slow.promise;
    await reactor.deliver(outboundOf(T));
    disk.fault = 'busy';
    slow.answer(answerOf(429, 1007, { retryAfterMs: DAY }));
    await reactor.run(MINUTE);
    disk.fault = null;
    await reactor.run(MINUTE);
    expect(await reactor.store.holds()).toMatchObject([{ reason: 'rate_limited', until: T + DAY }]);
  });

  it('makes no call that is not on disk before', async () => {
    const { reactor, disk } = await startFailing(...WRITES);
    disk.fault = 'readonly';
    await reactor.store.record([outboundOf(T)], T);
    reactor.dispatcher.nudge();
    await reactor.run(10 * MINUTE);
    expect(reactor.linq.shares()).toEqual([]);
  });

  it.each(['corrupt', 'io'] as const)('for good (%s) is reported as fatal', async (fault) => {
    const { reactor, disk } = await startFailing(...WRITES);
    disk.fault = fault;
    await reactor.store.record([outboundOf(T)], T);
    reactor.dispatcher.nudge();
    await reactor.idle();
    expect(reactor.fatal).toMatchObject([{ code: 'REACTOR_STORE', fault }]);
  });

  it('answers an operator when it works again', async () => {
    const { reactor, disk } = await startFailing('claimManually');
    await reactor.deliver(outboundOf(T));
    disk.fault = 'full';
    const share = reactor.dispatcher.shareManually('chat-1');
    await reactor.run(10 * SECOND);
    disk.fault = null;
    await reactor.run(30 * SECOND);
    expect(await share).toMatchObject({ kind: 'settled', attempt: { outcome: 'shared' } });
  });

  it('in the middle of an attempt costs that attempt, which is made again when its lease is over', async () => {
    const { reactor, disk } = await startFailing('addLookedUp');
    disk.fault = 'full';
    await reactor.deliver(outboundOf(T, { service: null }));
    expect(eventsOf(reactor)).toContain('attempt.failed');
    disk.fault = null;
    await reactor.run(2 * MINUTE);
    expect(reactor.linq.shares()).toHaveLength(1);
    expect((await reactor.attempts()).map(({ outcome }) => outcome)).toEqual(['shared', 'interrupted']);
  });
});
