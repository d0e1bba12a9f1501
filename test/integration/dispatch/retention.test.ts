import { describe, expect, it } from 'vitest';
import { DAY, type EpochMs, HOUR, MINUTE } from '../../../src/decide/time.ts';
import type { QuarantinedDelivery } from '../../../src/store/store.ts';
import { outboundOf, T } from '../../helpers/builders.ts';
import { createFakeClock } from '../../helpers/clock.ts';
import { startReactor } from '../../helpers/reactor.ts';

const KEPT_MS = 10 * DAY;
const ONCE = { reshare: 'once', idleAfterMs: 0 } as const;

describe('attempts that are kept no longer', () => {
  it('go by themselves while the service runs, however many they are', async () => {
    const reactor = await startReactor({
      clock: createFakeClock(T),
      attemptRetentionMs: KEPT_MS,
      policy: ONCE,
      concurrency: 256,
    });
    const chats = Array.from({ length: 1_200 }, (_, index) => `chat-${index}`);
    await reactor.deliver(...chats.map((chatId) => outboundOf(T, { chatId })));
    await reactor.run(MINUTE);
    expect(reactor.linq.shares()).toHaveLength(1_200);
    await reactor.leap(KEPT_MS - HOUR);
    expect(await reactor.attempts('chat-7')).toHaveLength(1);
    await reactor.leap(HOUR);
    for (const chatId of chats) expect(await reactor.attempts(chatId)).toEqual([]);
    expect(await reactor.chat('chat-7')).toMatchObject({ state: 'done', shareCount: 1 });
  });

  it('stay by default', async () => {
    const reactor = await startReactor({ clock: createFakeClock(T), policy: ONCE });
    await reactor.deliver(outboundOf(T));
    await reactor.leap(10_000 * DAY);
    expect(await reactor.attempts()).toHaveLength(1);
  });

  it('stay while a clock may be wrong that makes them look old', async () => {
    const before = await startReactor({
      clock: createFakeClock(T),
      attemptRetentionMs: KEPT_MS,
      policy: ONCE,
    });
    await before.deliver(outboundOf(T));
    await before.store.record([unreadableAt(T)], T);
    await before.stop();
    before.clock.stepWall(365 * DAY); // while nobody ran
    before.clock.restarted();
    before.linq.script.time = () => T + before.clock.monotonic();
    const after = await before.restart();
    await after.leap(MINUTE);
    expect(await after.attempts()).toHaveLength(1); // no answer has told the time yet
    await after.deliver(outboundOf(T + HOUR, { chatId: 'chat-2' }));
    await after.run(MINUTE);
    expect(after.dispatcher.snapshot().clockDistrustedSince).not.toBeNull();
    expect(await after.attempts()).toHaveLength(1);
    expect(await after.store.quarantined(T)).toHaveLength(1);
  });
});

it('deliveries stay in quarantine for 7 days, whatever is kept of attempts', async () => {
  const { deliver, store, leap } = await startReactor({ clock: createFakeClock(T), policy: ONCE });
  await deliver(outboundOf(T)); // Linq’s answer confirms the time
  await store.record(
    Array.from({ length: 120 }, () => unreadableAt(T + HOUR)),
    T + HOUR,
  );
  await leap(7 * DAY);
  expect(await store.quarantined(T)).toHaveLength(120);
  await leap(2 * HOUR);
  expect(await store.quarantined(T)).toEqual([]);
});

function unreadableAt(receivedAt: EpochMs): QuarantinedDelivery {
  return { receivedAt, webhookId: null, eventType: null, cause: 'nothing', sealed: Buffer.from('sealed') };
}
