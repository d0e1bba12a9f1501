import { isChatId, isHandle, isOptOutWord, isWord, spellService } from './decide/text.ts';
import { type EpochMs, FIRST_IMESSAGE_AT, parseInstant } from './decide/time.ts';
import { PayloadError } from './errors.ts';

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Called with the place of each field that can't be read and isn't needed, such as `data.chat.health_status`. The places come from
 * this program, so they are few; values and positions in a list are never passed on.
 */
export type OnUnreadable = (field: string) => void;

export const ignoreUnreadable: OnUnreadable = () => {};

/**
 * A JSON object together with where it stands. A field is either *optional* (null or absent says nothing; what can't be read says
 * nothing either, and is reported), or *needed*: then the whole can't be read without it.
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

/** A word of Linq's, such as a service. */
export function optionalWord(parent: Node, key: string): string | null {
  return optional(parent, key, asWord);
}

/** Words of states changed their letter case before, so they are compared, kept and measured in upper case. */
export function optionalUpperWord(parent: Node, key: string): string | null {
  return optional(parent, key, (value) => asWord(typeof value === 'string' ? value.toUpperCase() : value));
}

/** @throws PayloadError */
export function neededWord(parent: Node, key: string): string {
  return asWord(parent.value[key]) ?? refuse(parent, key, 'a word of 1 to 64 characters');
}

/** A line of ours, or another participant's number or address. */
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

/** A time before iMessage existed was never set: it says nothing, so the next one in line counts. */
export function optionalInstant(parent: Node, key: string): EpochMs | null {
  const at = optional(parent, key, (value) => (typeof value === 'string' ? parseInstant(value) : null));
  return at !== null && at < FIRST_IMESSAGE_AT ? null : at;
}

/** Null: not there, or no list. A list that is null is empty: that is how Go writes one. */
export function optionalList(parent: Node, key: string): readonly unknown[] | null {
  if (parent.value[key] === null) return [];
  return optional(parent, key, (value) => (Array.isArray(value) ? value : null));
}

/** The objects in such a list. An item that is none says nothing, and spoils none of the others. */
export function optionalItems(parent: Node, key: string): readonly Node[] | null {
  const list = optionalList(parent, key);
  if (list === null) return null;
  const at = `${pathOf(parent, key)}[]`;
  return list.flatMap((value) => {
    if (isObject(value)) return [{ at, value, onUnreadable: parent.onUnreadable }];
    parent.onUnreadable(at);
    return [];
  });
}

/** What to throw about a field: its place and what was expected there. */
export function expected(parent: Node, key: string, what: string): PayloadError {
  return new PayloadError(`${pathOf(parent, key)}: expected ${what}`);
}

/** Reports a field as one that says nothing. */
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

/** In `health_status` of a chat. */
export function readHealth(chat: Node): Health | null {
  const health = optionalObject(chat, 'health_status');
  const status = health && optionalUpperWord(health, 'status');
  return health === null || status === null ? null : { status, at: optionalInstant(health, 'updated_at') };
}

/** Linq's spelling for the known services whatever the case; others as they came. */
export function readService(node: Node): string | null {
  const service = optionalWord(node, 'service');
  return service === null ? null : spellService(service);
}

/** The message's own time: the first of sent, delivered and read that is told, in one of the places that may have it. */
export function readMessageTime(...places: readonly Node[]): EpochMs | null {
  for (const key of ['sent_at', 'delivered_at', 'read_at']) {
    for (const place of places) {
      const at = optionalInstant(place, key);
      if (at !== null) return at;
    }
  }
  return null;
}

/** What a message consists of, as far as it is told. */
export interface Parts {
  /** Linq says that there are none, so that nothing was sent. Parts that are null, absent or unreadable say nothing. */
  readonly areNone: boolean;
  /** The whole message is an opt-out word. Null: nothing that it says could be read. */
  readonly isOptOutWord: boolean | null;
}

/** The kinds of parts beside text that are known to hold no words of the sender's. */
const WORDLESS: readonly string[] = ['media', 'link', 'imessage_app', 'app_clip'];

/**
 * Reads the parts of a message. The text is read here once and kept nowhere. A part that can't be read, or of a kind that we don't
 * know, says nothing: what is left is taken for the whole message, so that no opt-out is missed for an odd part beside it. Where
 * nothing is left, nobody knows whether it was an opt-out, so the message mustn't be taken for an opt-in either.
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
