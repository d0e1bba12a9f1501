import type { Subscription } from '../../../src/decide/linq-api.ts';
import { CORE_EVENTS } from '../../../src/decide/subscription.ts';
import { decideSubscriptionPlan, type SubscriptionSituation } from '../../../src/setup/subscription-plan.ts';

export const WEBHOOK_URL = 'https://cards.example.com/webhooks/linq';
export const PINNED = `${WEBHOOK_URL}?version=2026-02-03`;
export const LINE = '+12025550100';

export const sound: Subscription = {
  subscriptionId: 's1',
  targetUrl: PINNED,
  isActive: true,
  events: CORE_EVENTS,
  lines: null,
};

export const decide = (
  subscriptions: readonly Subscription[],
  situation: Partial<SubscriptionSituation> = {},
) =>
  decideSubscriptionPlan({
    subscriptions,
    webhookUrl: WEBHOOK_URL,
    lines: [LINE],
    hasSecret: true,
    secretOf: 's1',
    isRecreateWanted: false,
    ...situation,
  });
