import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import { inboundOf, LINE, lineEventOf, OTHER_LINE, outboundOf, T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';
import { startReactor } from '../../helpers/reactor.ts';

describe('a chat', () => {
  it('gets its card with its first outbound message', async () => {
    const { deliver, linq, chat, attempts } = await startReactor();
    await deliver(inboundOf(T));
    expect(linq.calls).toEqual([]);
    await deliver(outboundOf(T));
    expect(linq.sharesOf('chat-1')).toEqual([T]);
    expect(await chat()).toMatchObject({ state: 'waiting', reason: 'window', shareCount: 1 });
    expect(await attempts()).toMatchObject([
      { trigger: 'became_eligible', startedAt: T, endedAt: T + 1, outcome: 'shared', httpStatus: 200 },
    ]);
  });

  it('gets it again at the millisecond the window lapses, not before', async () => {
    const { deliver, linq, leapTo, run, attempts } = await startReactor();
    await deliver(outboundOf(T));
    const lapsesAt = T + 1 + DAY;
    await leapTo(lapsesAt - 1);
    expect(linq.sharesOf('chat-1')).toHaveLength(1);
    await run(1);
    expect(linq.sharesOf('chat-1')).toEqual([T, lapsesAt]);
    expect((await attempts())[0]).toMatchObject({ trigger: 'window_lapsed', outcome: 'shared' });
  });

  it('waits from the end of the call, however long it took', async () => {
    const { clock, deliver, linq, leapTo, run, idle } = await startReactor();
    linq.script.share = () => {
      clock.advance(14_000);
      return {
        kind: 'answered',
        httpStatus: 204,
        linqCode: null,
        traceId: null,
        hasEnvelope: false,
        isJson: false,
        retryAfterMs: null,
      };
    };
    await deliver(outboundOf(T));
    await leapTo(T + 14_000 + DAY);
    expect(linq.sharesOf('chat-1')).toHaveLength(1);
    await run(1);
    await idle();
    expect(linq.sharesOf('chat-1')).toHaveLength(2);
  });

  it('gets it once a window however much is sent, received, redelivered or told late', async () => {
    const { deliver, linq, run } = await startReactor();
    await deliver(outboundOf(T), outboundOf(T));
    for (const minutes of [1, 10, 60]) {
      await run(minutes * MINUTE);
      const at = T + minutes * MINUTE;
      await deliver(outboundOf(T), outboundOf(at), outboundOf(T - DAY), inboundOf(at));
    }
    expect(linq.sharesOf('chat-1')).toHaveLength(1);
  });

  it('gets it day after day until it is idle', async () => {
    const { deliver, linq, leap } = await startReactor({ policy: { idleAfterMs: 3 * DAY } });
    await deliver(outboundOf(T));
    for (let days = 0; days < 6; days++) await leap(DAY + MINUTE);
    expect(linq.sharesOf('chat-1')).toHaveLength(3);
    await deliver(outboundOf(T + 6 * DAY));
    expect(linq.sharesOf('chat-1')).toHaveLength(4);
  });

  it('gets it at once when it becomes eligible by another event', async () => {
    const { deliver, linq, clock } = await startReactor({ policy: { requireInbound: true } });
    await deliver(outboundOf(T, { service: 'SMS' }));
    await deliver(outboundOf(T + 1, { service: 'iMessage' }));
    expect(linq.calls).toEqual([]);
    clock.advance(HOUR);
    await deliver(inboundOf(T + 2));
    expect(linq.sharesOf('chat-1')).toEqual([T + HOUR]);
  });
});

describe('the window', () => {
  it('holds across a restart, and a restart late finds the chat overdue', async () => {
    const first = await startReactor();
    await first.deliver(outboundOf(T));
    await first.stop();
    const second = await first.restart();
    await second.leapTo(T + DAY);
    await second.stop();
    expect(first.linq.shares()).toHaveLength(1);
    first.clock.advance(5 * HOUR);
    const third = await second.restart();
    await third.idle();
    expect(first.linq.sharesOf('chat-1')).toEqual([T, T + DAY + 5 * HOUR]);
  });

  it('holds across a crash after the settlement', async () => {
    const first = await startReactor();
    await first.deliver(outboundOf(T));
    await first.crash();
    first.clock.advance(HOUR);
    const second = await first.restart();
    await second.run(HOUR);
    expect(first.linq.shares()).toHaveLength(1);
  });

  it('lapses while the machine sleeps, and the share follows as soon as it wakes, once', async () => {
    const { deliver, linq, leap } = await startReactor();
    await deliver(outboundOf(T));
    await leap(3 * DAY);
    expect(linq.sharesOf('chat-1')).toEqual([T, T + 3 * DAY]);
  });
});

describe('waking', () => {
  it('needs no nudge: a chat recorded behind its back is found within a minute', async () => {
    const { store, linq, run } = await startReactor({ clock: createFakeClock() });
    await store.record([outboundOf(T)], T);
    await run(MINUTE);
    expect(linq.shares()).toHaveLength(1);
  });

  it('is rare when nothing is due: not more often than every 30 s', async () => {
    const clock = createFakeClock();
    const { deliver, leap, idle } = await startReactor({ clock });
    await deliver(outboundOf(T));
    await leap(MINUTE);
    const stirs = clock.stirs();
    for (let waited = 0; waited < 60; waited++) {
      clock.advance(30_000 - 1);
      await idle();
    }
    // each wake-up is the end of one sleep and the beginning of the next
    expect((clock.stirs() - stirs) / 2).toBeLessThanOrEqual(60);
  });

  it('shares chats of every line that has a card, also of lines heard of in an event only', async () => {
    const { deliver, linq } = await startReactor();
    await deliver(
      lineEventOf({ line: OTHER_LINE }),
      outboundOf(T, { chatId: 'a', line: LINE }),
      outboundOf(T, { chatId: 'b', line: OTHER_LINE }),
    );
    expect(linq.looks().map(({ subject }) => subject)).toEqual([LINE, OTHER_LINE]);
    expect(linq.shares()).toHaveLength(2);
  });
});
