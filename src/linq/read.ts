import type { LinqAnswer } from '../decide/outcome.ts';
import { parseRetryAfter } from '../decide/pacing.ts';
import { isHandle } from '../decide/text.ts';
import type { EpochMs } from '../decide/time.ts';
import {
  type Health,
  ignoreUnreadable,
  isObject,
  type JsonObject,
  type Node,
  type OnUnreadable,
  optionalBoolean,
  optionalChatId,
  optionalHandle,
  optionalInstant,
  optionalItems,
  optionalList,
  optionalObject,
  optionalWord,
  readHealth,
  readMessageTime,
  readParts,
  readService,
} from '../payload.ts';
import type { Headers, Reply } from './call.ts';

/**
 * Reads any shape of Linq's errors, and bodies that aren't Linq's at all.
 * @param isRead the call changes nothing at Linq, so it matters not whether it arrived
 * @param apiKey nothing that carries it is taken over: a proxy may echo the request
 */
export function readAnswer(reply: Reply, isRead: boolean, systemNow: EpochMs, apiKey: string): LinqAnswer {
  if (reply.kind === 'none') {
    return { kind: 'unanswered', mayHaveArrived: reply.wasSent && !isRead, cause: reply.cause };
  }
  const { httpStatus, headers, body } = reply;
  const json = parseJson(body);
  const root = asObject(json);
  const error = asObject(root?.error);
  const linqCode = readCode(error?.code ?? root?.code);
  const traceId = (value: unknown) => readTraceId(value, apiKey);
  return {
    kind: 'answered',
    httpStatus,
    linqCode,
    traceId: traceId(firstHeader(headers, 'x-trace-id')) ?? traceId(root?.trace_id),
    hasEnvelope: linqCode !== null || isCodeless(root, error),
    isJson: json !== undefined,
    retryAfterMs: parseRetryAfter(firstHeader(headers, 'retry-after'), error?.retry_after, systemNow),
  };
}

/** Repeated headers are nobody's intention: the first one counts. */
export function firstHeader(headers: Headers, name: string): string | null {
  const value = headers[name];
  return (typeof value === 'string' ? value : value?.[0]) ?? null;
}

type Json = Readonly<Record<string, unknown>> | null;

/** Linq's envelope as it is without a code. Gateways write an `error` object, too, but not all three together. */
function isCodeless(root: Json, error: Json): boolean {
  return root?.success === false && typeof error?.status === 'number';
}

/** A number of four digits, as all of Linq's; also as text. Gateways repeat the HTTP status as a code, or have longer ones. */
function readCode(value: unknown): number | null {
  const code = typeof value === 'string' ? Number(value) : value;
  return typeof code === 'number' && Number.isInteger(code) && code >= 1000 && code <= 9999 ? code : null;
}

const TRACE_ID = /^[\x21-\x7e]{1,128}$/;

/** Opaque, kept with the attempt, and logged: whatever is too long, unprintable or secret isn't one. */
function readTraceId(value: unknown, apiKey: string): string | null {
  return typeof value === 'string' && TRACE_ID.test(value) && !value.includes(apiKey) ? value : null;
}

/** A line's contact card. `isActive`: applied to the device; only then can it be shared. */
export interface ContactCard {
  readonly line: string;
  readonly isActive: boolean;
}

/**
 * The body of `GET /v3/contact_card`: a list, or a single card in its place; null when it is neither. What isn't
 * plainly active isn't active, and a card without a number belongs to no line.
 */
export function readCards(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): readonly ContactCard[] | null {
  const json = parseJson(body);
  const whole = isObject(json) && 'contact_cards' in json ? json.contact_cards : json;
  // one shape for all: a list named as Linq documents it
  const list = isObject(whole) && 'phone_number' in whole ? [whole] : whole;
  if (list === json && !Array.isArray(list)) return null;
  const root = { at: '', value: { contact_cards: list }, onUnreadable };
  return optionalItems(root, 'contact_cards')?.flatMap(readCard) ?? null;
}

/** A card alone, as it is answered when it was created; null when it is none. */
export function readCreatedCard(body: string | null): ContactCard | null {
  const card = readRoot(body, 'contact_card', ignoreUnreadable);
  return (card && readCard(card)[0]) ?? null;
}

function readCard(card: Node): ContactCard[] {
  const line = optionalHandle(card, 'phone_number');
  return line === null ? [] : [{ line, isActive: optionalBoolean(card, 'is_active') === true }];
}

/** What Linq knows of a chat. Null says that the answer didn't tell, or nothing that could be kept. */
export interface ChatRead {
  /** Our own line in it; null also when it left. */
  readonly line: string | null;
  /** `iMessage`, `SMS`, `RCS`, or an unknown value as it came. */
  readonly service: string | null;
  readonly isGroup: boolean | null;
  /** `status` in upper case; `at` is null when Linq didn't say since when. */
  readonly health: Health | null;
}

/** The body of `GET /v3/chats/{id}`; null when it isn't a chat at all. */
export function readChat(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): ChatRead | null {
  const chat = readRoot(body, 'chat', onUnreadable);
  return chat === null || optionalChatId(chat, 'id') === null ? null : readChatObject(chat);
}

/** A chat as Linq writes it, whole or in a list. */
function readChatObject(chat: Node): ChatRead {
  return {
    line: readOwnLine(optionalItems(chat, 'handles') ?? []),
    service: readService(chat),
    isGroup: optionalBoolean(chat, 'is_group'),
    health: readHealth(chat),
  };
}

