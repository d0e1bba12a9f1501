import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import {
  accountPayload,
  chatCreatedPayload,
  type EventHead,
  envelope,
  lineStatusPayload,
  messageEditedPayload,
  messageFailedPayload,
  messagePayload,
  type Payload,
  type PayloadVersion,
  participantPayload,
} from './payloads.ts';
import type { Randomness } from './random.ts';
import { isObject } from './reply.ts';
import { iso } from './resources.ts';
import { SimulatorError } from './simulator-errors.ts';
import type { Chat, Line, Message, World } from './world.ts';

/** An event that subscriptions may want. */
export interface LinqEvent {
  readonly eventId: string;
  readonly eventType: string;
  /** Null: about the account. */
  readonly line: string | null;
  readonly chatId: string | null;
  /** Builds the body in one version, from the current state: call it immediately, before the state changes. */
  readonly build: (version: PayloadVersion) => Payload;
}

/** Emits an event of one type and returns its id; the head (ids, time, account) is made here. */
export type Publish = (
  eventType: string,
  about: { readonly line: string | null; readonly chatId?: string; readonly traceId?: string },
  build: (head: EventHead, version: PayloadVersion) => Payload,
) => string;

export function createPublish(
  clock: Pick<Clock, 'now'>,
  randomness: Randomness,
  partnerId: string,
  emit: (event: LinqEvent) => void,
): Publish {
  return (eventType, about, build) => {
    const traceId = about.traceId ?? randomness.trace('trace of event');
    const eventId = randomness.uuid('event');
    const head: EventHead = { eventId, createdAt: clock.now(), traceId, partnerId };
    emit({
      eventId,
      eventType,
      line: about.line,
      chatId: about.chatId ?? null,
      build: (version) => build(head, version),
    });
    return eventId;
  };
}

