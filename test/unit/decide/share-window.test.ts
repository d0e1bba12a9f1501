import { describe, expect, it } from 'vitest';
import type { ChatRecord } from '../../../src/decide/chat.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/decide/time.ts';
import { chatOf, policyOf, sharedChatOf, T } from '../../helpers/builders.ts';

const shared = (now: number, chat: Partial<ChatRecord> = {}, policy: Partial<Policy> = {}) =>
  decideShare(sharedChatOf(T, { lastOutboundAt: T, ...chat }), policyOf(policy), now);
const waits = (nextAttemptAt: number) => ({
  state: 'waiting',
  reason: 'window',
  nextAttemptAt,
  wakeAt: nextAttemptAt,
});
const IDLE = { state: 'idle', reason: 'no_recent_outbound', nextAttemptAt: null, wakeAt: null };

describe('the window', () => {
  it('includes its first millisecond and excludes its last', () => {
    expect(shared(T)).toEqual(waits(T + DAY));
    expect(shared(T + DAY - 1)).toEqual(waits(T + DAY));
    expect(shared(T + DAY)).toMatchObject({ state: 'due', reason: 'window_lapsed', nextAttemptAt: T + DAY });
  });

  it('is as long as it is set to be', () => {
    const policy = { windowMs: 3 * SECOND };
    expect(shared(T + 2_999, {}, policy)).toEqual(waits(T + 3 * SECOND));
    expect(shared(T + 3_000, {}, policy).state).toBe('due');
  });

  it('lasts though much is sent and received meanwhile', () => {
    const busy = { lastOutboundAt: T + HOUR, lastInboundAt: T + HOUR, optedInAt: T + HOUR };
    expect(shared(T + 2 * HOUR, busy)).toEqual(waits(T + DAY));
  });

  it('is followed by the rest of a backoff that outlasts it', () => {
    const chat = { retryAt: T + DAY + HOUR, retryReason: 'backoff' as const };
    expect(shared(T + HOUR, chat)).toMatchObject({ state: 'waiting', nextAttemptAt: T + DAY + HOUR });
    expect(shared(T + DAY, chat)).toMatchObject({ state: 'retrying', nextAttemptAt: T + DAY + HOUR });
    expect(shared(T + DAY + HOUR, chat).state).toBe('due');
  });
});

describe('dry run', () => {
  it('has a window of its own', () => {
    const decide = (now: number) => decideShare(chatOf({ dryRunAt: T }), policyOf({ dryRun: true }), now);
    expect(decide(T + DAY - 1)).toEqual(waits(T + DAY));
    expect(decide(T + DAY)).toMatchObject({ state: 'due', reason: 'window_lapsed' });
  });

  it("leaves no window behind when it's over", () => {
    expect(decideShare(chatOf({ dryRunAt: T }), policyOf(), T + 1)).toMatchObject({
      state: 'due',
      reason: 'became_eligible',
    });
  });

  it('obeys the window of a real share too', () => {
    const chat = sharedChatOf(T, { dryRunAt: T - HOUR });
    expect(decideShare(chat, policyOf({ dryRun: true }), T + 1)).toEqual(waits(T + DAY));
  });
});

describe('the policy daily', () => {
  it('shares again at each lapse without new activity', () => {
    for (const days of [1, 3, 6]) {
      expect(shared(T + days * DAY, { lastSharedAt: T + (days - 1) * DAY }).state).toBe('due');
    }
  });
});

describe('the policy active', () => {
  const active = { reshare: 'active' as const };
  const startedAt = T - 100;

  it('leaves a chat idle at the lapse when nothing was sent since the last share began', () => {
    expect(shared(T + HOUR, { lastOutboundAt: startedAt - 1 }, active)).toMatchObject({
      nextAttemptAt: null,
    });
    expect(shared(T + DAY, { lastOutboundAt: startedAt - 1 }, active)).toEqual(IDLE);
  });

  it.each([
    ['since the share began', startedAt],
    ['during the window', T + HOUR],
    ['after the window', T + DAY + HOUR],
  ])('shares again when something was sent %s', (_, lastOutboundAt) => {
    expect(shared(T + DAY + HOUR, { lastOutboundAt }, active).state).toBe('due');
  });

  it('shares for the first time without ado', () => {
    expect(decideShare(chatOf(), policyOf(active), T + HOUR).state).toBe('due');
  });
});

describe('an idle chat', () => {
  it('is one without outbound message for so long, the last millisecond included', () => {
    const lately = { idleAfterMs: 90 * MINUTE };
    const decide = (now: number) => decideShare(chatOf(), policyOf(lately), now);
    expect(decide(T + 90 * MINUTE - 1)).toMatchObject({ state: 'due', wakeAt: T + 90 * MINUTE });
    expect(decide(T + 90 * MINUTE)).toEqual(IDLE);
  });

  it('is so before its first share too: installing the reactor greets no old chat', () => {
    expect(decideShare(chatOf(), policyOf(), T + 7 * DAY)).toEqual(IDLE);
  });

  it('has no next attempt while its window is open, if it will be idle at the lapse', () => {
    expect(shared(T + 1, {}, { idleAfterMs: HOUR })).toMatchObject({
      state: 'waiting',
      nextAttemptAt: null,
      wakeAt: T + DAY,
    });
  });

  it('has none while it backs off, if it will be idle by then', () => {
    const chat = chatOf({ retryAt: T + 2 * HOUR, retryReason: 'backoff' });
    const decide = (now: number) => decideShare(chat, policyOf({ idleAfterMs: HOUR }), now);
    expect(decide(T + 1)).toMatchObject({ state: 'retrying', nextAttemptAt: null, wakeAt: T + HOUR });
    expect(decide(T + HOUR)).toEqual(IDLE);
  });

  it('wakes with the next outbound message', () => {
    expect(decideShare(chatOf({ lastOutboundAt: T + 8 * DAY }), policyOf(), T + 8 * DAY).state).toBe('due');
  });

  it('never is, when that is switched off', () => {
    expect(decideShare(chatOf(), policyOf({ idleAfterMs: 0 }), T + 400 * DAY).state).toBe('due');
  });

  it("isn't one whose last message lies in the future: that is read as now", () => {
    expect(decideShare(chatOf({ lastOutboundAt: T + 30 * DAY }), policyOf(), T)).toMatchObject({
      state: 'due',
    });
  });
});
