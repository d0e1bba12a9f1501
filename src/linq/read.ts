import { createHash } from 'node:crypto';
import type { LookedUpFacts } from '../decide/facts.ts';
import type { ContactCard } from '../decide/holds.ts';
import type { ListedChat, MessageRead, Subscription } from '../decide/linq-api.ts';
import type { LinqAnswer } from '../decide/outcome.ts';
import { parseRetryAfter } from '../decide/pacing.ts';
import { faultOfSigningSecret } from '../decide/subscription.ts';
import { isHandle } from '../decide/text.ts';
import type { EpochMs } from '../decide/time.ts';
import {
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
 * @param isRead the call changes nothing at Linq, so it doesn't matter whether it arrived
 * @param apiKey text that contains it is dropped: a proxy may echo the request
 */
export function readAnswer(reply: Reply, isRead: boolean, wallNow: EpochMs, apiKey: string): LinqAnswer {
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
    retryAfterMs: parseRetryAfter(firstHeader(headers, 'retry-after'), error?.retry_after, wallNow),
  };
}

/** If a header is repeated, its first value counts. */
export function firstHeader(headers: Headers, name: string): string | null {
  const value = headers[name];
  return (typeof value === 'string' ? value : value?.[0]) ?? null;
}

type Json = Readonly<Record<string, unknown>> | null;

/** Linq's error envelope without a code. Gateways also write an `error` object, but not all three fields together. */
function isCodeless(root: Json, error: Json): boolean {
  return root?.success === false && typeof error?.status === 'number';
}

/** Four digits, as a number or as text: Linq's codes. Gateways repeat the HTTP status as a code, or use longer codes. */
function readCode(value: unknown): number | null {
  const code = typeof value === 'string' ? Number(value) : value;
  return typeof code === 'number' && Number.isInteger(code) && code >= 1000 && code <= 9999 ? code : null;
}

const TRACE_ID = /^[\x21-\x7e]{1,128}$/;

/** Opaque; kept with the attempt and logged, so anything too long, unprintable or secret is dropped. */
function readTraceId(value: unknown, apiKey: string): string | null {
  return typeof value === 'string' && TRACE_ID.test(value) && !value.includes(apiKey) ? value : null;
}

/**
 * The body of `GET /v3/contact_card`: a list or a single card; null when it is neither. A card is active only
 * if Linq says so, and a card without a number belongs to no line.
 */
export function readCards(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): readonly ContactCard[] | null {
  const json = parseJson(body);
  const whole = isObject(json) && 'contact_cards' in json ? json.contact_cards : json;
  // one shape for all: the list, under the name that Linq documents
  const list = isObject(whole) && 'phone_number' in whole ? [whole] : whole;
  if (list === json && !Array.isArray(list)) return null;
  const root = { at: '', value: { contact_cards: list }, onUnreadable };
  return readItems(root, 'contact_cards', readCard);
}

/** The body of `POST /v3/contact_card`; null when it isn't a card. */
export function readCreatedCard(body: string | null): ContactCard | null {
  const card = readRoot(body, 'contact_card', ignoreUnreadable);
  return card && readCard(card);
}

function readCard(card: Node): ContactCard | null {
  const line = optionalHandle(card, 'phone_number');
  const isActive = optionalBoolean(card, 'is_active') === true;
  return line === null ? null : { line, isActive, digest: digestOf(card) };
}

/** Of the name and the picture, which are never stored themselves. */
function digestOf({ value }: Node): string | null {
  const { first_name: first, last_name: last, image_url: image } = value;
  const textOf = (field: unknown) => (typeof field === 'string' ? field.trim() : '');
  const parts = [textOf(first), textOf(last), withoutQuery(textOf(image))];
  if (parts.every((part) => part === '')) return null;
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, DIGEST_LENGTH);
}
const DIGEST_LENGTH = 32;

