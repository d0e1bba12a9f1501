import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, inboundOf, LINE, OTHER_LINE, outboundOf, T } from '../../helpers/builders.ts';
import { type Reactor, startReactor } from '../../helpers/reactor.ts';

describe('a pause of the operator', () => {
  it('stops all calls at once, across restarts, until it is ended', async () => {
    const first = await startReactor();
    await first.dispatcher.pause();
    await first.dispatcher.pause();
    await first.deliver(outboundOf(T));
    await first.crash();
    const second = await first.restart();
    await second.leap(DAY);
    expect(first.linq.calls).toEqual([]);
    expect(second.dispatcher.snapshot().account).toMatchObject({ reason: 'paused', since: T, until: null });
    await second.dispatcher.resume();
    await second.idle();
    expect(first.linq.shares()).toHaveLength(1);
    await second.stop();
    expect((await second.restart()).dispatcher.snapshot().account).toBeNull();
  });

  describe('still lets one check of the cards after the other find out', () => {
    const isTrusted = ({ dispatcher }: Reactor) => dispatcher.snapshot().clockDistrustedSince === null;
    const reasons = ({ dispatcher }: Reactor) => dispatcher.snapshot().holds.map(({ reason }) => reason);

    async function startPaused(): Promise<Reactor> {
      const reactor = await startReactor();
      await reactor.dispatcher.pause();
      await reactor.deliver(outboundOf(T));
      return reactor;
    }

    function stepClock({ clock, linq }: Reactor): void {
      clock.stepWall(MINUTE);
      linq.script.time = () => clock.wallNow();
    }

    it('whether the clock is right, as catching up waits for it, and nothing else', async () => {
      const reactor = await startPaused();
      stepClock(reactor);
      expect(isTrusted(reactor)).toBe(false);
      reactor.dispatcher.nudge(); // at the latest after a minute it looks anyway
      await reactor.run(DAY);
      expect(isTrusted(reactor)).toBe(true);
      expect(reactor.linq.calls).toMatchObject([{ kind: 'cards', subject: null }]);
    });

    it('whether the key works', async () => {
      const reactor = await startPaused();
      reactor.dispatcher.noteExternalAnswer(answerOf(401, 2004), T);
      await reactor.run(DAY);
      expect(reasons(reactor)).toEqual(['paused']);
      expect(reactor.linq.calls).toMatchObject([{ kind: 'cards', subject: null, at: T + 5 * SECOND }]);
    });

    it('but not before a limit of the rate is over', async () => {
      const reactor = await startPaused();
      reactor.dispatcher.noteExternalAnswer(answerOf(429, 1007, { retryAfterMs: HOUR }), T);
      stepClock(reactor);
      reactor.dispatcher.nudge();
      await reactor.run(HOUR - 1);
      expect(reactor.linq.calls).toEqual([]);
      await reactor.run(1);
      expect(isTrusted(reactor)).toBe(true);
    });

    it('whether the clock is right, too, when Linq was failing', async () => {
      const reactor = await startReactor();
      reactor.linq.script.share = () => answerOf(500);
      await reactor.deliver(...[1, 2, 3, 4, 5].map((n) => outboundOf(T, { chatId: `chat-${n}` })));
      expect(reasons(reactor)).toEqual(['api_unavailable']);
      await reactor.dispatcher.pause();
      stepClock(reactor);
      await reactor.run(MINUTE);
      expect(isTrusted(reactor)).toBe(true);
      expect(reactor.linq.shares()).toHaveLength(5);
    });
  });
});

describe('a dry run', () => {
  const dryRun = { dryRun: true };

  it('decides and records but shares nothing, once a window', async () => {
    const { deliver, linq, attempts, chat, leap } = await startReactor({ policy: dryRun });
    await deliver(outboundOf(T));
    expect(await attempts()).toMatchObject([
      { outcome: 'dry_run', trigger: 'became_eligible', httpStatus: null },
    ]);
    expect(await chat()).toMatchObject({ state: 'waiting', lastSharedAt: null, shareCount: 0 });
    await leap(DAY + 1);
    expect(await attempts()).toHaveLength(2);
    expect(linq.shares()).toEqual([]);
  });

  it("leaves no window behind: the chat is due when it's over", async () => {
    const first = await startReactor({ policy: dryRun });
    await first.deliver(outboundOf(T));
    await first.stop();
    const second = await first.restart({ policy: {} });
    expect(second.linq.shares()).toHaveLength(1);
    await second.stop();
    const third = await second.restart({ policy: dryRun });
    await third.leap(DAY - HOUR);
    expect(await third.attempts()).toHaveLength(2);
  });
});

describe('changed settings', () => {
  it('decide every chat anew after a restart, however many there are', async () => {
    const first = await startReactor({ policy: { requireInbound: true } });
    const events = Array.from({ length: 450 }, (_, index) => outboundOf(T, { chatId: `chat-${index}` }));
    await first.deliver(...events);
    expect(first.linq.calls).toEqual([]);
    await first.stop();
    const second = await first.restart({ policy: {} });
    expect(second.linq.shares()).toHaveLength(450);
  });

  it('are resumed when a crash cut the work short', async () => {
    const first = await startReactor({ policy: { lines: new Set([OTHER_LINE]) } });
    await first.deliver(
      ...Array.from({ length: 300 }, (_, index) => outboundOf(T, { chatId: `chat-${index}` })),
    );
    await first.crash();
    const second = await first.restart({
      policy: { lines: new Set([OTHER_LINE, LINE]), shareGroups: false },
    });
    expect(second.linq.shares()).toHaveLength(300);
  });

  it('hold chats that were due', async () => {
    const first = await startReactor();
    await first.dispatcher.pause();
    await first.deliver(outboundOf(T), inboundOf(T + 1));
    await first.stop();
    const second = await first.restart({ policy: { lines: new Set([OTHER_LINE]) } });
    await second.dispatcher.resume();
    await second.idle();
    expect(second.linq.calls).toEqual([]);
    expect(await second.chat()).toMatchObject({ state: 'held', reason: 'line_excluded' });
  });

  it('let a longer window hold at once', async () => {
    const first = await startReactor();
    await first.deliver(outboundOf(T));
    await first.stop();
    const second = await first.restart({ policy: { windowMs: 2 * DAY } });
    await second.leapTo(T + 2 * DAY);
    expect(second.linq.shares()).toHaveLength(1);
    await second.run(1);
    expect(second.linq.shares()).toHaveLength(2);
  });
});

describe('a claimed chat', () => {
  it('is decided again with current facts: what was recorded meanwhile counts', async () => {
    const { store, dispatcher, linq, idle, chat } = await startReactor();
    await store.record([outboundOf(T)], T);
    await store.updateChat('chat-1', (record) => ({ ...record, operatorHeldAt: T }), T);
    dispatcher.nudge();
    await idle();
    expect(linq.shares()).toEqual([]);
    expect(await chat()).toMatchObject({ state: 'held', reason: 'operator' });
  });
});
