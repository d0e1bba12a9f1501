import { isUtf8 } from 'node:buffer';
import secureJson from 'secure-json-parse';
import type { SubscribedEvent } from '../decide/subscription.ts';
import { PayloadError } from '../errors.ts';
import {
  ignoreUnreadable,
  isObject,
  type JsonObject,
  neededObject,
  type OnUnreadable,
  optionalInstant,
  optionalWord,
} from '../payload.ts';
import {
  type Envelope,
  type Reading,
  readCardChange,
  readChatCreated,
  readEdit,
  readLineStatus,
  readMessage,
  readParticipant,
} from './event-readers.ts';

/** How a type of event is read, or why it is ignored. */
type Disposition = { readonly read: (envelope: Envelope) => Reading } | { readonly ignore: string };

/** The events that we subscribe to (`decide/event.ts`). */
const SUBSCRIBED: Readonly<Record<SubscribedEvent, Disposition>> = {
  'message.sent': { read: readMessage },
  'message.delivered': { read: readMessage },
  'message.read': { read: readMessage },
  'message.received': { read: readMessage },
  'message.failed': { ignore: 'a failed message doesn’t count as sent' },
  'chat.created': { read: readChatCreated },
  'participant.added': { read: readParticipant },
  'participant.removed': { read: readParticipant },
  'phone_number.status_updated': { read: readLineStatus },
  'contact_card.created': { read: readCardChange },
  'contact_card.updated': { read: readCardChange },
  'contact_card.deleted': { read: readCardChange },
};

const REACTION: Disposition = { ignore: 'a reaction isn’t a message' };
const APPEARANCE: Disposition = { ignore: 'a chat’s name, icon or background doesn’t matter' };
const TYPING: Disposition = { ignore: 'typing isn’t a message' };
const CALL: Disposition = { ignore: 'a call isn’t a message' };
const LOCATION: Disposition = { ignore: 'a shared location isn’t a message' };
const POLL: Disposition = { ignore: 'a poll doesn’t count as a message' };
const PAYMENT: Disposition = { ignore: 'a payment isn’t a message' };
const ACCOUNT: Disposition = { ignore: 'about the account, not about a chat' };
const UNKNOWN: Disposition = { ignore: 'an event type that this version does not know' };

/** Every event type that Linq has published: a subscription made elsewhere may carry any of them. */
const DISPOSITIONS: ReadonlyMap<string, Disposition> = new Map<string, Disposition>([
  ...Object.entries(SUBSCRIBED),
  ['message.edited', { read: readEdit }],
  ...all(REACTION, 'reaction.', 'added removed'),
  ...all(TYPING, 'chat.typing_indicator.', 'started stopped'),
  ...all(APPEARANCE, 'chat.', 'group_name_updated group_icon_updated background_updated'),
  ...all(APPEARANCE, 'chat.', 'group_name_update_failed group_icon_update_failed background_update_failed'),
  ...all(CALL, 'call.', 'initiated ringing answered ended failed declined no_answer'),
  ...all(LOCATION, 'location.sharing.', 'started stopped'),
  ...all(POLL, 'poll.', 'received failed sent delivered read updated vote.added vote.removed reaction.added'),
  ...all(PAYMENT, 'payment.', 'succeeded canceled expired declined authorized'),
  ...all(ACCOUNT, 'connection.', 'created revoked'),
  // a person's card, sent to our line
  ['contact_card.received', { ignore: 'a person’s own card doesn’t acknowledge ours' }],
  ...all(ACCOUNT, 'phone_number.', 'assigned released forwarding_updated'),
  ...all(ACCOUNT, 'webhook_subscription.', 'created deleted enabled disabled target_url_changed'),
  ...all(ACCOUNT, 'webhook_subscription.', 'events.updated phone_numbers.updated'),
  ...all(ACCOUNT, 'webhook_subscription.', 'routing_headers_set routing_headers_cleared'),
  ...all(ACCOUNT, 'environment.', 'line_moved created renamed deleted'),
  ...all(ACCOUNT, 'api_token.', 'created renamed expiry_scheduled expired activated deleted'),
  ...all(ACCOUNT, 'team_member.', 'added signed_in signed_out'),
  ...all(ACCOUNT, 'zero_day_retention.', 'updated'),
]);

