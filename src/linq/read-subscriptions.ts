import { isHandle } from '../decide/text.ts';
import {
  ignoreUnreadable,
  type Node,
  type OnUnreadable,
  optionalBoolean,
  optionalItems,
  optionalList,
} from '../payload.ts';
import { asString, readRoot } from './json.ts';

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
export function readSubscriptions(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): readonly SubscriptionRead[] | null {
  const root = readRoot(body, '', onUnreadable);
  const items = root && optionalItems(root, 'subscriptions');
  return items?.flatMap((item) => readFields(item) ?? []) ?? null;
}

/** A subscription alone, as it is answered when it was changed; null when it is none. */
export function readSubscription(body: string | null): SubscriptionRead | null {
  const root = readRoot(body, 'subscription', ignoreUnreadable);
  return root && readFields(root);
}

/**
 * The body of `POST /v3/webhook-subscriptions`. The secret is null when it isn't there in the form that Linq issues;
 * the whole is null without an id.
 */
export function readCreated(body: string | null) {
  const root = readRoot(body, 'subscription', ignoreUnreadable);
  const subscription = root && readFields(root);
  const secret = asString(root?.value.signing_secret);
  if (subscription === null || subscription.subscriptionId === null) return null;
  return {
    subscription: { ...subscription, subscriptionId: subscription.subscriptionId },
    signingSecret: secret !== null && SIGNING_SECRET.test(secret) ? secret : null,
  };
}

const SIGNING_SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

function readFields(subscription: Node): SubscriptionRead | null {
  const targetUrl = asString(subscription.value.target_url);
  if (targetUrl === null) return null;
  const lines = optionalList(subscription, 'phone_numbers')?.filter(isText).filter(isHandle) ?? [];
  return {
    subscriptionId: asId(subscription.value.id),
    targetUrl,
    isActive: optionalBoolean(subscription, 'is_active') !== false,
    events: optionalList(subscription, 'subscribed_events')?.filter(isText) ?? null,
    lines: lines.length === 0 ? null : lines,
  };
}

/** It ends up in the settings file, where a line break in it would begin another setting. */
function asId(value: unknown): string | null {
  return typeof value === 'string' && ID.test(value) ? value : null;
}

const ID = /^[\x21-\x7e]{1,128}$/;

const isText = (value: unknown): value is string => typeof value === 'string';
