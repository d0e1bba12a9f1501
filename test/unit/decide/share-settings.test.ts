import { describe, expect, it } from 'vitest';
import type { ChatRecord } from '../../../src/decide/chat.ts';
import { CARD_SETTLES_MS } from '../../../src/decide/holds.ts';
import type { Policy } from '../../../src/decide/policy.ts';
import { decideShare } from '../../../src/decide/share.ts';
import { DAY, HOUR, SECOND } from '../../../src/decide/time.ts';
import { chatOf, LINE, OTHER_LINE, policyOf, sharedChatOf, T } from '../../helpers/builders.ts';

const decide = (chat: Partial<ChatRecord>, policy: Partial<Policy> = {}) =>
  decideShare(chatOf(chat), policyOf(policy), T + HOUR);

describe('lines, groups and services', () => {
  it('shares on a line that is listed', () => {
    expect(decide({}, { lines: new Set([OTHER_LINE, LINE]) }).state).toBe('due');
  });

  it('shares in groups unless they are excluded', () => {
    expect(decide({ isGroup: true }).state).toBe('due');
  });

  it.each(['iMessage', 'imessage', 'IMESSAGE'])('reads %s as iMessage', (service) => {
    expect(decide({ service }).state).toBe('due');
  });

  it.each(['SMS', 'RCS', 'Pigeon', ''])('holds a chat on %j', (service) => {
    expect(decide({ service })).toMatchObject({ state: 'held', reason: 'not_imessage' });
  });
});

describe('facts that no event told', () => {
  it('lets them pass, so that Linq is asked before the share', () => {
    const lines = new Set([OTHER_LINE]);
    const policy = { lines, shareGroups: false };
    expect(decide({ line: null, service: null, isGroup: null }, policy).state).toBe('due');
  });

  it.each([
    ['line', 'line_unknown'],
    ['service', 'not_imessage'],
  ])("holds a chat whose %s Linq doesn't tell either", (fact, reason) => {
    expect(decide({ [fact]: null, lookedUpAt: T })).toMatchObject({ state: 'held', reason });
  });

  it('holds a chat that may be a group only while groups are excluded', () => {
    const unknown = { isGroup: null, lookedUpAt: T };
    expect(decide(unknown, { shareGroups: false }).reason).toBe('group_excluded');
    expect(decide(unknown).state).toBe('due');
  });
});

describe('REQUIRE_INBOUND', () => {
  it('lets a chat pass once anybody wrote, and only then', () => {
    const policy = { requireInbound: true };
    expect(decide({ lastInboundAt: T }, policy).state).toBe('due');
    expect(decide({ lastInboundAt: null }, policy).reason).toBe('awaiting_inbound');
  });
});

describe('health', () => {
  it.each([
    [null, false, 'due'],
    ['HEALTHY', true, 'due'],
    ['AT_RISK', false, 'due'],
    ['AT_RISK', true, 'held'],
    ['CRITICAL', false, 'held'],
    ['SOMETHING_NEW', false, 'held'],
  ])('with health %s and HOLD_AT_RISK=%s the chat is %s', (health, holdAtRisk, state) => {
    expect(decide({ health, healthAt: T }, { holdAtRisk }).state).toBe(state);
  });
});

describe('limits', () => {
  it.each([
    [0, 9, 'due'],
    [3, 2, 'due'],
    [3, 3, 'done'],
    [3, 4, 'done'],
  ])('with a limit of %i and %i shares a chat whose window lapsed is %s', (limit, shareCount, state) => {
    const chat = sharedChatOf(T - DAY, { shareCount });
    expect(decideShare(chat, policyOf({ maxSharesPerChat: limit }), T).state).toBe(state);
  });

  it('once shares a chat that was never shared', () => {
    expect(decide({}, { reshare: 'once' }).state).toBe('due');
  });

  it.each([
    ['once', { reshare: 'once' as const }, 'shared_once'],
    ['a limit', { maxSharesPerChat: 1 }, 'share_limit'],
  ])(
    '%s counts an attempt of unknown outcome as a share when its window is over, not before',
    (_, limit, reason) => {
      const policy = policyOf(limit);
      const chat = chatOf({ uncertainAt: T });
      expect(decideShare(chat, policy, T + DAY - 1)).toMatchObject({ state: 'due', wakeAt: T + DAY });
      expect(decideShare(chat, policy, T + DAY)).toMatchObject({ state: 'done', reason });
    },
  );

  it('without a limit an attempt of unknown outcome changes nothing', () => {
    const chat = chatOf({ uncertainAt: T });
    expect(decideShare(chat, policyOf({ idleAfterMs: 0 }), T + DAY + SECOND)).toMatchObject({
      state: 'due',
      wakeAt: null,
    });
  });
});

