import { asObject, asString, parseJson } from './json.ts';

/** A webhook subscription of the account. */
export interface SubscriptionRead {
  /** Null: not told, or nothing that can be an id, so it can't be changed. */
  readonly subscriptionId: string | null;
  readonly targetUrl: string;
  /** True unless Linq says that it isn't. */
  readonly isActive: boolean;
  /** Null: not told. */
  readonly events: readonly string[] | null;
  /** The lines it is limited to; null: events of all lines. */
  readonly lines: readonly string[] | null;
}

/** The body of `GET /v3/webhook-subscriptions`; null when it isn't a list. */
export function readSubscriptions(body: string | null): readonly SubscriptionRead[] | null {
  const root = asObject(parseJson(body));
  if (root === null || !Array.isArray(root.subscriptions)) return null;
  return root.subscriptions.flatMap((value) => readFields(value) ?? []);
}

/** A subscription alone, as it is answered when it was changed; null when it is none. */
export function readSubscription(body: string | null): SubscriptionRead | null {
  return readFields(parseJson(body));
}

/**
 * The body of `POST /v3/webhook-subscriptions`. The secret is null when it isn't there in the form that Linq issues;
 * the whole is null without an id.
 */
export function readCreated(body: string | null) {
  const json = parseJson(body);
  const subscription = readFields(json);
  const secret = asString(asObject(json)?.signing_secret);
  if (subscription === null || subscription.subscriptionId === null) return null;
  return {
    subscription: { ...subscription, subscriptionId: subscription.subscriptionId },
    signingSecret: secret !== null && SIGNING_SECRET.test(secret) ? secret : null,
  };
}

const SIGNING_SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

function readFields(value: unknown): SubscriptionRead | null {
  const subscription = asObject(value);
  const targetUrl = asString(subscription?.target_url);
  if (subscription === null || targetUrl === null) return null;
  const lines = namesIn(subscription.phone_numbers);
  return {
    subscriptionId: asId(subscription.id),
    targetUrl,
    isActive: subscription.is_active !== false,
    events: namesIn(subscription.subscribed_events),
    lines: lines === null || lines.length === 0 ? null : lines,
  };
}

/** It ends up in the settings file, where a line break in it would begin another setting. */
function asId(value: unknown): string | null {
  return typeof value === 'string' && ID.test(value) ? value : null;
}

const ID = /^[\x21-\x7e]{1,128}$/;

function namesIn(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : null;
}
