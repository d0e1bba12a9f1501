import { describe, expect, it } from 'vitest';
import { wishFor } from '../../../src/decide/catch-up.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, T } from '../../helpers/builders.ts';
import { failedWith, sent } from './account.ts';
import { createWorld } from './world.ts';

describe('a run begins', () => {
  it('at a start after more than what is tolerated, and at a later one not', async () => {
    const world = createWorld();
    const first = await world.start();
    await world.run(MINUTE);
    expect(world.completions()).toHaveLength(1);
    await first.stop();
    world.clock.advance(4 * MINUTE);
    const second = await world.start();
    await world.run(MINUTE);
    expect(world.completions()).toHaveLength(1);
    await second.stop();
    world.clock.advance(6 * MINUTE);
    await world.start();
    await world.run(MINUTE);
    expect(world.completions()).toHaveLength(2);
  });

  it('every so often, counted from the start of the one before', async () => {
    const world = createWorld({ everyMs: 2 * HOUR });
    await world.start();
    await world.run(9 * HOUR);
    expect(world.account.listings().map(({ atMs }) => atMs / HOUR)).toEqual([0, 2, 4, 6, 8]);
  });

  it('never by itself when that is switched off, but on demand', async () => {
    const world = createWorld({ everyMs: 0 });
    const { catchUp } = await world.start();
    catchUp.onStale();
    await world.run(24 * HOUR);
    expect(world.account.calls).toEqual([]);
    expect(catchUp.view()).toMatchObject({ activity: 'off', completedAt: null });
    await catchUp.request();
    await world.run(MINUTE);
    expect(world.completions()).toHaveLength(1);
    expect(catchUp.view()).toMatchObject({ activity: 'off', completedAt: T + 24 * HOUR });
  });

  it('when stale deliveries ask for it, at most every 15 minutes', async () => {
    const world = createWorld();
    const { catchUp } = await world.start();
    await world.run(MINUTE);
    for (let n = 0; n < 30; n++) {
      catchUp.onStale();
      await world.run(MINUTE);
    }
    expect(world.completions()).toHaveLength(1 + 2);
    expect(
      world.logged.filter(({ event }) => event === 'catch-up.started').map(({ fields }) => fields),
    ).toMatchObject([{ reason: 'away' }, { reason: 'stale' }, { reason: 'stale' }]);
  });

  it('after one that was under way, if that may have missed what it is about; several wishes are one', async () => {
    const world = createWorld();
    for (const n of [1, 2, 3]) world.account.add(`chat-${n}`, T, sent(T));
    const { catchUp } = await world.start();
    await world.run(MINUTE, () => world.account.callsOf('chat-2').length === 1);
    catchUp.onStale();
    await catchUp.request();
    await catchUp.request();
    await world.run(HOUR);
    expect(world.completions()).toHaveLength(2);
  });

  it('when the process stood still for longer than is tolerated', async () => {
    const world = createWorld();
    await world.start();
    await world.run(MINUTE);
    world.clock.advance(7 * MINUTE); // stopped, or suspended
    await world.run(MINUTE);
    expect(world.completions()).toHaveLength(2);
  });

  it('at once when an operator asks while one that failed waits', async () => {
    const world = createWorld();
    world.account.onCall = () => failedWith(answerOf(500, 3006));
    const { catchUp } = await world.start();
    await world.run(HOUR);
    expect(catchUp.view().activity).toBe('failed');
    world.account.onCall = () => null;
    await catchUp.request();
    expect(catchUp.view().activity).toBe('running');
    await world.run(SECOND);
    expect(catchUp.view().activity).toBe('idle');
  });

  it('within seconds when an operator asks another replica while one that failed waits', async () => {
    const world = createWorld({ isShared: true });
    world.account.onCall = () => failedWith(answerOf(500, 3006));
    const { catchUp, store } = await world.start();
    await world.run(HOUR);
    expect(catchUp.view().activity).toBe('failed');
    world.account.onCall = () => null;
    await store.changeCatchUp((state) => wishFor(state, 'manual', world.clock.now()));
    await world.run(6 * SECOND);
    expect(catchUp.view().activity).toBe('idle');
  });
});