/** Two of our lines may sit in one group: the greater by string order, so that every read says the same. */
function readOwnLine(handles: readonly Node[]): string | null {
  const lines = handles.flatMap((handle) => {
    if (optionalBoolean(handle, 'is_me') !== true || hasLeft(handle)) return [];
    return optionalHandle(handle, 'handle') ?? [];
  });
  return lines.sort().at(-1) ?? null;
}

/** `active` stands even beside an old `left_at`; older answers have no status. */
function hasLeft(handle: Node): boolean {
  const status = optionalWord(handle, 'status')?.toLowerCase();
  if (status === 'active') return false;
  return status === 'left' || status === 'removed' || optionalInstant(handle, 'left_at') !== null;
}

/** A chat in a list. */
interface ListedChat extends ChatRead {
  readonly chatId: string;
  /** When Linq last changed anything of it; null: it didn't tell. */
  readonly updatedAt: EpochMs | null;
}

export interface ChatsPage {
  readonly chats: readonly ListedChat[];
  /** Opaque; null: this was the last page. */
  readonly nextCursor: string | null;
}

/** The body of `GET /v3/chats`; null when it isn't a list of chats. What has no usable id is no chat. */
export function readChats(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): ChatsPage | null {
  const root = readRoot(body, '', onUnreadable);
  const chats = root && readPageItems(root, 'chats');
  if (root === null || chats === null) return null;
  return { chats: chats.flatMap(readListedChat), nextCursor: asCursor(root.value.next_cursor) };
}

function readListedChat(chat: Node): ListedChat[] {
  const chatId = optionalChatId(chat, 'id');
  return chatId === null
    ? []
    : [{ chatId, updatedAt: optionalInstant(chat, 'updated_at'), ...readChatObject(chat) }];
}

/** What one message proves, in the terms of its own time. Its text is read once and kept nowhere. */
type MessageRead =
  | {
      readonly kind: 'outbound';
      readonly at: EpochMs;
      readonly line: string | null;
      /** `iMessage`, `SMS`, `RCS`, or an unknown value as it came; null: not told. */
      readonly service: string | null;
    }
  | {
      readonly kind: 'inbound';
      readonly at: EpochMs;
      /** The whole message is an opt-out word, which counts in a direct chat only; null: nothing of it could be read. */
      readonly isOptOutWord: boolean | null;
    };

export interface MessagesPage {
  /** Only those that prove something: not what is queued or failed, without a time, or contradicts itself. */
  readonly messages: readonly MessageRead[];
  readonly nextCursor: string | null;
}

/** The body of `GET /v3/chats/{id}/messages`; null when it isn't a list of messages. */
export function readMessages(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): MessagesPage | null {
  const root = readRoot(body, '', onUnreadable);
  const messages = root && readPageItems(root, 'messages');
  if (root === null || messages === null) return null;
  return {
    messages: messages.flatMap((message) => readMessage(message) ?? []),
    nextCursor: asCursor(root.value.next_cursor),
  };
}

function readMessage(message: Node): MessageRead | null {
  const isFromMe = optionalBoolean(message, 'is_from_me');
  const at = readMessageTime(message);
  const from = optionalObject(message, 'from_handle');
  const isSenderMe = from && optionalBoolean(from, 'is_me');
  const isConflict = isSenderMe !== null && isSenderMe !== isFromMe;
  if (isFromMe === null || at === null || isConflict) return null;
  const parts = readParts(message);
  if (!isFromMe) return { kind: 'inbound', at, isOptOutWord: parts.isOptOutWord };
  if (parts.areNone || !wasSent(message)) return null;
  const line = (from && optionalHandle(from, 'handle')) ?? optionalHandle(message, 'from');
  return { kind: 'outbound', at, line, service: readService(message) };
}

const SENT: readonly string[] = ['sent', 'delivered', 'read'];

/** Older answers have no `delivery_status`; a message of theirs with a time was sent. */
function wasSent(message: Node): boolean {
  const status = optionalWord(message, 'delivery_status');
  return status === null || SENT.includes(status.toLowerCase());
}

/** The numbers in the body of `GET /v3/phone_numbers`; null when it isn't a list. */
export function readLines(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): readonly string[] | null {
  const root = readRoot(body, '', onUnreadable);
  const items = root && optionalItems(root, 'phone_numbers');
  return items && [...new Set(items.flatMap((item) => optionalHandle(item, 'phone_number') ?? []))];
}

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

/** Undefined when there is no JSON; `null` is JSON. */
function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A JSON object, to be read field by field; null for anything else. */
function asObject(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

function asString(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The JSON object of a body. @param at what it is, for the places of its fields; empty for a list's frame */
function readRoot(body: string | null, at: string, onUnreadable: OnUnreadable): Node | null {
  const value = parseJson(body);
  return isObject(value) ? { at, value, onUnreadable } : null;
}

/** Where the next page begins; opaque. Null: this was the last one. */
function asCursor(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : asString(value);
}

/** Ten times what we ask for: what holds more is no page of Linq's, and would take memory and time from all else. */
const MOST_ON_PAGE = 1000;

/** The objects of one page of a list; null when it isn't a list, or too long to be a page. */
function readPageItems(root: Node, key: string): readonly Node[] | null {
  const list = root.value[key];
  return Array.isArray(list) && list.length > MOST_ON_PAGE ? null : optionalItems(root, key);
}
