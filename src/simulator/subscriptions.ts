import type { Clock } from '../clock.ts';
import type { EpochMs } from '../decide/duration.ts';
import type { Behaviour } from './behaviour.ts';
import type { PayloadVersion } from './envelope.ts';
import { CATALOGUES } from './event-types.ts';
import type { LinqEvent } from './events.ts';
import { LinqError } from './linq-errors.ts';
import type { Randomness } from './random.ts';
import { iso } from './resources.ts';
import { createSigningSecret } from './sign.ts';

export interface Subscription {
  readonly subscriptionId: string;
  readonly signingSecret: string;
  targetUrl: string;
  events: readonly string[];
  /** Only events of these lines; null is all. */
  lines: readonly string[] | null;
  isActive: boolean;
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
}

export interface NewSubscription {
  /** https, or http on loopback; `?version=` picks the payload version, default 2026-02-03. */
  readonly targetUrl: string;
  /** Default: all types. */
  readonly events?: readonly string[];
  readonly lines?: readonly string[] | null;
  /** Default: a new one. */
  readonly signingSecret?: string;
}

export type SubscriptionChange = Partial<Pick<Subscription, 'targetUrl' | 'events' | 'lines' | 'isActive'>>;

/** The account's webhook subscriptions. Methods throw a LinqError with the code that the API answers. */
export interface Subscriptions {
  /** The types that the account knows. */
  eventTypes(): readonly string[];
  list(): readonly Subscription[];
  get(subscriptionId: string): Subscription;
  create(subscription: NewSubscription): Subscription;
  update(subscriptionId: string, change: SubscriptionChange): Subscription;
  remove(subscriptionId: string): void;
  /** Those that want this event. */
  of(event: Pick<LinqEvent, 'eventType' | 'line'>): readonly Subscription[];
}

export function payloadVersionOf(targetUrl: string): PayloadVersion {
  return new URL(targetUrl).searchParams.get('version') === '2025-01-01' ? '2025-01-01' : '2026-02-03';
}

/** The subscription as the API shows it: without its secret. */
export function subscriptionObject(subscription: Subscription) {
  return {
    id: subscription.subscriptionId,
    target_url: subscription.targetUrl,
    subscribed_events: subscription.events,
    phone_numbers: subscription.lines,
    is_active: subscription.isActive,
    created_at: iso(subscription.createdAt),
    updated_at: iso(subscription.updatedAt),
  };
}

function checkTarget(targetUrl: string): void {
  const refusal = new LinqError(1005, `targetUrl: expected https, or http on loopback, got ${targetUrl}`);
  if (!URL.canParse(targetUrl)) throw refusal;
  const { protocol, hostname } = new URL(targetUrl);
  const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback)) throw refusal;
}

function checkEvents(events: readonly string[], known: readonly string[]): void {
  if (events.length === 0) throw new LinqError(1001, 'events: expected at least one');
  const unknown = events.find((type) => !known.includes(type));
  if (unknown !== undefined)
    throw new LinqError(1005, `events: the account has no type "${unknown}"; allowed: ${known.join(', ')}`);
}

export function createSubscriptions(
  clock: Pick<Clock, 'now'>,
  randomness: Randomness,
  behaviour: Behaviour,
): Subscriptions {
  const byId = new Map<string, Subscription>();
  const get = (subscriptionId: string): Subscription => {
    const found = byId.get(subscriptionId);
    if (found === undefined) throw new LinqError(2010);
    return found;
  };
  /** Linq takes each target once per account; which code it gives for a second one is unknown. */
  const claimTarget = (targetUrl: string, own: string | null) => {
    checkTarget(targetUrl);
    for (const other of byId.values())
      if (other.targetUrl === targetUrl && other.subscriptionId !== own)
        throw new LinqError(2015, `targetUrl: a subscription has it already: ${targetUrl}`);
  };
  const known = () => CATALOGUES[behaviour.eventTypes];
  return {
    eventTypes: known,
    list: () => [...byId.values()],
    get,
    create({ targetUrl, events = known(), lines = null, signingSecret }) {
      claimTarget(targetUrl, null);
      checkEvents(events, known());
      const createdAt = clock.now();
      const subscription: Subscription = {
        subscriptionId: randomness.uuid('subscription'),
        signingSecret: signingSecret ?? createSigningSecret(randomness.bytes('signing secret')),
        targetUrl,
        events,
        lines,
        isActive: true,
        createdAt,
        updatedAt: createdAt,
      };
      byId.set(subscription.subscriptionId, subscription);
      return subscription;
    },
    update(subscriptionId, change) {
      const subscription = get(subscriptionId);
      if (change.targetUrl !== undefined) claimTarget(change.targetUrl, subscriptionId);
      if (change.events !== undefined) checkEvents(change.events, known());
      return Object.assign(subscription, change, { updatedAt: clock.now() });
    },
    remove(subscriptionId) {
      byId.delete(get(subscriptionId).subscriptionId);
    },
    of: ({ eventType, line }) =>
      [...byId.values()].filter(
        ({ isActive, events, lines }) =>
          isActive &&
          events.includes(eventType) &&
          (lines === null || lines.length === 0 || lines.includes(line)),
      ),
  };
}
