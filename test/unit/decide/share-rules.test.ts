import { describe, expect, it } from 'vitest';
import type { ChatRecord } from '../../../src/decide/chat.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { DAY, HOUR } from '../../../src/decide/time.ts';
import { chatOf, LINE, OTHER_LINE, policyOf, sharedChatOf, T } from '../../helpers/builders.ts';

interface Row {
  readonly says: string;
  readonly chat: Partial<ChatRecord>;
  readonly policy?: Partial<Policy>;
  readonly is: readonly [state: string, reason: string];
}

const SHARED = { lastSharedAt: T, lastShareStartedAt: T - 100, shareCount: 1 };
/** An hour after our only message. */
const NOW = T + HOUR;

/** The decision table from its top to its bottom: a row wins over every row below it. */
const ROWS: readonly Row[] = [
  {
    says: 'Linq said that the chat is gone',
    chat: { retiredAt: T + 1, retiredReason: 'chat_gone' },
    is: ['retired', 'chat_gone'],
  },
  { says: 'our line was removed', chat: { leftAt: T + 1 }, is: ['retired', 'chat_left'] },
  { says: 'an operator holds it', chat: { operatorHeldAt: T }, is: ['held', 'operator'] },
  { says: 'it was parked', chat: { parkedAt: T }, is: ['held', 'parked'] },
  { says: 'Linq blocks the recipient', chat: { blockedAt: T }, is: ['held', 'recipient_blocked'] },
  { says: 'we sent nothing yet', chat: { firstOutboundAt: null }, is: ['held', 'no_outbound'] },
  {
    says: 'its line is none of ours to use',
    chat: { line: LINE },
    policy: { lines: new Set([OTHER_LINE]) },
    is: ['held', 'line_excluded'],
  },
  {
    says: 'groups are excluded',
    chat: { isGroup: true },
    policy: { shareGroups: false },
    is: ['held', 'group_excluded'],
  },
  { says: "it isn't on iMessage", chat: { service: 'SMS' }, is: ['held', 'not_imessage'] },
  { says: 'the recipient opted out', chat: { optOutWordAt: T }, is: ['held', 'opted_out'] },
  { says: 'its health is critical', chat: { health: 'CRITICAL', healthAt: T }, is: ['held', 'chat_health'] },
  {
    says: 'nobody wrote to us yet',
    chat: {},
    policy: { requireInbound: true },
    is: ['held', 'awaiting_inbound'],
  },
  { says: 'once is enough', chat: SHARED, policy: { reshare: 'once' }, is: ['done', 'shared_once'] },
  {
    says: 'the limit is reached',
    chat: SHARED,
    policy: { maxSharesPerChat: 1 },
    is: ['done', 'share_limit'],
  },
  { says: 'its window is open', chat: SHARED, is: ['waiting', 'window'] },
  {
    says: 'we sent nothing lately',
    chat: {},
    policy: { idleAfterMs: HOUR },
    is: ['idle', 'no_recent_outbound'],
  },
  {
    says: "nobody knows its line, not even Linq's API",
    chat: { line: null, lookedUpAt: T },
    is: ['held', 'line_unknown'],
  },
  {
    says: 'an attempt failed just now',
    chat: { retryAt: NOW + 1, retryReason: 'backoff' },
    is: ['retrying', 'backoff'],
  },
  { says: 'nothing else applies', chat: {}, is: ['due', 'became_eligible'] },
];

const decide = (chat: Partial<ChatRecord>, policy: Partial<Policy> = {}) =>
  decideShare(chatOf(chat), policyOf(policy), NOW);

describe('the decision table', () => {
  it.each(ROWS)('says $is when $says', ({ chat, policy, is: [state, reason] }) => {
    expect(decide(chat, policy)).toMatchObject({ state, reason });
  });

  it.each(ROWS.map((row, index) => ({ ...row, below: ROWS.slice(index) })))(
    'says $is when $says, whatever holds further down',
    ({ below, is: [state, reason] }) => {
      const upwards = [...below].reverse();
      const chat = Object.assign({}, ...upwards.map((row) => row.chat));
      const policy = Object.assign({}, ...upwards.map((row) => row.policy));
      expect(decide(chat, policy)).toMatchObject({ state, reason });
    },
  );

  it.each(['chat_gone', 'chat_left', 'unsupported'] as const)('retires a chat as %s', (retiredReason) => {
    expect(decide({ retiredAt: T + 1, retiredReason })).toMatchObject({
      state: 'retired',
      reason: retiredReason,
      nextAttemptAt: null,
      wakeAt: null,
    });
  });

  it('calls a rejected attempt by its name while it waits', () => {
    const chat = { retryAt: NOW + DAY, retryReason: 'rejected' as const };
    expect(decide(chat)).toMatchObject({ state: 'retrying', reason: 'rejected', nextAttemptAt: NOW + DAY });
  });

  it('waits one window after a restore, to the millisecond, whether or not the backup knows a share', () => {
    for (const chat of [chatOf({ restoredAt: T }), { ...sharedChatOf(T - DAY), restoredAt: T }]) {
      const waits = { state: 'waiting', reason: 'restored', nextAttemptAt: T + DAY };
      expect(decideShare(chat, policyOf(), T + DAY - 1)).toMatchObject(waits);
      expect(decideShare(chat, policyOf(), T + DAY)).toMatchObject({ state: 'due' });
    }
  });

  it('calls it the window when that lapses after the wait for a restore', () => {
    const chat = { ...sharedChatOf(T + HOUR), restoredAt: T };
    expect(decideShare(chat, policyOf(), T + 2 * HOUR)).toMatchObject({
      reason: 'window',
      nextAttemptAt: T + HOUR + DAY,
    });
  });

  it('tells a lapse from a first share', () => {
    const chat = sharedChatOf(T);
    expect(decideShare(chat, policyOf(), T + DAY)).toMatchObject({ state: 'due', reason: 'window_lapsed' });
  });
});
