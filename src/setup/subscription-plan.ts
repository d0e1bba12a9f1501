import type { NamedSubscription, Subscription } from '../decide/linq-api.ts';
import { CARD_EVENTS, CORE_EVENTS, isSameRoute, uncoveredLines } from '../decide/subscription.ts';

/** Pinned in the URL: without it, a subscription's version depends on the day it was created. */
export const PAYLOAD_VERSION = '2026-02-03';

export interface SubscriptionSituation {
  readonly subscriptions: readonly Subscription[];
  /** Our webhook route's URL as Linq calls it, without a query. */
  readonly webhookUrl: string;
  /** Lines whose events are wanted. */
  readonly lines: readonly string[];
  readonly hasSecret: boolean;
  /** The noted subscription of the newest secret; null: no note. */
  readonly secretOf: string | null;
  /** A new secret is wanted, whatever exists. */
  readonly isRecreateWanted: boolean;
}

/** What is wrong with a subscription. */
export type SubscriptionFault = 'inactive' | 'events' | 'version' | 'lines';

/** Absent fields stay unchanged. */
export interface SubscriptionChange {
  readonly targetUrl?: string;
  readonly events?: readonly string[];
  readonly isActive?: true;
  readonly lines?: null;
}

export type SubscriptionPlan =
  | { readonly kind: 'create'; readonly targetUrl: string }
  /** `isAssumed`: no note says to which subscription the secret belongs. */
  | { readonly kind: 'keep'; readonly subscription: NamedSubscription; readonly isAssumed: boolean }
  | {
      readonly kind: 'update';
      readonly subscription: NamedSubscription;
      readonly faults: readonly SubscriptionFault[];
      readonly change: SubscriptionChange;
      readonly isAssumed: boolean;
    }
  /** Create the new one first: the old ones keep working until it exists and its secret is saved. */
  | {
      readonly kind: 'recreate';
      readonly old: readonly NamedSubscription[];
      readonly targetUrl: string;
      readonly faults: readonly SubscriptionFault[];
      readonly why: 'wanted' | 'secret_unknown';
    };

/** Decides how to end up with exactly one subscription that points here, with a known secret. */
export function decideSubscriptionPlan(situation: SubscriptionSituation): SubscriptionPlan {
  const { subscriptions, webhookUrl, hasSecret, secretOf, isRecreateWanted } = situation;
  const own = ownSubscriptions(subscriptions, webhookUrl);
  const free = freeTarget(subscriptions, webhookUrl);
  if (own.length === 0) return { kind: 'create', targetUrl: free };
  const faultsOf = (subscription: Subscription) => findFaults(subscription, situation);
  const best = own.toSorted((a, b) => faultsOf(a).length - faultsOf(b).length);
  const isAssumed = secretOf === null;
  const known = hasSecret
    ? best.find(({ subscriptionId }) => isAssumed || subscriptionId === secretOf)
    : undefined;
  if (isRecreateWanted || known === undefined) {
    const faults = best[0] === undefined ? [] : faultsOf(best[0]);
    const why = isRecreateWanted ? 'wanted' : 'secret_unknown';
    return { kind: 'recreate', old: own, targetUrl: free, faults, why };
  }
  const faults = faultsOf(known);
  if (faults.length === 0) return { kind: 'keep', subscription: known, isAssumed };
  return { kind: 'update', subscription: known, faults, change: changeFor(known, faults, free), isAssumed };
}

/** The subscriptions that point here, whatever their query. One without an id can't be changed, so it is left out. */
export function ownSubscriptions(
  subscriptions: readonly Subscription[],
  webhookUrl: string,
): NamedSubscription[] {
  return subscriptions.filter(
    (subscription): subscription is NamedSubscription =>
      subscription.subscriptionId !== null && isSameRoute(subscription.targetUrl, webhookUrl),
  );
}

function findFaults(subscription: Subscription, { lines }: SubscriptionSituation): SubscriptionFault[] {
  const { isActive, events, targetUrl } = subscription;
  const faults: [SubscriptionFault, boolean][] = [
    ['inactive', !isActive],
    ['events', lacks(events, CORE_EVENTS)],
    ['version', new URL(targetUrl).searchParams.get('version') !== PAYLOAD_VERSION],
    ['lines', uncoveredLines([subscription], lines).length > 0],
  ];
  return faults.flatMap(([fault, isSo]) => (isSo ? [fault] : []));
}

/** Keeps events that someone added for another purpose, and everything else that isn't wrong. */
function changeFor(
  { events }: Subscription,
  faults: readonly SubscriptionFault[],
  free: string,
): SubscriptionChange {
  return {
    ...(faults.includes('inactive') ? { isActive: true } : {}),
    ...(faults.includes('events') ? { events: withAll(events) } : {}),
    ...(faults.includes('version') ? { targetUrl: free } : {}),
    ...(faults.includes('lines') ? { lines: null } : {}),
  };
}

/**
 * The change that adds the contact-card events to an otherwise correct subscription; null: it has them, or
 * Linq doesn't say. Lacking them is no fault: some accounts don't have them.
 */
export function cardEventsFor({ events }: Subscription): SubscriptionChange | null {
  return lacks(events, CARD_EVENTS) ? { events: withAll(events) } : null;
}

const lacks = (events: readonly string[] | null, wanted: readonly string[]): boolean =>
  events !== null && wanted.some((event) => !events.includes(event));

const withAll = (events: readonly string[] | null): readonly string[] => [
  ...new Set([...(events ?? []), ...CORE_EVENTS, ...CARD_EVENTS]),
];

/**
 * Our URL with its version, plus a number if Linq already has a subscription with the same one: it accepts
 * each URL once, and tells them apart by query.
 */
function freeTarget(subscriptions: readonly Subscription[], webhookUrl: string): string {
  const taken = new Set(subscriptions.map(({ targetUrl }) => targetUrl));
  const first = `${webhookUrl}?version=${PAYLOAD_VERSION}`;
  let target = first;
  for (let n = 2; taken.has(target); n++) target = `${first}&n=${n}`;
  return target;
}
