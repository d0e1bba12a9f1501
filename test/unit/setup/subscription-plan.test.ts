import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideSubscriptionPlan,
  PAYLOAD_VERSION,
  SUBSCRIBED_EVENTS,
  type Subscription,
  type SubscriptionPlan,
  type SubscriptionSituation,
} from '../../../src/setup/subscription-plan.ts';
import { dispositionOf } from '../../../src/webhook/events.ts';

const WEBHOOK_URL = 'https://cards.example.com/webhooks/linq';
const PINNED = `${WEBHOOK_URL}?version=2026-02-03`;
const LINE = '+12025550100';

const sound: Subscription = {
  subscriptionId: 's1',
  targetUrl: PINNED,
  isActive: true,
  events: SUBSCRIBED_EVENTS,
  lines: null,
};

const decide = (subscriptions: readonly Subscription[], situation: Partial<SubscriptionSituation> = {}) =>
  decideSubscriptionPlan({
    subscriptions,
    webhookUrl: WEBHOOK_URL,
    lines: [LINE],
    hasSecret: true,
    secretOf: 's1',
    isRecreateWanted: false,
    ...situation,
  });

describe('the events to subscribe to', () => {
  it('are those that the service reads, and the failures beside them', () => {
    const unread = SUBSCRIBED_EVENTS.filter((event) => !('read' in dispositionOf(event)));
    expect(unread).toEqual(['message.failed']);
    expect(new Set(SUBSCRIBED_EVENTS).size).toBe(9);
  });
});

describe('a subscription is created', () => {
  it('when none leads here, with the version pinned', () => {
    const elsewhere = { ...sound, targetUrl: 'https://old.example.com/webhooks/linq?version=2026-02-03' };
    expect(decide([elsewhere])).toEqual({ kind: 'create', targetUrl: PINNED });
    expect(decide([], { isRecreateWanted: true })).toEqual({ kind: 'create', targetUrl: PINNED });
  });
});

describe('a subscription is kept', () => {
  it('when it is as it has to be and its secret is known', () => {
    expect(decide([sound])).toEqual({ kind: 'keep', subscription: sound, isAssumed: false });
  });

  it('when nobody noted whose the secret is, and says so', () => {
    expect(decide([sound], { secretOf: null })).toMatchObject({ kind: 'keep', isAssumed: true });
  });

  it.each([
    ['with more events', { events: [...SUBSCRIBED_EVENTS, 'reaction.added'] }],
    ['with events that Linq doesn’t tell', { events: null }],
    ['limited to lines that are all that are wanted', { lines: [LINE, '+12025550101'] }],
    [
      'whose address is written otherwise',
      { targetUrl: 'https://CARDS.example.com:443/webhooks/linq/?version=2026-02-03' },
    ],
    ['with a further query', { targetUrl: `${PINNED}&n=2` }],
  ])('%s', (_, difference) => {
    expect(decide([{ ...sound, ...difference }])).toMatchObject({ kind: 'keep' });
  });

  it('when of several that lead here it is the one whose secret is known', () => {
    const other = { ...sound, subscriptionId: 's2', targetUrl: `${PINNED}&n=2` };
    expect(decide([other, sound])).toMatchObject({ kind: 'keep', subscription: sound });
  });
});

describe('a subscription is changed in place', () => {
  it.each([
    ['it is inactive', { isActive: false }, { isActive: true }],
    ['it lacks events', { events: ['reaction.added', 'message.sent'] }, { events: expect.any(Array) }],
    ['no version is pinned', { targetUrl: WEBHOOK_URL }, { targetUrl: PINNED }],
    ['another version is pinned', { targetUrl: `${WEBHOOK_URL}?version=2025-01-01` }, { targetUrl: PINNED }],
    ['it leaves out a line', { lines: ['+12025550101'] }, { lines: null }],
  ])('when %s', (_, difference, change) => {
    expect(decide([{ ...sound, ...difference }])).toMatchObject({ kind: 'update', change });
    expect(Object.keys((decide([{ ...sound, ...difference }]) as { change: object }).change)).toEqual(
      Object.keys(change),
    );
  });

  it('so that it keeps events that somebody else added', () => {
    const plan = decide([{ ...sound, events: ['reaction.added', 'message.sent'] }]);
    const { events } = (plan as Extract<SubscriptionPlan, { kind: 'update' }>).change;
    expect(new Set(events)).toEqual(new Set(['reaction.added', ...SUBSCRIBED_EVENTS]));
  });
});