describe('the subscription', () => {
  const publicUrl = 'https://reactor.example.com/webhooks/linq';
  const own = { targetUrl: `${publicUrl}?version=2026-02-03`, isActive: true, events: ['message.sent'] };

  it('is looked at with each run and every hour, and what was known stands while Linq does not tell', async () => {
    const world = createWorld({ publicUrl });
    const { catchUp } = await world.start();
    expect(catchUp.subscription()).toBe('unknown');
    await world.run(MINUTE);
    expect(catchUp.subscription()).toBe('missing');
    world.account.subscriptions = [own];
    await world.run(HOUR);
    expect(catchUp.subscription()).toBe('fine');
    world.account.onCall = ({ what }) => (what === 'subscriptions' ? failedWith(answerOf(500, 3006)) : null);
    world.account.subscriptions = [];
    await world.run(2 * HOUR);
    expect(catchUp.subscription()).toBe('fine');
    world.account.onCall = () => null;
    await world.run(2 * MINUTE);
    expect(catchUp.subscription()).toBe('missing');
    world.account.subscriptions = [own];
    await catchUp.request();
    await world.run(MINUTE);
    expect(catchUp.subscription()).toBe('fine');
    expect(world.logged.filter(({ event }) => event.startsWith('subscription.not_found'))).toMatchObject([
      { level: 'warn', fields: { state: 'missing' } },
      { level: 'warn', fields: { state: 'missing' } },
    ]);
  });

  it('is looked at even when runs are switched off, and is no reason for a run to fail', async () => {
    const off = createWorld({ publicUrl, everyMs: 0 });
    off.account.subscriptions = [own];
    const { catchUp } = await off.start();
    await off.run(MINUTE);
    expect(catchUp.subscription()).toBe('fine');
    const broken = createWorld({ publicUrl });
    broken.account.onCall = ({ what }) => (what === 'subscriptions' ? failedWith(answerOf(500, 3006)) : null);
    await broken.start();
    await broken.run(MINUTE);
    expect(broken.completions()).toHaveLength(1);
  });

  it('is looked at anew by a replica that leads again, since another one has looked in between', async () => {
    let [isLeader, term] = [true, 1];
    const account = { hold: () => null, isLeader: () => isLeader, term: () => term, heard: () => {} };
    const world = createWorld({ publicUrl, account, isShared: true });
    const { catchUp } = await world.start();
    await world.run(MINUTE);
    expect(catchUp.subscription()).toBe('missing');
    isLeader = false;
    await world.run(10 * MINUTE);
    world.account.subscriptions = [own];
    [isLeader, term] = [true, 3];
    expect(catchUp.subscription()).toBe('unknown');
    await world.run(10 * SECOND);
    expect(catchUp.subscription()).toBe('fine');
    term = 5; // it was cut off for so short that it noticed nothing else
    expect(catchUp.subscription()).toBe('unknown');
    world.account.onCall = ({ what }) => (what === 'subscriptions' ? failedWith(answerOf(500, 3006)) : null);
    const calls = world.account.calls.length;
    await world.run(MINUTE - SECOND);
    expect(catchUp.subscription()).toBe('unknown');
    expect(world.account.calls).toHaveLength(calls + 1);
  });

  it('is not looked at without an address to compare with', async () => {
    const world = createWorld();
    const { catchUp } = await world.start();
    await world.run(3 * HOUR);
    expect(world.account.calls.filter(({ what }) => what === 'subscriptions')).toEqual([]);
    expect(catchUp.subscription()).toBe('unwatched');
  });
});

it('a replica that does not lead shows what the leader says of it', async () => {
  let says: { activity: string; cause: string | null } | null = null;
  const account = { hold: () => null, isLeader: () => false, term: () => null, heard: () => {} };
  const world = createWorld({ account, isShared: true, leadersView: () => says });
  const { catchUp } = await world.start();
  await world.run(MINUTE);
  const view = () => catchUp.view();
  expect(view()).toMatchObject({ activity: 'waiting', cause: 'no_leader' });
  says = { activity: 'waiting', cause: 'rate_limited' };
  expect(view()).toMatchObject(says);
  says = { activity: 'failed', cause: 'http_500' };
  expect(view()).toMatchObject(says);
  says = { activity: 'running', cause: null };
  expect(view()).toMatchObject(says);
  expect(world.account.calls).toEqual([]);
});