function all(disposition: Disposition, prefix: string, names: string): [string, Disposition][] {
  return names.split(' ').map((name) => [prefix + name, disposition]);
}

/** Types that Linq adds later are ignored, never refused. */
export function dispositionOf(eventType: string): Disposition {
  return DISPOSITIONS.get(eventType) ?? UNKNOWN;
}

/** The types that have their own disposition. */
export const KNOWN_EVENT_TYPES: readonly string[] = [...DISPOSITIONS.keys()];

export type ParsedDelivery = Reading & {
  readonly eventType: string;
  /** Null when the envelope has no usable id; no fact depends on it. */
  readonly eventId: string | null;
};

const EVENT_TYPE = /^[\w.:-]{1,128}$/;
const EVENT_ID = /^[\x21-\x7e]{1,128}$/;

/**
 * Reads a verified delivery of either payload version. Ignored types are ignored whatever they contain. The
 * others need a chat (or a line), a message's sender, and one time. Other unreadable fields count as absent.
 * @throws PayloadError naming the unreadable needed field, never its value, and the event type if known
 */
export function parseDelivery(raw: Buffer, onUnreadable: OnUnreadable = ignoreUnreadable): ParsedDelivery {
  const body = parseJson(raw);
  const { event_type: eventType, event_id: id } = body;
  if (typeof eventType !== 'string' || !EVENT_TYPE.test(eventType)) {
    throw new PayloadError('event_type: expected a name like message.sent');
  }
  const eventId = typeof id === 'string' && EVENT_ID.test(id) ? id : null;
  const disposition = dispositionOf(eventType);
  if ('ignore' in disposition) return { eventType, eventId, kind: 'ignored', reason: disposition.ignore };
  try {
    return { eventType, eventId, ...disposition.read(openEnvelope(eventType, body, onUnreadable)) };
  } catch (error) {
    throw error instanceof PayloadError ? new PayloadError(error.message, eventType) : error;
  }
}

function openEnvelope(eventType: string, body: JsonObject, onUnreadable: OnUnreadable): Envelope {
  const root = { at: '', value: body, onUnreadable };
  return {
    eventType,
    version: optionalWord(root, 'webhook_version'),
    createdAt: optionalInstant(root, 'created_at'),
    data: neededObject(root, 'data'),
  };
}

/**
 * Linq's payloads nest about five levels. Deeper ones hold no facts that we need, but could overflow a
 * parser's or reader's stack.
 */
export const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Reads a verified body as a JSON object.
 * @throws PayloadError when it isn't one, nests deeper than MAX_DEPTH, or has a `__proto__` or `constructor.prototype`
 *   key; a parser's own message would quote the body, so it isn't passed on
 */
export function parseJson(raw: Buffer): JsonObject {
  if (!isUtf8(raw)) throw new PayloadError('body: expected UTF-8');
  const text = raw.toString('utf8');
  if (opensMoreThan(MAX_DEPTH, text) && depthOf(raw) > MAX_DEPTH) {
    throw new PayloadError(`body: nested deeper than ${MAX_DEPTH} levels`);
  }
  const body = parseGuarded(text);
  if (!isObject(body)) throw new PayloadError('body: expected a JSON object');
  return body;
}

function parseGuarded(text: string): unknown {
  try {
    return secureJson.parse(text);
  } catch {
    throw new PayloadError('body: expected JSON without __proto__ or constructor.prototype keys');
  }
}

/**
 * Whether a text has more opening brackets than this. A cheap test that is nearly always enough: the depth can't exceed
 * their number.
 */
function opensMoreThan(most: number, text: string): boolean {
  let opened = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++opened > most) return true;
    }
  }
  return false;
}

/** The deepest nesting, ignoring brackets in strings. Works on bytes, as all relevant ones are ASCII. */
function depthOf(raw: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) deepest = Math.max(deepest, ++depth);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
  }
  return deepest;
}