describe('a subscription is put in place of another', () => {
  it.each([
    ['no secret is known', { hasSecret: false, secretOf: null }, 'secret_unknown'],
    ['the secret is that of another one', { secretOf: 's9' }, 'secret_unknown'],
    ['it is wanted', { isRecreateWanted: true }, 'wanted'],
  ])('when %s, under an address that is free', (_, situation, why) => {
    const targetUrl = `${PINNED}&n=2`;
    expect(decide([sound], situation)).toEqual({
      kind: 'recreate',
      old: [sound],
      targetUrl,
      faults: [],
      why,
    });
  });

  it('takes the usual address when that is free', () => {
    const unpinned = { ...sound, targetUrl: WEBHOOK_URL };
    expect(decide([unpinned], { hasSecret: false })).toMatchObject({
      targetUrl: PINNED,
      faults: ['version'],
    });
  });
});

/** What Linq has after the plan was carried out, and the subscription to which the newest secret belongs. */
function carryOut(subscriptions: readonly Subscription[], plan: SubscriptionPlan, secretOf: string | null) {
  const made = (targetUrl: string) => ({ ...sound, subscriptionId: 'new', targetUrl });
  switch (plan.kind) {
    case 'create':
      return { after: [...subscriptions, made(plan.targetUrl)], secretOf: 'new' };
    case 'recreate': {
      const left = subscriptions.filter((one) => !plan.old.some((old) => old === one));
      return { after: [...left, made(plan.targetUrl)], secretOf: 'new' };
    }
    case 'update': {
      const after = subscriptions.map((one) =>
        one === plan.subscription ? { ...one, ...plan.change } : one,
      );
      return { after, secretOf };
    }
    case 'keep':
      return { after: subscriptions, secretOf };
  }
}

const anySubscription = fc.record({
  subscriptionId: fc.constantFrom('s1', 's2', 's3', 's4', 's5'),
  targetUrl: fc.constantFrom(
    ...[PINNED, WEBHOOK_URL, `${PINNED}&n=2`, `${WEBHOOK_URL}?version=2025-01-01`, `${WEBHOOK_URL}/`],
    'https://old.example.com/webhooks/linq?version=2026-02-03',
  ),
  isActive: fc.boolean(),
  events: fc.constantFrom(null, SUBSCRIBED_EVENTS, ['message.sent'], []),
  lines: fc.constantFrom(null, [LINE], ['+12025550101']),
});
const anyAccount = fc.uniqueArray(anySubscription, {
  selector: ({ subscriptionId }) => subscriptionId,
  maxLength: 5,
});

describe('whatever an account has', () => {
  const situations = fc.record({
    hasSecret: fc.boolean(),
    secretOf: fc.constantFrom(null, 's1', 's2', 's9'),
    isRecreateWanted: fc.boolean(),
  });

  it('nothing is left to do once the plan was carried out, and what leads elsewhere is untouched', () => {
    fc.assert(
      fc.property(anyAccount, situations, (account, situation) => {
        const { after, secretOf } = carryOut(account, decide(account, situation), situation.secretOf);
        const again = decide(after, { hasSecret: true, secretOf, isRecreateWanted: false });
        expect(again.kind).toBe('keep');
        const elsewhere = (list: readonly Subscription[]) =>
          list.filter(({ targetUrl }) => !targetUrl.startsWith(WEBHOOK_URL));
        expect(elsewhere(after)).toEqual(elsewhere(account));
      }),
      { numRuns: 2_000 },
    );
  });

  it('a new address is taken by none, and has the version pinned', () => {
    fc.assert(
      fc.property(anyAccount, situations, (account, situation) => {
        const plan = decide(account, situation);
        const targetUrl =
          'targetUrl' in plan ? plan.targetUrl : 'change' in plan ? plan.change.targetUrl : undefined;
        if (targetUrl === undefined) return;
        expect(account.map((one) => one.targetUrl)).not.toContain(targetUrl);
        expect(new URL(targetUrl).searchParams.get('version')).toBe(PAYLOAD_VERSION);
      }),
      { numRuns: 2_000 },
    );
  });

  it('no second subscription is ever made beside one that stays', () => {
    fc.assert(
      fc.property(anyAccount, situations, (account, situation) => {
        const plan = decide(account, situation);
        const own = account.filter(({ targetUrl }) => targetUrl.startsWith(WEBHOOK_URL));
        if (plan.kind === 'create') expect(own).toEqual([]);
        if (plan.kind === 'recreate') expect(plan.old).toEqual(own);
      }),
      { numRuns: 1_000 },
    );
  });
});
