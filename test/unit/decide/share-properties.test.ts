import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRecord } from '../../../src/decide/chat.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { decideChat, decideManualShare, decideShare } from '../../../src/decide/share.ts';
import { DAY } from '../../../src/decide/time.ts';
import { leaseOf, T } from '../../helpers/builders.ts';
import { chats, policies } from './arbitraries.ts';
import { holds } from './properties.ts';

/** Chat, settings, and some fractions of a span of time. */
const check = (body: (chat: ChatRecord, policy: Policy, fractions: readonly number[]) => void) =>
  holds(
    fc.property(
      chats,
      policies,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
      body,
    ),
  );
const stateAt = (chat: ChatRecord, policy: Policy, at: number) => {
  const { state, reason } = decideShare(chat, policy, at);
  return `${state} ${reason}`;
};
/** Whole instants strictly between two, the first and the last among them. */
const between = (from: number, to: number, fractions: readonly number[]) =>
  [from + 1, to - 1, ...fractions.map((part) => Math.floor(from + part * (to - from)))].filter(
    (at) => at > from && at < to,
  );

describe('decideShare, for any chat and settings', () => {
  it('never calls a chat due inside the window after a share', () => {
    check((chat, policy, fractions) => {
      const { lastSharedAt } = chat;
      if (lastSharedAt === null) return;
      const lapsesAt = lastSharedAt + policy.windowMs;
      for (const at of [lastSharedAt, lapsesAt - 1, ...between(lastSharedAt, lapsesAt, fractions)]) {
        expect(decideShare(chat, policy, at).state).not.toBe('due');
      }
    });
  });

  it('names a next attempt inside no window', () => {
    check((chat, policy) => {
      const { nextAttemptAt, state } = decideShare(chat, policy, T);
      if (nextAttemptAt === null || chat.lastSharedAt === null || state === 'due') return;
      expect(nextAttemptAt).toBeGreaterThanOrEqual(chat.lastSharedAt + policy.windowMs);
    });
  });

  it('has a due chat in the queue by now, and every other one later or never', () => {
    check((chat, policy) => {
      const { state, nextAttemptAt } = decideShare(chat, policy, T);
      if (state === 'due') expect(nextAttemptAt).toBeLessThanOrEqual(T);
      else if (nextAttemptAt !== null) expect(nextAttemptAt).toBeGreaterThan(T);
    });
  });

  it('calls a chat due at its next attempt and at no instant before', () => {
    check((chat, policy, fractions) => {
      const { state, nextAttemptAt } = decideShare(chat, policy, T);
      if (state === 'due' || nextAttemptAt === null) return;
      expect(decideShare(chat, policy, nextAttemptAt).state).toBe('due');
      for (const at of between(T, nextAttemptAt, fractions)) {
        expect(decideShare(chat, policy, at).state).not.toBe('due');
      }
    });
  });

  it('calls a chat without next attempt due at no later instant', () => {
    check((chat, policy, fractions) => {
      if (decideShare(chat, policy, T).nextAttemptAt !== null) return;
      for (const at of between(T, T + 30 * DAY, fractions)) {
        expect(decideShare(chat, policy, at).state).not.toBe('due');
      }
    });
  });

  it('changes nothing between now and the instant to wake at, or ever when there is none', () => {
    check((chat, policy, fractions) => {
      const { wakeAt } = decideShare(chat, policy, T);
      for (const at of between(T, wakeAt ?? T + 30 * DAY, fractions)) {
        expect(stateAt(chat, policy, at)).toBe(stateAt(chat, policy, T));
      }
    });
  });

  it('wakes in the future only', () => {
    check((chat, policy) => {
      expect(decideShare(chat, policy, T).wakeAt ?? T + 1).toBeGreaterThan(T);
    });
  });

  it('wakes by the next attempt at the latest', () => {
    check((chat, policy) => {
      const { state, nextAttemptAt, wakeAt } = decideShare(chat, policy, T);
      if (state === 'due' || nextAttemptAt === null) return;
      expect(wakeAt ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(nextAttemptAt);
    });
  });

  it('comes to the next attempt by waking alone, as the store does it', () => {
    check((chat, policy) => {
      const first = decideShare(chat, policy, T);
      let decided = { ...chat, ...first };
      for (let wakes = 0; decided.state !== 'due' && decided.wakeAt !== null && wakes < 20; wakes++) {
        decided = { ...decided, ...decideShare(decided, policy, decided.wakeAt) };
      }
      if (first.nextAttemptAt !== null) {
        expect(decided).toMatchObject({ state: 'due', nextAttemptAt: first.nextAttemptAt });
      }
    });
  });

  it('decides alike when asked twice, and writes nothing of its own into the facts', () => {
    check((chat, policy) => {
      const frozen = Object.freeze({ ...chat });
      const decision = decideShare(frozen, policy, T);
      expect({ ...decideShare({ ...chat, ...decision }, policy, T) }).toEqual(decision);
    });
  });

  it('decides whatever it is given', () => {
    const anyInstant = fc.oneof(fc.constant(null), fc.integer(), fc.maxSafeInteger());
    const odd = fc.record({ lastSharedAt: anyInstant, retryAt: anyInstant, lastOutboundAt: anyInstant });
    const property = fc.property(chats, odd, policies, fc.maxSafeInteger(), (chat, parts, policy, now) => {
      const { state, reason, nextAttemptAt } = decideShare({ ...chat, ...parts }, policy, now);
      expect([typeof state, typeof reason]).toEqual(['string', 'string']);
      expect(nextAttemptAt).not.toBeNaN();
    });
    holds(property);
  });

  it.each([
    ['an opt-out word', { optOutWordAt: T, optedInAt: null }],
    ['a hold of the operator', { operatorHeldAt: T }],
    ['another service than iMessage', { service: 'SMS' }],
    ['no outbound message', { firstOutboundAt: null, lastOutboundAt: null }],
    ["Linq's block list", { blockedAt: T }],
  ])('never calls a chat due with %s, nor lets an operator share it', (_, parts) => {
    check((chat, policy, fractions) => {
      for (const at of between(T, T + 30 * DAY, fractions)) {
        expect(decideShare({ ...chat, ...parts }, policy, at).state).not.toBe('due');
        expect(decideManualShare({ ...chat, ...parts }, policy, at)).not.toBeNull();
      }
    });
  });

  it('lets an operator share every chat that is due by itself', () => {
    check((chat, policy) => {
      if (decideShare(chat, policy, T).state !== 'due') return;
      expect(decideManualShare(chat, policy, T)).toBeNull();
    });
  });

  it('shows a chat as sharing under any lease that still lasts', () => {
    const property = fc.property(chats, policies, fc.integer({ min: 1 }), (chat, policy, ms) => {
      const under = (until: number) => ({ ...chat, lease: leaseOf({ until }) });
      expect(decideChat(under(T + ms), policy, T)).toMatchObject({ state: 'sharing', nextAttemptAt: null });
      expect(decideChat(under(T), policy, T)).toEqual(decideShare(chat, policy, T));
    });
    holds(property);
  });
});
