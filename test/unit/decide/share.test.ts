import { describe, expect, it } from 'vitest';
import type { ChatRecord } from '../../../src/decide/chat.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { decideChat, decideManualShare, decideShare, needsLookup } from '../../../src/decide/share.ts';
import { DAY, HOUR, MINUTE } from '../../../src/decide/time.ts';
import { chatOf, leaseOf, OTHER_LINE, policyOf, sharedChatOf, T } from '../../helpers/builders.ts';

describe('since when a chat is due', () => {
  const dueSince = (parts: Partial<ChatRecord>) =>
    decideShare(chatOf(parts), policyOf(), T + HOUR).nextAttemptAt;

  it.each(['due', 'waiting', 'retrying'] as const)(
    'a chat that was %s keeps its place in the queue, so that the oldest goes first',
    (state) => {
      expect(dueSince({ state, nextAttemptAt: T + 5 })).toBe(T + 5);
    },
  );

  it.each(['held', 'idle', 'done', 'retired'] as const)('a chat that was %s queues up now', (state) => {
    expect(dueSince({ state, nextAttemptAt: T + 5 })).toBe(T + HOUR);
  });

  it("a chat that wasn't to be attempted until later queues up now", () => {
    expect(dueSince({ state: 'waiting', nextAttemptAt: T + DAY })).toBe(T + HOUR);
    expect(dueSince({ state: 'due', nextAttemptAt: null })).toBe(T + HOUR);
  });
});

describe('decideChat', () => {
  const lease = leaseOf({ trigger: 'manual' });
  const sharing = chatOf({ lease, operatorHeldAt: T });

  it('shows a chat as sharing while its attempt is in progress, whatever became of its facts', () => {
    expect(decideChat(sharing, policyOf(), lease.until - 1)).toEqual({
      state: 'sharing',
      reason: 'manual',
      nextAttemptAt: null,
    });
  });

  it('decides by the rules from the end of the lease on', () => {
    expect(decideChat(sharing, policyOf(), lease.until)).toMatchObject({ state: 'held', reason: 'operator' });
    expect(decideChat(chatOf(), policyOf(), T).state).toBe('due');
  });
});

describe("an operator's own share", () => {
  const refusalOf = (chat: Partial<ChatRecord>, policy: Partial<Policy> = {}) =>
    decideManualShare(chatOf(chat), policyOf(policy), T + HOUR);

  it.each<[string, Partial<ChatRecord>, Partial<Policy>]>([
    ['an excluded line', {}, { lines: new Set([OTHER_LINE]) }],
    ['an excluded group', { isGroup: true }, { shareGroups: false }],
    ['bad health', { health: 'CRITICAL', healthAt: T }, {}],
    ['a recipient who never wrote', {}, { requireInbound: true }],
    ['once', { lastSharedAt: T, shareCount: 1 }, { reshare: 'once' }],
    ['a limit', { lastSharedAt: T, shareCount: 1 }, { maxSharesPerChat: 1 }],
    ['an open window', { lastSharedAt: T + HOUR - 1, shareCount: 1 }, {}],
    ['a long silence', {}, { idleAfterMs: MINUTE }],
    ['a backoff', { retryAt: T + DAY, retryReason: 'rejected' }, {}],
  ])('ignores %s', (_, chat, policy) => {
    expect(refusalOf(chat, policy)).toBeNull();
  });

  it.each<[string, Partial<ChatRecord>, string, string]>([
    ['a retired chat', { retiredAt: T, retiredReason: 'unsupported' }, 'retired', 'unsupported'],
    ['a chat that was left', { leftAt: T }, 'retired', 'chat_left'],
    ["an operator's hold", { operatorHeldAt: T }, 'held', 'operator'],
    ['a parked chat', { parkedAt: T }, 'held', 'parked'],
    ['the block list', { blockedAt: T }, 'held', 'recipient_blocked'],
    ['a chat without outbound message', { firstOutboundAt: null }, 'held', 'no_outbound'],
    ['another service', { service: 'RCS' }, 'held', 'not_imessage'],
    ['an opt-out', { optOutWordAt: T }, 'held', 'opted_out'],
    ['a line that nobody knows', { line: null, lookedUpAt: T }, 'held', 'line_unknown'],
  ])('obeys %s', (_, chat, state, reason) => {
    expect(refusalOf(chat)).toEqual({ state, reason });
  });

  it('lets facts pass that no event told: Linq is asked first', () => {
    expect(refusalOf({ line: null, service: null, isGroup: null })).toBeNull();
  });
});

describe('needsLookup', () => {
  it.each<[string, Partial<ChatRecord>, Partial<Policy>, boolean]>([
    ['nothing lacks', {}, {}, false],
    ['the line lacks', { line: null }, {}, true],
    ['the service lacks', { service: null }, {}, true],
    ['the group lacks, and groups are excluded', { isGroup: null }, { shareGroups: false }, true],
    ['the group lacks, and nobody minds', { isGroup: null }, {}, false],
    ['Linq was asked already', { line: null, service: null, lookedUpAt: T }, {}, false],
  ])('when %s', (_, chat, policy, needed) => {
    expect(needsLookup(chatOf(chat), policyOf(policy))).toBe(needed);
  });
});

describe('rows that end in other rows', () => {
  it('are followed to the instant at which the chat is due', () => {
    const chat = sharedChatOf(T, {
      retiredAt: T - HOUR,
      retiredReason: 'chat_gone',
      lastOutboundAt: T,
      retryAt: T + DAY + MINUTE,
      retryReason: 'backoff',
    });
    const decision = decideShare(chat, policyOf(), T + 1);
    expect(decision).toMatchObject({
      state: 'retired',
      wakeAt: T + DAY - HOUR,
      nextAttemptAt: T + DAY + MINUTE,
    });
  });

  it('are followed through an uncertain attempt that starts to count', () => {
    const chat = chatOf({ uncertainAt: T, retryAt: T + DAY + HOUR, retryReason: 'rejected' });
    expect(decideShare(chat, policyOf({ maxSharesPerChat: 1 }), T + 1)).toMatchObject({
      state: 'retrying',
      wakeAt: T + DAY,
      nextAttemptAt: null,
    });
    expect(decideShare(chat, policyOf({ maxSharesPerChat: 2 }), T + 1)).toMatchObject({
      wakeAt: T + DAY,
      nextAttemptAt: T + DAY + HOUR,
    });
  });
});
