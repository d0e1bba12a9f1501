import { isUtf8 } from 'node:buffer';
import secureJson from 'secure-json-parse';
import { PayloadError } from '../errors.ts';
import { isObject, type JsonObject } from '../payload.ts';

/** Linq's payloads nest about five levels. Beyond this a parser's or a reader's stack is at risk, not a fact. */
export const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Reads a verified body as a JSON object.
 * @throws PayloadError when it isn't one, nests deeper than MAX_DEPTH, or has a `__proto__` or `constructor.prototype`
 *   key; a parser's own message would quote the body, so it isn't passed on
 */
export function parseJson(raw: Buffer): JsonObject {
  if (!isUtf8(raw)) throw new PayloadError('body: expected UTF-8');
  if (mayBeTooDeep(raw) && depthOf(raw) > MAX_DEPTH) {
    throw new PayloadError(`body: nested deeper than ${MAX_DEPTH} levels`);
  }
  const body = parseGuarded(raw.toString('utf8'));
  if (!isObject(body)) throw new PayloadError('body: expected a JSON object');
  return body;
}

function parseGuarded(text: string): unknown {
  try {
    return secureJson.parse(text);
  } catch {
    throw new PayloadError('body: expected JSON without __proto__ or constructor.prototype keys');
  }
}

/** Cheap and nearly always enough: depth can't exceed the number of opening brackets. */
function mayBeTooDeep(raw: Buffer): boolean {
  let opened = 0;
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i];
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) opened++;
  }
  return opened > MAX_DEPTH;
}

/** The deepest nesting, brackets inside strings not counted. All bytes of interest are ASCII, so UTF-8 is no matter. */
function depthOf(raw: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) deepest = Math.max(deepest, ++depth);
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
  }
  return deepest;
}