describe('a card that changed after it was shared', () => {
  const changedAt = T + 2 * DAY;
  const settledAt = changedAt + CARD_SETTLES_MS;
  const chat = sharedChatOf(T, { cardChangedAt: changedAt, lastOutboundAt: T + DAY });
  const once = { reshare: 'once', reshareOnCardChange: true } as const;
  const stateAt = (parts: Partial<ChatRecord>, policy: Partial<Policy>, now: number) =>
    decideShare({ ...chat, ...parts }, policyOf(policy), now).state;

  it.each([
    ['once', once],
    ['a limit', { maxSharesPerChat: 1, reshareOnCardChange: true }],
  ])('is shared once more under %s, when it has settled', (_, policy) => {
    const decision = decideShare(chat, policyOf(policy), changedAt);
    expect(decision).toMatchObject({ state: 'done', nextAttemptAt: settledAt, wakeAt: settledAt });
    expect(stateAt({}, policy, settledAt - 1)).toBe('done');
    expect(stateAt({}, policy, settledAt)).toBe('due');
    const again = { lastShareStartedAt: settledAt, lastSharedAt: settledAt + 5, shareCount: 2 };
    expect(stateAt(again, policy, settledAt + 2 * DAY)).toBe('done');
  });

  it('is shared once more under active though nothing was sent since', () => {
    const policy = { reshare: 'active', reshareOnCardChange: true } as const;
    const parts = { lastOutboundAt: T - DAY };
    expect(stateAt(parts, policy, settledAt - 1)).toBe('idle');
    expect(stateAt(parts, policy, settledAt)).toBe('due');
  });

  it('is shared no more than before unless that is set', () => {
    expect(stateAt({}, { reshare: 'once' }, settledAt)).toBe('done');
  });

  it('waits for the end of the window, from the last share on', () => {
    const parts = { lastSharedAt: changedAt - 1, lastShareStartedAt: changedAt - 2 };
    const decision = decideShare({ ...chat, ...parts }, policyOf(once), settledAt);
    expect(decision).toMatchObject({ state: 'waiting', nextAttemptAt: changedAt - 1 + DAY });
  });

  it.each([
    ['held', { operatorHeldAt: T }],
    ['held', { optOutWordAt: T }],
    ['retired', { retiredAt: changedAt, retiredReason: 'chat_gone' as const }],
    ['idle', { lastOutboundAt: settledAt - 7 * DAY }],
  ])('leaves a chat %s that is so', (state, parts) => {
    expect(stateAt(parts, once, settledAt)).toBe(state);
  });

  it('counts as shared by a call of unknown outcome, once its window is over', () => {
    const parts = { uncertainAt: settledAt, retryAt: settledAt, retryReason: 'backoff' as const };
    expect(stateAt(parts, once, settledAt + DAY - 1)).toBe('due');
    expect(stateAt(parts, once, settledAt + DAY)).toBe('done');
  });

  it('was never shared before in a chat that is new', () => {
    const parts = { lastSharedAt: null, lastShareStartedAt: null, shareCount: 0 };
    expect(decideShare({ ...chat, ...parts }, policyOf(once), changedAt)).toMatchObject({
      state: 'due',
      reason: 'became_eligible',
    });
  });
});
