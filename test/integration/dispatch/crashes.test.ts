import { describe, expect, it } from 'vitest';
import { releaseChat } from '../../../src/decide/chat.ts';
import { DAY, HOUR } from '../../../src/decide/time.ts';
import { answerOf, outboundOf, T } from '../../helpers/builders.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

const never = () => new Promise<never>(() => {});

/** Starts, waits until the chat's call is under way, and crashes: so many times in a row. */
async function crashing(reactor: Reactor, times: number): Promise<Reactor> {
  let running = reactor;
  for (let crash = 0; crash < times; crash++) {
    running.linq.script.share = never;
    if (crash > 0) running = await running.restart();
    await running.crash();
  }
  return running;
}

async function startCrashed(times: number, policy = {}): Promise<Reactor> {
  const reactor = await startReactor({ policy });
  reactor.linq.script.share = never;
  await reactor.deliver(outboundOf(T));
  expect(reactor.linq.open()).toBe(1);
  return crashing(reactor, times);
}

describe('an attempt that a crash cut off', () => {
  it('is recorded as interrupted at the next start and repeated at once', async () => {
    const crashed = await startCrashed(1);
    crashed.clock.advance(1);
    crashed.linq.script.share = () => answerOf();
    const { attempts, linq, chat } = await crashed.restart();
    expect(linq.sharesOf('chat-1')).toEqual([T, T + 1]);
    expect(await attempts()).toMatchObject([
      { outcome: 'shared', startedAt: T + 1 },
      { outcome: 'interrupted', startedAt: T, endedAt: T + 1, httpStatus: null },
    ]);
    expect(await chat()).toMatchObject({ interruptions: 0, shareCount: 1, uncertainAt: null });
  });

  it('is repeated alone: the others go on with their own times', async () => {
    const first = await startReactor();
    await first.deliver(outboundOf(T, { chatId: 'waiting' }));
    first.linq.script.share = never;
    await first.deliver(outboundOf(T, { chatId: 'cut' }));
    await first.crash();
    first.linq.script.share = () => answerOf();
    first.linq.clear();
    await first.restart();
    expect(first.linq.shares().map(({ subject }) => subject)).toEqual(['cut']);
  });

  it('parks the chat at the third in a row, until an operator releases it', async () => {
    const crashed = await startCrashed(3);
    crashed.linq.script.share = () => answerOf();
    crashed.linq.clear();
    const { chat, leap, linq, store, dispatcher, idle, clock } = await crashed.restart();
    expect(await chat()).toMatchObject({ state: 'held', reason: 'parked', interruptions: 3 });
    await leap(2 * DAY);
    expect(linq.shares()).toEqual([]);
    await store.updateChat('chat-1', releaseChat, clock.now());
    dispatcher.nudge();
    await idle();
    expect(linq.shares()).toHaveLength(1);
  });

  it('starts to count anew after any settled outcome', async () => {
    const twice = await startCrashed(2);
    twice.linq.script.share = () => answerOf(500);
    const third = await twice.restart();
    expect(await third.chat()).toMatchObject({ interruptions: 0, state: 'retrying' });
    third.linq.script.share = never;
    await third.leap(HOUR);
    await third.crash();
    const again = await crashing(third, 1);
    again.linq.script.share = () => answerOf();
    const { chat } = await again.restart();
    expect(await chat()).toMatchObject({ state: 'waiting', shareCount: 1 });
  });

  it('counts as a share for a limit when it was never repeated and its window is over', async () => {
    const crashed = await startCrashed(1, { maxSharesPerChat: 1 });
    crashed.linq.script.share = () => answerOf();
    crashed.clock.advance(DAY);
    const { linq, chat } = await crashed.restart();
    expect(await chat()).toMatchObject({ state: 'done', reason: 'share_limit' });
    expect(linq.shares()).toHaveLength(1);
  });

  it('is repeated within its window whatever the limit', async () => {
    const crashed = await startCrashed(1, { reshare: 'once' });
    crashed.linq.script.share = () => answerOf();
    const { linq, chat } = await crashed.restart();
    expect(linq.shares()).toHaveLength(2);
    expect(await chat()).toMatchObject({ state: 'done', reason: 'shared_once', shareCount: 1 });
  });

  it.each([
    ['in a dry run', { dryRun: true }, {}],
    ['while it asked for facts', {}, { service: null }],
  ])('%s is no share for a limit: the chat still gets its card', async (_, policy, evidence) => {
    const limit = { reshare: 'once', idleAfterMs: 0 } as const;
    // the turn that settles the dry run is never written
    const first = await startReactor({
      policy: { ...limit, ...policy },
      wrapStore: (store) => ({
        ...store,
        turn: (turn, now) => (turn.settlements.length > 0 ? never() : store.turn(turn, now)),
      }),
    });
    const { chat: tells } = first.linq.script;
    first.linq.script.chat = never;
    first.linq.script.share = () => answerOf(500);
    await first.store.record([outboundOf(T, evidence)], T);
    first.dispatcher.nudge();
    await first.settle();
    await first.crash();
    first.linq.script.chat = tells;
    const second = await first.restart({ policy: limit, wrapStore: (store) => store });
    expect(await second.chat()).toMatchObject({ state: 'retrying', uncertainAt: null });
    second.linq.script.share = () => answerOf();
    await second.leap(3 * DAY);
    expect(await second.chat()).toMatchObject({ state: 'done', reason: 'shared_once', shareCount: 1 });
  });

  it('of an operator opens no window by itself, and is no second share inside one', async () => {
    const first = await startReactor();
    await first.deliver(outboundOf(T));
    first.linq.script.share = never;
    void first.dispatcher.shareManually('chat-1');
    await first.idle();
    await first.crash();
    first.linq.script.share = () => answerOf();
    first.linq.clear();
    const { chat, linq, run } = await first.restart();
    await run(HOUR);
    expect(linq.shares()).toEqual([]);
    expect(await chat()).toMatchObject({ state: 'waiting', lastSharedAt: T + 1 });
  });
});