/** The values that a delivery's headers repeat from its body, as far as the body has them. */
export function describeBody(
  body: string,
  newId: () => string = randomUUID,
): { eventId: string; eventType: string; chatId: null } {
  const payload = parseObject(body);
  const { event_id: eventId, event_type: eventType } = payload;
  return {
    eventId: typeof eventId === 'string' ? eventId : newId(),
    eventType: typeof eventType === 'string' ? eventType : 'unknown',
    chatId: null,
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

export interface AnyEvent {
  readonly type: string;
  /** The subject; the line defaults to the chat's. */
  readonly chatId?: string;
  readonly line?: string;
  /** Overrides individual fields of the payload. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Paths of fields to omit: `data.parts`. */
  readonly without?: readonly string[];
}

interface Subject {
  readonly type: string;
  readonly chat: Chat | null;
  readonly line: Line | null;
  readonly at: number;
}

type Build = (head: EventHead, version: PayloadVersion) => Payload;

/** Emits an event of any type about existing objects, without any change behind it. Returns the event's id. */
export function createAnyEvent(world: World, clock: Pick<Clock, 'now'>, publish: Publish) {
  return ({ type, chatId, line: number, payload = {}, without = [] }: AnyEvent): string => {
    const chat = chatId === undefined ? null : world.chat(chatId);
    const about = number ?? chat?.line;
    const line = about === undefined ? null : world.line(about);
    const build = builderOf({ type, chat, line, at: clock.now() });
    const subject = { line: line?.number ?? null, ...(chatId === undefined ? {} : { chatId }) };
    return publish(type, subject, (head, version) => {
      const changed = laidOver(build(head, version), payload) as Record<string, unknown>;
      for (const path of without) leaveOut(changed, path.split('.'));
      return changed as unknown as Payload;
    });
  };
}

/** @throws SimulatorError when it gets no subject that such an event could be about */
function builderOf(subject: Subject): Build {
  const { type, line, at } = subject;
  const chat = (): Chat => subject.chat ?? missing('chatId', type);
  switch (type) {
    case 'message.sent':
    case 'message.delivered':
    case 'message.read':
    case 'message.received': {
      const [of, message] = [chat(), lastMessage(chat(), type)];
      return (head, version) => messagePayload(head, version, type, of, message);
    }
    case 'message.edited': {
      const [of, message] = [chat(), lastMessage(chat(), type)];
      return (head, version) => messageEditedPayload(head, version, of, message, at);
    }
    case 'message.failed': {
      const [of, message] = [chat(), lastMessage(chat(), type)];
      const failure = { code: 4001, reason: 'Delivery failed', failedAt: at, detailCode: 120417 };
      return (head, version) => messageFailedPayload(head, version, of, message, failure);
    }
    case 'chat.created': {
      const of = chat();
      return (head, version) => chatCreatedPayload(head, version, of);
    }
    case 'participant.added':
    case 'participant.removed': {
      const of = chat();
      return (head, version) => participantPayload(head, version, type, of, of.others[0] ?? of.own, at);
    }
    case 'phone_number.status_updated': {
      const { number, status, reputation } = line ?? missing('line', type);
      const change = { number, previousStatus: status, newStatus: status, changedAt: at };
      const reputations = { previousReputation: reputation, newReputation: reputation };
      return (head, version) => lineStatusPayload(head, version, { ...change, ...reputations });
    }
    default:
      return otherEvent(subject);
  }
}

/** Our sources don't document the other events, except for what all account events have. */
function otherEvent({ type, chat, line, at }: Subject): Build {
  if (type.startsWith('contact_card.') && line === null) missing('line', type);
  const about = {
    ...(chat === null ? {} : { chat_id: chat.chatId }),
    ...(line === null ? {} : { phone_number: line.number }),
  };
  if (isAccountEvent(type))
    return (head, version) => accountPayload(head, version, type, at, 'dashboard', about);
  return (head, version) => envelope(head, version, type, { ...about, occurred_at: iso(at) });
}

function missing(field: 'chatId' | 'line', type: string): never {
  throw new SimulatorError(`${field}: missing; ${type} is about a ${field === 'line' ? 'line' : 'chat'}`);
}

function lastMessage(chat: Chat, type: string): Message {
  const direction = type === 'message.received' ? 'inbound' : 'outbound';
  const found = chat.messages.findLast((message) => message.direction === direction);
  if (found === undefined)
    throw new SimulatorError(`chat ${chat.chatId} has no ${direction} message: ${type} needs one`);
  return found;
}

function laidOver(base: unknown, change: unknown): unknown {
  if (!isObject(base) || !isObject(change)) return structuredClone(change);
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(change)) merged[name] = laidOver(base[name], value);
  return merged;
}

/** Missing fields needn't be omitted: the two payload versions differ. */
function leaveOut(value: Record<string, unknown>, [name = '', ...rest]: readonly string[]): void {
  if (rest.length === 0) {
    delete value[name];
    return;
  }
  const inner = value[name];
  if (!isObject(inner)) return;
  const copy = { ...inner }; // copies, because the account's own state shares it
  value[name] = copy;
  leaveOut(copy, rest);
}

/** Event names of one family. */
const of = (family: string, ...names: string[]) => names.map((name) => `${family}.${name}`);

/** The types of the official SDK 0.28.2. */
const FIRST: readonly string[] = [
  ...of('message', 'sent', 'received', 'read', 'delivered', 'failed', 'edited'),
  ...of('reaction', 'added', 'removed'),
  ...of('participant', 'added', 'removed'),
  ...of('chat', 'created', 'group_name_updated', 'group_icon_updated'),
  ...of('chat', 'group_name_update_failed', 'group_icon_update_failed'),
  ...of('chat.typing_indicator', 'started', 'stopped'),
  'phone_number.status_updated',
  ...of('call', 'initiated', 'ringing', 'answered', 'ended', 'failed', 'declined', 'no_answer'),
  ...of('location.sharing', 'started', 'stopped'),
];
/** Added by August 2026. */
const SECOND: readonly string[] = [
  ...of('poll', 'received', 'failed', 'sent', 'delivered', 'read', 'updated'),
  ...of('poll', 'vote.added', 'vote.removed', 'reaction.added'),
  ...of('chat', 'background_updated', 'background_update_failed'),
  ...of('payment', 'succeeded', 'canceled', 'expired', 'declined', 'authorized'),
  ...of('connection', 'created', 'revoked'),
];
/** Events about the account itself; these have their own format. */
const ACCOUNT: readonly string[] = [
  ...of('contact_card', 'created', 'updated', 'deleted'),
  ...of('phone_number', 'assigned', 'released', 'forwarding_updated'),
  ...of('webhook_subscription', 'created', 'deleted', 'enabled', 'disabled', 'target_url_changed'),
  ...of('webhook_subscription', 'events.updated', 'phone_numbers.updated'),
  ...of('webhook_subscription', 'routing_headers_set', 'routing_headers_cleared'),
  ...of('environment', 'line_moved', 'created', 'renamed', 'deleted'),
  ...of('api_token', 'created', 'renamed', 'expiry_scheduled', 'expired', 'activated', 'deleted'),
  ...of('team_member', 'added', 'signed_in', 'signed_out'),
  'zero_day_retention.updated',
];

/** All event types known in Linq's webhooks as of September 2026. */
export const EVENT_TYPES: readonly string[] = [...FIRST, ...SECOND, 'contact_card.received', ...ACCOUNT];

/** The event types that an account knows: accounts get new ones at different times. */
export const CATALOGUES = {
  27: FIRST,
  45: [...FIRST, ...SECOND],
  75: EVENT_TYPES,
} as const;

const isAccountEvent = (eventType: string): boolean => ACCOUNT.includes(eventType);
