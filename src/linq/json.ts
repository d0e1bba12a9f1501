import { isObject, type JsonObject, type Node, type OnUnreadable, optionalItems } from '../payload.ts';

/** Undefined when there is no JSON; `null` is JSON. */
export function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A JSON object, to be read field by field; null for anything else. */
export function asObject(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

export function asString(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The JSON object of a body. @param at what it is, for the places of its fields; empty for a list's frame */
export function readRoot(body: string | null, at: string, onUnreadable: OnUnreadable): Node | null {
  const value = parseJson(body);
  return isObject(value) ? { at, value, onUnreadable } : null;
}

/** Where the next page begins; opaque. Null: this was the last one. */
export function asCursor(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : asString(value);
}

/** Ten times what we ask for: what holds more is no page of Linq's, and would take memory and time from all else. */
const MOST_ON_PAGE = 1000;

/** The objects of one page of a list; null when it isn't a list, or too long to be a page. */
export function readPageItems(root: Node, key: string): readonly Node[] | null {
  const list = root.value[key];
  return Array.isArray(list) && list.length > MOST_ON_PAGE ? null : optionalItems(root, key);
}
