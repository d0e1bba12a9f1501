import type { Clock } from '../clock.ts';
import type { EpochMs } from '../decide/time.ts';
import type { Behaviour } from './behaviour.ts';
import { CATALOGUES, type LinqEvent } from './linq-events.ts';
import type { PayloadVersion } from './payloads.ts';
import type { Randomness } from './random.ts';
import { iso } from './resources.ts';
import { createSigningSecret } from './sign.ts';
import { LinqError } from './simulator-errors.ts';

export interface Subscription {
  readonly subscriptionId: string;
  readonly signingSecret: string;
  targetUrl: string;
  events: readonly string[];
  /** Only events of these lines; null is all. */
  lines: readonly string[] | null;
  isActive: boolean;
  routing: Routing;
  /** By chat: the token sent with its webhooks. */
  readonly routingKeys: Map<string, string>;
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
}

/**
 * Delivery affinity: names of headers sent with every webhook of a chat. `key` holds a token that an earlier
 * response returned in the same header, `id` the chat's id. Null: none.
 */
export interface Routing {
  readonly key: string | null;
  readonly id: string | null;
}
const NO_ROUTING: Routing = { key: null, id: null };
const DEFAULT_ID_HEADER = 'Linq-Chat-Id';

export interface NewSubscription {
  /** https, or http on loopback; `?version=` picks the payload version, default 2026-02-03. */
  readonly targetUrl: string;
  /** Default: all types. */
  readonly events?: readonly string[];
  readonly lines?: readonly string[] | null;
  /** Default: a new one. */
  readonly signingSecret?: string;
  readonly routing?: Partial<Routing>;
}

export type SubscriptionChange = Partial<
  Pick<Subscription, 'targetUrl' | 'events' | 'lines' | 'isActive'>
> & { readonly routing?: Partial<Routing> };

/** The account's webhook subscriptions. Methods throw a LinqError with the API's code. */
export interface Subscriptions {
  /** The event types that the account knows. */
  eventTypes(): readonly string[];
  list(): readonly Subscription[];
  get(subscriptionId: string): Subscription;
  create(subscription: NewSubscription): Subscription;
  update(subscriptionId: string, change: SubscriptionChange): Subscription;
  remove(subscriptionId: string): void;
  /** The subscriptions that want this event. */
  of(event: Pick<LinqEvent, 'eventType' | 'line'>): readonly Subscription[];
}

export function payloadVersionOf(targetUrl: string): PayloadVersion {
  return new URL(targetUrl).searchParams.get('version') === '2025-01-01' ? '2025-01-01' : '2026-02-03';
}

/** The subscription as the API shows it: without its secret. */
export function subscriptionObject(subscription: Subscription) {
  const { routing } = subscription;
  return {
    id: subscription.subscriptionId,
    target_url: subscription.targetUrl,
    subscribed_events: subscription.events,
    phone_numbers: subscription.lines,
    is_active: subscription.isActive,
    ...(routing.key === null ? {} : { routing_key_header: routing.key }),
    ...(routing.id === null ? {} : { routing_id_header: routing.id }),
    created_at: iso(subscription.createdAt),
    updated_at: iso(subscription.updatedAt),
  };
}

/** The headers that route a chat's webhook; none unless the subscription asks for them. */
export function routingHeaders({ routing, routingKeys }: Subscription, chatId: string | null) {
  const headers: Record<string, string> = {};
  if (chatId === null) return headers;
  const key = routingKeys.get(chatId);
  if (routing.key !== null && key !== undefined) headers[routing.key.toLowerCase()] = key;
  if (routing.id !== null) headers[routing.id.toLowerCase()] = chatId;
  return headers;
}

/** @param headers of a 2xx response, names in lower case */
export function learnRouting(
  { routing, routingKeys }: Subscription,
  chatId: string | null,
  headers: Readonly<Record<string, unknown>>,
): void {
  const key = routing.key === null ? undefined : headers[routing.key.toLowerCase()];
  if (chatId !== null && typeof key === 'string') routingKeys.set(chatId, key);
}

/** @throws LinqError 1005 for an invalid header name */
function routed(before: Routing, change: Partial<Routing>): Routing {
  for (const name of Object.values(change))
    if (name !== null && !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      throw new LinqError(1005, { detail: `routing: "${name}" isn’t a valid header name` });
  const after = { ...before, ...change };
  return after.key === null ? after : { ...after, id: after.id ?? DEFAULT_ID_HEADER };
}

function checkTarget(targetUrl: string): void {
  const refusal = new LinqError(1005, {
    detail: `targetUrl: expected https, or http on loopback, got ${targetUrl}`,
  });
  if (!URL.canParse(targetUrl)) throw refusal;
  const { protocol, hostname } = new URL(targetUrl);
  const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback)) throw refusal;
}

function checkEvents(events: readonly string[], known: readonly string[]): void {
  if (events.length === 0) throw new LinqError(1001, { detail: 'events: expected at least one' });
  const unknown = events.find((type) => !known.includes(type));
  if (unknown !== undefined)
    throw new LinqError(1005, {
      detail: `events: the account has no type "${unknown}"; allowed: ${known.join(', ')}`,
    });
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
  /** Linq accepts each target once per account; its code for a second one is unknown. */
  const claimTarget = (targetUrl: string, own: string | null) => {
    checkTarget(targetUrl);
    for (const other of byId.values())
      if (other.targetUrl === targetUrl && other.subscriptionId !== own)
        throw new LinqError(2015, { detail: `targetUrl: a subscription has it already: ${targetUrl}` });
  };
  const known = () => CATALOGUES[behaviour.eventTypes];
  return {
    eventTypes: known,
    list: () => [...byId.values()],
    get,
    create({ targetUrl, events = known(), lines = null, signingSecret, routing = {} }) {
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
        routing: routed(NO_ROUTING, routing),
        routingKeys: new Map(),
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
      const routing = routed(subscription.routing, change.routing ?? {});
      return Object.assign(subscription, change, { routing, updatedAt: clock.now() });
    },
    remove(subscriptionId) {
      byId.delete(get(subscriptionId).subscriptionId);
    },
    of: ({ eventType, line }) =>
      [...byId.values()].filter(
        ({ isActive, events, lines }) =>
          isActive &&
          events.includes(eventType) &&
          (line === null || lines === null || lines.length === 0 || lines.includes(line)),
      ),
  };
}
