import type { Subscription } from './linq-api.ts';

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

/** Those of the lines whose events none of these subscriptions carries. */
export function uncoveredLines(
  subscriptions: readonly Pick<Subscription, 'lines'>[],
  lines: readonly string[],
): readonly string[] {
  return lines.filter((line) => subscriptions.every(({ lines: only }) => only?.includes(line) === false));
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

/** How a signing secret begins; base64 follows. */
export const SECRET_PREFIX = 'whsec_';
/** Bounds of the Standard Webhooks specification for a symmetric secret. */
export const SECRET_BYTES = { from: 24, to: 64 } as const;

/**
 * What is wrong with a signing secret; null: it has the form in which Linq issues it. Missing base64 padding is
 * fine: it decodes anyway. Never repeats the secret.
 */
export function faultOfSigningSecret(secret: string): string | null {
  if (!secret.startsWith(SECRET_PREFIX)) return `doesn’t begin with ${SECRET_PREFIX}`;
  const digits = secret.slice(SECRET_PREFIX.length).replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) {
    return `isn’t base64 after ${SECRET_PREFIX}`;
  }
  const bytes = Math.floor((digits.length * 3) / 4);
  return bytes < SECRET_BYTES.from || bytes > SECRET_BYTES.to ? `decodes to ${bytes} bytes` : null;
}
