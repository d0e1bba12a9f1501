import { createHash } from 'node:crypto';
import type { Behaviour, RouteName } from './behaviour.ts';
import type { Cards } from './contact-cards.ts';
import { type ApiRequest, BadBody, type Reply } from './reply.ts';
import { chatObject, lineObject, messageObject } from './resources.ts';
import { errorEnvelope, LinqError, statusOfCode } from './simulator-errors.ts';
import { type SubscriptionChange, type Subscriptions, subscriptionObject } from './webhook-subscriptions.ts';
import { type Chat, isE164, type World } from './world.ts';

export interface ApiParts {
  readonly world: World;
  readonly subscriptions: Subscriptions;
  readonly cards: Cards;
  readonly behaviour: Behaviour;
  /** In [0, 1). */
  readonly random: () => number;
}

const ROUTES: readonly (readonly [methods: string, path: string, route: RouteName])[] = [
  ['POST', 'chats/:/share_contact_card', 'share'],
  ['GET POST PATCH', 'contact_card', 'contact_card'],
  ['GET', 'chats', 'chats'],
  ['GET', 'chats/:', 'chat'],
  ['GET', 'chats/:/messages', 'messages'],
  ['GET', 'phone_numbers', 'phone_numbers'],
  ['GET', 'phonenumbers', 'phone_numbers'], // its deprecated twin
  ['GET POST', 'webhook-subscriptions', 'webhook_subscriptions'],
  ['GET PUT DELETE', 'webhook-subscriptions/:', 'webhook_subscriptions'],
  ['GET', 'webhook-events', 'webhook_events'],
];

/** The endpoint for a path below `/v3/`; null: none. */
export function routeOf(method: string, segments: readonly string[]): RouteName | null {
  const path = segments.map((segment, index) => (index === 1 ? ':' : segment)).join('/');
  const found = ROUTES.find(([methods, pattern]) => pattern === path && methods.split(' ').includes(method));
  return found?.[2] ?? null;
}

/** @throws LinqError 1005 */
function page<T>(
  items: readonly T[],
  query: URLSearchParams,
  defaultLimit: number,
  listEnd: Behaviour['listEnd'],
) {
  const limit = Number(query.get('limit') ?? defaultLimit);
  const offset = Number(query.get('cursor') || 0);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw new LinqError(1005);
  if (!Number.isInteger(offset) || offset < 0) throw new LinqError(1005);
  const from = listEnd === 'repeat' && items.length > 0 ? offset % items.length : offset;
  const isEnd = offset + limit >= items.length && listEnd === 'stop';
  return { items: items.slice(from, from + limit), nextCursor: isEnd ? null : String(offset + limit) };
}

/** A handler's refusal in Linq's format; rethrows anything unexpected. */
export function refusalReply(error: unknown, traceId: string): Reply {
  if (!(error instanceof LinqError || error instanceof BadBody)) throw error;
  const { linqCode: code, retryAfter } = error instanceof LinqError ? error : new LinqError(1003);
  const wait = retryAfter === null ? {} : { retryAfter };
  return {
    status: statusOfCode(code),
    body: errorEnvelope({ code, traceId, ...wait }),
    headers: retryAfter === null ? {} : { 'Retry-After': String(retryAfter) },
    linqCode: code,
  };
}

/**
 * Serves every endpoint but `share`, which the server performs because it records it.
 * @throws LinqError for what Linq refuses
 */
export function serveApi(parts: ApiParts, route: Exclude<RouteName, 'share'>, request: ApiRequest): Reply {
  const { world } = parts;
  const { query, segments } = request;
  switch (route) {
    case 'contact_card':
      return parts.cards.serveCard(request);
    case 'chats':
      return listChats(parts, query);
    case 'chat':
      return { status: 200, body: chatObject(findChat(world, segments[1])) };
    case 'messages': {
      const chat = findChat(world, segments[1]);
      const { items, nextCursor } = page(chat.messages.toReversed(), query, 50, parts.behaviour.listEnd);
      const messages = items.map((message) => messageObject(chat, message));
      return { status: 200, body: { messages, next_cursor: nextCursor } };
    }
    case 'phone_numbers':
      return { status: 200, body: { phone_numbers: [...world.lines.values()].map(lineObject) } };
    case 'webhook_subscriptions':
      return serveSubscriptions(parts.subscriptions, request);
    case 'webhook_events':
      return {
        status: 200,
        body: {
          events: parts.subscriptions.eventTypes(),
          doc_url: 'https://docs.linqapp.com/guides/webhooks/events',
        },
      };
  }
}