/** A link that was signed again leads to the same picture. */
const withoutQuery = (url: string) => url.replace(/[?#].*$/s, '');

/** The body of `GET /v3/chats/{id}`; null when it isn't a chat. */
export function readChat(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): LookedUpFacts | null {
  const chat = readRoot(body, 'chat', onUnreadable);
  return chat === null || optionalChatId(chat, 'id') === null ? null : readChatObject(chat);
}

/** A chat as Linq writes it, by itself or in a list. */
function readChatObject(chat: Node): Required<LookedUpFacts> {
  return {
    line: readOwnLine(optionalItems(chat, 'handles') ?? []),
    service: readService(chat),
    isGroup: optionalBoolean(chat, 'is_group'),
    health: readHealth(chat),
  };
}

/** Two of our lines may be in one group: picks the greater by string order, so that every read agrees. */
function readOwnLine(handles: readonly Node[]): string | null {
  const lines = handles.flatMap((handle) => {
    if (optionalBoolean(handle, 'is_me') !== true || hasLeft(handle)) return [];
    return optionalHandle(handle, 'handle') ?? [];
  });
  return lines.sort().at(-1) ?? null;
}

/** `active` counts even with an old `left_at`; older answers have no status. */
function hasLeft(handle: Node): boolean {
  const status = optionalWord(handle, 'status')?.toLowerCase();
  if (status === 'active') return false;
  return status === 'left' || status === 'removed' || optionalInstant(handle, 'left_at') !== null;
}

export interface ChatsPage {
  readonly chats: readonly ListedChat[];
  /** Opaque; null: this was the last page. */
  readonly nextCursor: string | null;
}

/** The body of `GET /v3/chats`; null when it isn't a list of chats. Items without a usable id are skipped. */
export function readChats(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): ChatsPage | null {
  const page = readPage(body, 'chats', readListedChat, onUnreadable);
  return page && { chats: page.items, nextCursor: page.nextCursor };
}

function readListedChat(chat: Node): ListedChat | null {
  const chatId = optionalChatId(chat, 'id');
  return chatId === null
    ? null
    : { chatId, updatedAt: optionalInstant(chat, 'updated_at'), ...readChatObject(chat) };
}

export interface MessagesPage {
  /** Only messages that prove something, so none that are queued, failed, undated or contradictory. */
  readonly messages: readonly MessageRead[];
  readonly nextCursor: string | null;
}

/** The body of `GET /v3/chats/{id}/messages`; null when it isn't a list of messages. */
export function readMessages(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): MessagesPage | null {
  const page = readPage(body, 'messages', readMessage, onUnreadable);
  return page && { messages: page.items, nextCursor: page.nextCursor };
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

/** Older answers have no `delivery_status`: there, a message with a time counts as sent. */
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
  const lines = root && readItems(root, 'phone_numbers', (item) => optionalHandle(item, 'phone_number'));
  return lines && [...new Set(lines)];
}

/** The body of `GET /v3/webhook-subscriptions`; null when it isn't a list. */
export function readSubscriptions(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): readonly Subscription[] | null {
  const root = readRoot(body, '', onUnreadable);
  return root && readItems(root, 'subscriptions', readFields);
}

/** The body of `PUT /v3/webhook-subscriptions/{id}`; null when it isn't a subscription. */
export function readSubscription(body: string | null): Subscription | null {
  const root = readRoot(body, 'subscription', ignoreUnreadable);
  return root && readFields(root);
}

/**
 * The body of `POST /v3/webhook-subscriptions`; null without an id. The secret is null unless it has the form that Linq
 * issues.
 */
export function readCreated(body: string | null) {
  const root = readRoot(body, 'subscription', ignoreUnreadable);
  const subscription = root && readFields(root);
  const secret = asString(root?.value.signing_secret);
  if (subscription === null || subscription.subscriptionId === null) return null;
  return {
    subscription: { ...subscription, subscriptionId: subscription.subscriptionId },
    signingSecret: secret !== null && faultOfSigningSecret(secret) === null ? secret : null,
  };
}

function readFields(subscription: Node): Subscription | null {
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

/** It is written to the settings file, where a line break in it would begin another setting. */
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

/** The JSON object of a body. @param at its name: the prefix of its fields in reports of unreadable ones */
function readRoot(body: string | null, at: string, onUnreadable: OnUnreadable): Node | null {
  const value = parseJson(body);
  return isObject(value) ? { at, value, onUnreadable } : null;
}

/** The items of a list, without the useless ones; null when it isn't a list. */
function readItems<T>(root: Node, key: string, read: (item: Node) => T | null): T[] | null {
  return optionalItems(root, key)?.flatMap((item) => read(item) ?? []) ?? null;
}

/** Ten times what we ask for: a longer page isn't Linq's, and would cost memory and time. */
const MAX_PAGE_ITEMS = 1000;

/** One page of a list; null when it isn't a list, or is too long. `nextCursor` is opaque; null: this is the last page. */
function readPage<T>(
  body: string | null,
  key: string,
  read: (item: Node) => T | null,
  onUnreadable: OnUnreadable,
): { items: T[]; nextCursor: string | null } | null {
  const root = readRoot(body, '', onUnreadable);
  if (root === null) return null;
  const { [key]: list, next_cursor: cursor } = root.value;
  if (Array.isArray(list) && list.length > MAX_PAGE_ITEMS) return null;
  const items = readItems(root, key, read);
  return items && { items, nextCursor: typeof cursor === 'number' ? String(cursor) : asString(cursor) };
}
