import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { StoreError } from '../../../src/errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { answerOf, LINE, lineEventOf, outboundOf, T } from '../../helpers/builders.ts';
import { later } from '../../helpers/fake-linq.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

/** Looks up facts that can't be stored while `isFull`: the lease of such an attempt runs out. */
async function startForgetful(): Promise<{ reactor: Reactor; disk: { isFull: boolean } }> {
  const disk = { isFull: true };
  const wrapStore = (store: Store): Store => ({
    ...store,
    addLookedUp: (...args) =>
      disk.isFull
        ? Promise.reject(new StoreError('full', 'refused by the test'))
        : store.addLookedUp(...args),
  });
  const reactor = await startReactor({ wrapStore });
  reactor.linq.script.chat = () => ({ kind: 'chat', line: LINE, service: 'iMessage', isGroup: false });
  return { reactor, disk };
}

const unknown = (count: number) =>
  Array.from({ length: count }, (_, index) => outboundOf(T, { chatId: `chat-${index}`, service: null }));

/** How often somebody was woken meanwhile. */
async function stirsIn({ clock, run }: Reactor, ms: number): Promise<number> {
  const before = clock.stirs();
  await run(ms);
  return clock.stirs() - before;
}

describe('a lease that ran out', () => {
  it('ends its attempt although the chat is not due any more', async () => {
    const { reactor } = await startForgetful();
    await reactor.deliver(...unknown(1));
    await reactor.store.updateChat('chat-0', (chat) => ({ ...chat, operatorHeldAt: T }), T);
    expect(await reactor.attempts('chat-0')).toMatchObject([{ outcome: null }]);
    await reactor.run(2 * MINUTE);
    expect(await reactor.attempts('chat-0')).toMatchObject([{ outcome: 'interrupted', endedAt: T + MINUTE }]);
    expect(await reactor.chat('chat-0')).toMatchObject({ lease: null, state: 'held', interruptions: 1 });
    expect(await stirsIn(reactor, HOUR)).toBeLessThan(10);
  });

  it('ends the attempt of an operator inside the window', async () => {
    const { reactor, disk } = await startForgetful();
    disk.isFull = false;
    await reactor.deliver(outboundOf(T));
    expect(await reactor.chat()).toMatchObject({ state: 'waiting' });
    await reactor.store.updateChat('chat-1', (chat) => ({ ...chat, service: null, serviceAt: null }), T);
    disk.isFull = true;
    const share = reactor.dispatcher.shareManually('chat-1');
    await reactor.idle();
    expect(await reactor.attempts()).toMatchObject([{ trigger: 'manual', outcome: null }, {}]);
    await reactor.run(MINUTE);
    expect(await reactor.attempts()).toMatchObject([{ trigger: 'manual', outcome: 'interrupted' }, {}]);
    expect(await reactor.chat()).toMatchObject({ lease: null, state: 'waiting', reason: 'window' });
    await reactor.stop();
    expect(await share).toEqual({ kind: 'stopped' });
  });

  it('lets the dispatcher rest while its line is closed, and is repeated when that ends', async () => {
    const { reactor, disk } = await startForgetful();
    await reactor.deliver(...unknown(5));
    await reactor.run(30 * SECOND);
    await reactor.deliver(lineEventOf({ at: T + 30 * SECOND, status: 'FLAGGED' }));
    await reactor.run(MINUTE);
    expect(await stirsIn(reactor, HOUR)).toBeLessThan(20);
    disk.isFull = false;
    expect(await reactor.store.counts(reactor.clock.now())).toMatchObject([{ state: 'due', count: 5 }]);
    await reactor.deliver(lineEventOf({ at: reactor.clock.now(), status: 'ACTIVE' }));
    await reactor.run(2 * SECOND);
    expect(await reactor.store.counts(reactor.clock.now())).toMatchObject([{ state: 'waiting', count: 5 }]);
  });

  it('lets the dispatcher rest while sharing is paused', async () => {
    const { reactor } = await startForgetful();
    await reactor.deliver(...unknown(5));
    await reactor.dispatcher.pause();
    await reactor.run(2 * MINUTE);
    expect(await stirsIn(reactor, HOUR)).toBeLessThan(20);
  });
});

describe('a call in progress', () => {
  it('lets the dispatcher rest although its chat changes with time meanwhile', async () => {
    const reactor = await startReactor();
    const slow = later<ReturnType<typeof answerOf>>();
    reactor.linq.script.share = () => slow.promise;
    await reactor.leap(7 * DAY - 10 * SECOND);
    await reactor.deliver(outboundOf(T)); // idle in 10 s
    expect(await reactor.attempts()).toMatchObject([{ outcome: null }]);
    expect(await stirsIn(reactor, 50 * SECOND)).toBeLessThan(10);
    slow.answer(answerOf());
    await reactor.idle();
    expect(await reactor.chat()).toMatchObject({ lease: null, shareCount: 1 });
  });

  it('lets the dispatcher rest although it outlasts its lease, and its share is kept', async () => {
    const reactor = await startReactor();
    const slow = later<ReturnType<typeof answerOf>>();
    reactor.linq.script.share = () => slow.promise;
    await reactor.deliver(outboundOf(T));
    await reactor.store.updateChat('chat-1', (chat) => ({ ...chat, optOutWordAt: T + 5 }), T + 5);
    await reactor.leap(2 * MINUTE);
    expect(await stirsIn(reactor, HOUR)).toBeLessThan(150);
    slow.answer(answerOf());
    await reactor.idle();
    expect(await reactor.chat()).toMatchObject({ lease: null, shareCount: 1, interruptions: 0 });
    expect(await reactor.attempts()).toMatchObject([{ outcome: 'shared' }]);
  });
});
