import { isChatId, isHandle, isOptOutWord, isWord, spellService } from './decide/text.ts';
import { type EpochMs, FIRST_IMESSAGE_AT, parseInstant } from './decide/time.ts';
import { PayloadError } from './errors.ts';

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Called with the place of each optional field that can't be read, such as `data.chat.health_status`. The places come
 * from this program, so there are few of them; values and list positions are never passed on.
 */
export type OnUnreadable = (field: string) => void;

export const ignoreUnreadable: OnUnreadable = () => {};

/**
 * A JSON object and its place. A field is either *optional* (null if absent, or if unreadable, which is
 * reported) or *needed*: without it, nothing can be read.
 */
export interface Node {
  readonly at: string;
  readonly value: JsonObject;
  readonly onUnreadable: OnUnreadable;
}

export function optionalObject(parent: Node, key: string): Node | null {
  const value = optional(parent, key, (found) => (isObject(found) ? found : null));
  return value === null ? null : nodeAt(parent, key, value);
}

/** @throws PayloadError */
export function neededObject(parent: Node, key: string): Node {
  const value = parent.value[key];
  if (!isObject(value)) throw expected(parent, key, 'an object');
  return nodeAt(parent, key, value);
}

/** A short string, such as a service. */
export function optionalWord(parent: Node, key: string): string | null {
  return optional(parent, key, asWord);
}

/** Linq has changed the letter case of states before, so they are compared, stored and measured in upper case. */
export function optionalUpperWord(parent: Node, key: string): string | null {
  return optional(parent, key, (value) => asWord(typeof value === 'string' ? value.toUpperCase() : value));
}

/** @throws PayloadError */
export function neededWord(parent: Node, key: string): string {
  return asWord(parent.value[key]) ?? refuse(parent, key, 'a word of 1 to 64 characters');
}

/** The number of one of our lines, or another participant's number or address. */
export function optionalHandle(parent: Node, key: string): string | null {
  return optional(parent, key, asHandle);
}

/** @throws PayloadError */
export function neededHandle(parent: Node, key: string): string {
  return asHandle(parent.value[key]) ?? refuse(parent, key, 'a number of 1 to 64 characters');
}

export function optionalChatId(parent: Node, key: string): string | null {
  return optional(parent, key, asChatId);
}

/** @throws PayloadError */
export function neededChatId(parent: Node, key: string): string {
  return asChatId(parent.value[key]) ?? refuse(parent, key, 'an id of 1 to 128 characters');
}

export function optionalBoolean(parent: Node, key: string): boolean | null {
  return optional(parent, key, asBoolean);
}

/** @throws PayloadError */
export function neededBoolean(parent: Node, key: string): boolean {
  return asBoolean(parent.value[key]) ?? refuse(parent, key, 'true or false');
}

/** A time before iMessage existed can't be a real value, so it counts as absent. */
export function optionalInstant(parent: Node, key: string): EpochMs | null {
  const at = optional(parent, key, (value) => (typeof value === 'string' ? parseInstant(value) : null));
  return at !== null && at < FIRST_IMESSAGE_AT ? null : at;
}

/** Null: absent, or not a list. A list that is null is empty: Go writes it that way. */
export function optionalList(parent: Node, key: string): readonly unknown[] | null {
  if (parent.value[key] === null) return [];
  return optional(parent, key, (value) => (Array.isArray(value) ? value : null));
}

/** The objects in such a list. Other items are skipped and reported. */
export function optionalItems(parent: Node, key: string): readonly Node[] | null {
  const list = optionalList(parent, key);
  if (list === null) return null;
  const at = `${pathOf(parent, key)}[]`;
  const items: Node[] = [];
  for (const value of list) {
    if (isObject(value)) items.push({ at, value, onUnreadable: parent.onUnreadable });
    else parent.onUnreadable(at);
  }
  return items;
}

