/** The route that a subscription's `target_url` leads to, below the service's public address. */
export const WEBHOOK_PATH = '/webhooks/linq';

/**
 * True if both addresses lead to the same route: host names are case-insensitive, a trailing slash doesn't
 * matter, and a query only selects the payload version.
 */
export function isSameRoute(url: string, other: string): boolean {
  return routeOf(url) === routeOf(other);
}

function routeOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, '');
}

/** Without it the service never learns of new chats. */
export const VITAL_EVENT = 'message.sent';

const CORE = [
  VITAL_EVENT,
  'message.delivered',
  'message.read',
  'message.failed',
  'message.received',
  'chat.created',
  'participant.added',
  'participant.removed',
  'phone_number.status_updated',
] as const;
const CARD = ['contact_card.created', 'contact_card.updated', 'contact_card.deleted'] as const;

/** `webhook/parse.ts` doesn't compile unless it says how each of these is handled. */
export type SubscribedEvent = (typeof CORE | typeof CARD)[number];

/** The event types that a subscription needs; `message.failed` is for Linq's own dashboards. */
export const CORE_EVENTS: readonly string[] = CORE;

/**
 * With these, a changed card is noticed immediately instead of within CARD_TTL. Older accounts work without
 * them.
 */
export const CARD_EVENTS: readonly string[] = CARD;