function findChat(world: World, chatId: string | undefined) {
  const chat = world.chats.get(chatId ?? '');
  if (chat === undefined) throw new LinqError(2001);
  return chat;
}

function listChats({ world, behaviour, random }: ApiParts, query: URLSearchParams): Reply {
  const from = query.get('from');
  const to = query.get('to');
  const ordered = inOrder(world.chatList, behaviour.chatOrder);
  const matching =
    from === null && to === null
      ? ordered
      : ordered.filter(
          (chat) =>
            (from === null || chat.line === from) &&
            (to === null || chat.others.some(({ handle }) => handle === to)),
        );
  const { items, nextCursor } = page(matching, query, 20, behaviour.listEnd);
  const reply = { status: 200, body: { chats: items.map(chatObject), next_cursor: nextCursor } };
  for (let n = 0; n < behaviour.shiftPages; n++) world.moveToFront(Math.floor(random() * ordered.length));
  return reply;
}

type Body = Readonly<Record<string, unknown>>;

/** `/v3/webhook-subscriptions`: only POST's response includes the signing secret. @throws LinqError */
function serveSubscriptions(subscriptions: Subscriptions, request: ApiRequest): Reply {
  const { method, segments, body } = request;
  const subscriptionId = segments[1];
  if (subscriptionId === undefined && method === 'POST') {
    const { targetUrl, events, lines = null, routing = {} } = readChange(body);
    if (targetUrl === undefined || events === undefined) throw new LinqError(1001);
    const created = subscriptions.create({ targetUrl, events, lines, routing });
    return { status: 201, body: { ...subscriptionObject(created), signing_secret: created.signingSecret } };
  }
  if (subscriptionId === undefined)
    return { status: 200, body: { subscriptions: subscriptions.list().map(subscriptionObject) } };
  if (method === 'PUT') {
    const updated = subscriptions.update(subscriptionId, readChange(body));
    return { status: 200, body: subscriptionObject(updated) };
  }
  if (method === 'DELETE') {
    subscriptions.remove(subscriptionId);
    return { status: 204 };
  }
  return { status: 200, body: subscriptionObject(subscriptions.get(subscriptionId)) };
}

function readChange(body: Body): SubscriptionChange {
  const {
    target_url: targetUrl,
    subscribed_events: events,
    phone_numbers: lines,
    is_active: isActive,
    routing_key_header: key,
    routing_id_header: id,
  } = body;
  if (targetUrl !== undefined && typeof targetUrl !== 'string') throw new LinqError(1005);
  if (events !== undefined && !isStrings(events)) throw new LinqError(1005);
  if (lines !== undefined && lines !== null && !(isStrings(lines) && lines.every(isE164)))
    throw new LinqError(1002);
  if (isActive !== undefined && typeof isActive !== 'boolean') throw new LinqError(1005);
  if (!isNameOrNot(key) || !isNameOrNot(id)) throw new LinqError(1005);
  return {
    routing: { ...(key === undefined ? {} : { key }), ...(id === undefined ? {} : { id }) },
    ...(targetUrl === undefined ? {} : { targetUrl }),
    ...(events === undefined ? {} : { events }),
    ...(lines === undefined ? {} : { lines: lines === null || lines.length === 0 ? null : lines }),
    ...(isActive === undefined ? {} : { isActive }),
  };
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const isNameOrNot = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || typeof value === 'string';

/** The chats in listing order. Linq documents none, so clients must not depend on one. */
function inOrder(chats: readonly Chat[], order: Behaviour['chatOrder']): readonly Chat[] {
  if (order === 'created') return chats;
  if (order === 'updated') return chats.toSorted((a, b) => b.updatedAt - a.updatedAt);
  const keys = new Map(chats.map(({ chatId }) => [chatId, hashOf(chatId)]));
  const keyOf = ({ chatId }: Chat) => keys.get(chatId) ?? '';
  return chats.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** An arbitrary but stable order. */
function hashOf(chatId: string): string {
  return createHash('sha256').update(chatId).digest('hex');
}