/** The error for a field: its place and what was expected there. */
export function expected(parent: Node, key: string, what: string): PayloadError {
  return new PayloadError(`${pathOf(parent, key)}: expected ${what}`);
}

/** Reports an optional field that can't be read. */
function reportUnreadable(parent: Node, key: string): void {
  parent.onUnreadable(pathOf(parent, key));
}

function optional<T>(parent: Node, key: string, read: (value: unknown) => T | null): T | null {
  const value = parent.value[key] ?? null;
  if (value === null || value === '') return null;
  const result = read(value);
  if (result === null) reportUnreadable(parent, key);
  return result;
}

const asWord = (value: unknown) => (typeof value === 'string' && isWord(value) ? value : null);
const asHandle = (value: unknown) => (typeof value === 'string' && isHandle(value) ? value : null);
const asChatId = (value: unknown) => (typeof value === 'string' && isChatId(value) ? value : null);
const asBoolean = (value: unknown) => (typeof value === 'boolean' ? value : null);

function nodeAt(parent: Node, key: string, value: JsonObject): Node {
  return { at: pathOf(parent, key), value, onUnreadable: parent.onUnreadable };
}

function pathOf(parent: Node, key: string): string {
  return parent.at === '' ? key : `${parent.at}.${key}`;
}

function refuse(parent: Node, key: string, what: string): never {
  throw expected(parent, key, what);
}

/** A chat's health; `at` is null when Linq didn't say since when. */
export interface Health {
  readonly status: string;
  readonly at: EpochMs | null;
}

/** Reads a chat's `health_status`. */
export function readHealth(chat: Node): Health | null {
  const health = optionalObject(chat, 'health_status');
  const status = health && optionalUpperWord(health, 'status');
  return health === null || status === null ? null : { status, at: optionalInstant(health, 'updated_at') };
}

/** Known services in Linq's spelling, whatever their case; others unchanged. */
export function readService(node: Node): string | null {
  const service = optionalWord(node, 'service');
  return service === null ? null : spellService(service);
}

/** The message's own time: the first of sent, delivered and read that is stated in any of these places. */
export function readMessageTime(...places: readonly Node[]): EpochMs | null {
  for (const key of ['sent_at', 'delivered_at', 'read_at']) {
    for (const place of places) {
      const at = optionalInstant(place, key);
      if (at !== null) return at;
    }
  }
  return null;
}

/** What a message consists of, as far as Linq says. */
export interface Parts {
  /** Linq says that there are no parts, so nothing was sent. False if they are null, absent or unreadable. */
  readonly areNone: boolean;
  /** The whole message is an opt-out word. Null: none of its text could be read. */
  readonly isOptOutWord: boolean | null;
}

/** Kinds of parts that are known to contain no words of the sender. */
const WORDLESS: readonly string[] = ['media', 'link', 'imessage_app', 'app_clip'];

/**
 * Reads the parts of a message. The text is read here once and never kept. A part that can't be read, or is of an unknown
 * kind, is ignored, so that an odd part doesn't hide an opt-out beside it. If no part is left, the message may have been an
 * opt-out, so it doesn't count as an opt-in either.
 */
export function readParts(message: Node): Parts {
  const parts = message.value.parts === null ? null : optionalItems(message, 'parts');
  if (parts === null) return { areNone: false, isOptOutWord: null };
  let text = '';
  let isOnlyText = true;
  for (const part of parts) {
    const type = optionalWord(part, 'type');
    const { value } = part.value;
    if (type === 'text' && typeof value === 'string') text += value;
    else if (type === 'text' && (value ?? null) !== null) reportUnreadable(part, 'value');
    else if (type !== null && WORDLESS.includes(type)) isOnlyText = false;
    else if (type !== 'text') reportUnreadable(part, 'type');
  }
  const areNone = Array.isArray(message.value.parts) && message.value.parts.length === 0;
  const isUnread = text === '' && isOnlyText && !areNone;
  return { areNone, isOptOutWord: isUnread ? null : isOnlyText && isOptOutWord(text) };
}
