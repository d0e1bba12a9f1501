import type { ApiRequest } from './api.ts';
import type { Reply } from './http.ts';
import { LinqError } from './linq-errors.ts';
import { type SubscriptionChange, type Subscriptions, subscriptionObject } from './subscriptions.ts';
import { isE164 } from './world.ts';

type Body = Readonly<Record<string, unknown>>;

/** `/v3/webhook-subscriptions`: the signing secret appears in the answer of POST alone. @throws LinqError */
export function serveSubscriptions(subscriptions: Subscriptions, request: ApiRequest): Reply {
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
