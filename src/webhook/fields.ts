import type { EpochMs } from '../decide/duration.ts';
import { parseInstant } from '../decide/instant.ts';
import { PayloadError } from '../errors.ts';

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A JSON object together with where it stands in the body, so that every complaint names the field. The readers of
 * optional fields take null and absent alike (it says nothing); a value of another type is a PayloadError, since it
 * is more likely a format that we don't know yet than nothing.
 */
export interface Node {
  readonly at: string;
  readonly value: JsonObject;
}

export function optionalObject(parent: Node, key: string): Node | null {
  const value = parent.value[key] ?? null;
  if (value === null) return null;
  if (!isObject(value)) throw expected(parent, key, 'an object');
  return { at: pathOf(parent, key), value };
}

export function readObject(parent: Node, key: string): Node {
  return optionalObject(parent, key) ?? refuse(parent, key, 'an object');
}

/**
 * Ids, numbers, words: at most 128 characters, no control characters or lone surrogates (they don't survive storage);
 * an empty one says nothing.
 */
export function optionalText(parent: Node, key: string): string | null {
  const value = parent.value[key] ?? null;
  if (value === null || value === '') return null;
  if (typeof value !== 'string' || !isPlainText(value)) throw expected(parent, key, TEXT);
  return value;
}

export function readText(parent: Node, key: string): string {
  return optionalText(parent, key) ?? refuse(parent, key, TEXT);
}

const TEXT = 'a string of 1 to 128 characters';
const ASCII_TEXT = /^[\x20-\x7e]{1,128}$/;
const UNICODE_TEXT = /^[^\p{Cc}\p{Cs}]{1,128}$/u;

function isPlainText(value: string): boolean {
  return ASCII_TEXT.test(value) || UNICODE_TEXT.test(value);
}

/** A chat id becomes a segment of a URL's path, where a lone dot or two would climb. */
export function readChatId(parent: Node, key: string): string {
  const chatId = readText(parent, key);
  if (chatId === '.' || chatId === '..') throw expected(parent, key, 'an id');
  return chatId;
}

export function optionalBoolean(parent: Node, key: string): boolean | null {
  const value = parent.value[key] ?? null;
  if (value !== null && typeof value !== 'boolean') throw expected(parent, key, 'true or false');
  return value;
}

export function readBoolean(parent: Node, key: string): boolean {
  return optionalBoolean(parent, key) ?? refuse(parent, key, 'true or false');
}

/** A list may be null (no parts), but it must be stated. */
export function readList(parent: Node, key: string): readonly unknown[] {
  const value = parent.value[key];
  if (value === null) return [];
  if (!Array.isArray(value)) throw expected(parent, key, 'a list');
  return value;
}

/** Before 1970 there were no messages: such a time is a zero that was never set, like Go's 0001-01-01T00:00:00Z. */
export function optionalInstant(parent: Node, key: string): EpochMs | null {
  const value = parent.value[key] ?? null;
  if (value === null) return null;
  const at = typeof value === 'string' ? parseInstant(value) : null;
  if (at === null) throw expected(parent, key, 'an RFC 3339 time');
  return at < 0 ? null : at;
}

export function readInstant(parent: Node, key: string): EpochMs {
  return optionalInstant(parent, key) ?? refuse(parent, key, 'an RFC 3339 time');
}

/** What to throw about a field: its place and what was expected there. */
export function expected(parent: Node, key: string, what: string): PayloadError {
  return new PayloadError(`${pathOf(parent, key)}: expected ${what}`);
}

function pathOf(parent: Node, key: string): string {
  return parent.at === '' ? key : `${parent.at}.${key}`;
}

function refuse(parent: Node, key: string, what: string): never {
  throw expected(parent, key, what);
}
