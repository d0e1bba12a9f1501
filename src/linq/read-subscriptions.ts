import { asObject, asString, parseJson } from './json.ts';

/** A webhook subscription of the account. */
export interface SubscriptionRead {
  readonly targetUrl: string;
  /** True unless Linq says that it isn't. */
  readonly isActive: boolean;
  /** Null: not told. */
  readonly events: readonly string[] | null;
}

/** The body of `GET /v3/webhook-subscriptions`; null when it isn't a list. */
export function readSubscriptions(body: string | null): readonly SubscriptionRead[] | null {
  const root = asObject(parseJson(body));
  if (root === null || !Array.isArray(root.subscriptions)) return null;
  return root.subscriptions.flatMap((value) => {
    const subscription = asObject(value);
    const targetUrl = asString(subscription?.target_url);
    if (subscription === null || targetUrl === null) return [];
    const { is_active: isActive, subscribed_events: events } = subscription;
    const names = Array.isArray(events) ? events.filter((name) => typeof name === 'string') : null;
    return [{ targetUrl, isActive: isActive !== false, events: names }];
  });
}
