import type { EpochMs } from '../decide/duration.ts';
import { parseInstant } from '../decide/instant.ts';

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
export function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

export function asString(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Text that the store can keep: at most 64 characters, as its columns for service, line and health hold, no control
 * characters and no lone surrogates; null for anything else.
 */
export function asShortText(value: unknown): string | null {
  return typeof value === 'string' && SHORT_TEXT.test(value) ? value : null;
}

const SHORT_TEXT = /^[^\p{Cc}\p{Cs}]{1,64}$/u;

/** A time before 1970 was never set: Go writes 0001-01-01T00:00:00Z for it. */
export function asInstant(value: unknown): EpochMs | null {
  const at = typeof value === 'string' ? parseInstant(value) : null;
  return at !== null && at >= 0 ? at : null;
}

/** Where the next page begins; opaque. Null: this was the last one. */
export function asCursor(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : asString(value);
}
