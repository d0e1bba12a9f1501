import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Subscription } from '../../../src/decide/linq-api.ts';
import { CORE_EVENTS } from '../../../src/decide/subscription.ts';
import { PAYLOAD_VERSION, type SubscriptionPlan } from '../../../src/setup/subscription-plan.ts';
import { decide, LINE, PINNED, sound, WEBHOOK_URL } from './subscription-situation.ts';

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
  events: fc.constantFrom(null, CORE_EVENTS, ['message.sent'], []),
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
