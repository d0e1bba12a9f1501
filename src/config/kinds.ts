import { faultOfSigningSecret, SECRET_BYTES, SECRET_PREFIX } from '../decide/subscription.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../decide/time.ts';

/** `wrong` says what is wrong beyond "not what was expected", or is empty; it never repeats the text. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string };

/** A kind of value a setting can have. */
export interface Kind<T> {
  /** Completes the sentence "expected …"; `.env.example` shows it as the setting's unit. */
  readonly expects: string;
  readonly parse: (text: string) => Parsed<T>;
  /** A printable form of any text, including wrong values and secrets pasted here by mistake. */
  readonly show: (text: string) => string;
}

const NOT_EXPECTED = { wrong: '' } as const;

/**
 * Longer than any valid value of these kinds, shorter than a key or token: never prints a misplaced secret.
 */
const LONGEST_SHOWN = 15;

/** The text itself if it is too short to be a secret, else its length. */
export const showShort = (text: string) => (text.length <= LONGEST_SHOWN ? text : showLength(text));

/** Printed in place of a text that may be secret. */
export const showLength = (text: string) => `${[...text].length} characters`;

/** A straight quote, as in a shell or `.env`, or the typographic one that a word processor makes of it. */
const QUOTE = /^["'`\u2018-\u201f\u00ab\u00bb]|["'`\u2018-\u201f\u00ab\u00bb]$/;

/** What is wrong with a setting's text, whatever its kind; null: nothing. Never repeats the text. */
export function faultOfText(text: string): string | null {
  if (text.includes('\0')) return 'it isn’t UTF-8 text (is it UTF-16?): save it as UTF-8';
  if (text.includes('\uFFFD')) return 'it contains bytes that aren’t valid UTF-8';
  if (QUOTE.test(text)) return 'it begins or ends with a quote: remove it, or add the missing one';
  return /[\r\n]/.test(text) ? 'it spans several lines: is a quote unclosed?' : null;
}

const UNIT_MS = { s: SECOND, m: MINUTE, h: HOUR, d: DAY } as const;

/** `90s`, `15m`, `24h` or `7d` → ms; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  if (match === null) return null;
  const unit = match[2];
  return Number(match[1]) * (unit === 's' || unit === 'm' || unit === 'h' ? UNIT_MS[unit] : UNIT_MS.d);
}

/**
 * A duration in a range, bounds included.
 * @param zeroMeans what 0 stands for, if 0 is allowed in addition to the range
 */
export function duration(from: string, to: string, zeroMeans: string | null = null): Kind<number> {
  const zero = zeroMeans === null ? '' : `, or 0: ${zeroMeans}`;
  return {
    expects: `a duration from ${from} to ${to} (such as 90s, 15m, 24h, 7d)${zero}`,
    parse(text) {
      const ms = text === '0' ? 0 : parseDuration(text);
      if (ms === null)
        return /^\d/.test(text) ? { wrong: 'write a whole number followed by s, m, h or d' } : NOT_EXPECTED;
      if (ms === 0 && zeroMeans !== null) return { value: ms };
      if (ms < (parseDuration(from) ?? 0)) return { wrong: 'it is too short' };
      return ms > (parseDuration(to) ?? 0) ? { wrong: 'it is too long' } : { value: ms };
    },
    show: showShort,
  };
}

export const boolean: Kind<boolean> = {
  expects: 'true or false',
  parse(text) {
    const lower = text.toLowerCase();
    return lower === 'true' || lower === 'false' ? { value: lower === 'true' } : NOT_EXPECTED;
  },
  show: showShort,
};

/** One of these words, in any letter case. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  return {
    expects: `one of ${words.join(', ')}`,
    parse(text) {
      const word = words.find((candidate) => candidate === text.toLowerCase());
      return word === undefined ? NOT_EXPECTED : { value: word };
    },
    show: showShort,
  };
}

/** A whole number in a range, bounds included. */
export function wholeNumber(from: number, to: number, what = 'a whole number'): Kind<number> {
  return {
    expects: `${what} from ${from} to ${to}`,
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= from && value <= to ? { value } : NOT_EXPECTED;
    },
    show: showShort,
  };
}

/** A number of 0 or more, decimals allowed. */
export function rate(what: string, to: number): Kind<number> {
  return {
    expects: `${what} from 0 to ${to}, decimals allowed`,
    parse(text) {
      const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
      return value <= to ? { value } : NOT_EXPECTED;
    },
    show: showShort,
  };
}

/** The path of a directory, created if needed. A bare word is refused: it may be a misplaced key. */
export const directory: Kind<string> = {
  expects: 'the path of a directory, beginning with /, ./ or ../',
  parse(text) {
    if (!/^\.{0,2}\//.test(text)) return NOT_EXPECTED;
    if (/\p{Cc}/u.test(text)) return { wrong: 'it contains a control character' };
    return { value: text.replace(/(?<=.)\/+$/, '') };
  },
  show: (text) => ('value' in directory.parse(text) ? text : showLength(text)),
};

/** Shows only that a secret is set, and its length. */
const showSecret = (text: string) => `set (${showLength(text)})`;

/** Sent in an HTTP header, where other characters would break the request or be changed in transit. */
const HEADER_SAFE = /^[\x21-\x7e]+$/;

export const apiKey: Kind<string> = {
  expects: 'the API key alone, without spaces',
  parse(text) {
    if (text === '') return { wrong: 'nothing was entered' };
    if (/^bearer\s/i.test(text)) return { wrong: 'leave "Bearer" out' };
    if (text.startsWith(SECRET_PREFIX)) return { wrong: 'this is the signing secret of a webhook' };
    const fault = faultOfText(text); // it may have been typed or pasted
    if (fault !== null) return { wrong: fault };
    return HEADER_SAFE.test(text)
      ? { value: text }
      : { wrong: 'it contains a space or a character that no key has' };
  },
  show: showSecret,
};

const SHORTEST_TOKEN = 16;

export const token: Kind<string> = {
  expects: `at least ${SHORTEST_TOKEN} printable ASCII characters, without spaces`,
  parse(text) {
    if (text.length < SHORTEST_TOKEN) return { wrong: `it has ${showLength(text)}` };
    return HEADER_SAFE.test(text)
      ? { value: text }
      : { wrong: 'it contains a space or a character outside ASCII' };
  },
  show: showSecret,
};

export const signingSecrets: Kind<readonly string[]> = {
  expects: `one or more ${SECRET_PREFIX}… secrets as Linq issued them, comma-separated, each ${SECRET_BYTES.from} to ${SECRET_BYTES.to} bytes in base64`,
  parse(text): Parsed<readonly string[]> {
    const secrets = splitList(text);
    if (secrets.length === 0) return { wrong: 'the list is empty' };
    for (const [index, secret] of secrets.entries()) {
      const fault = faultOfSigningSecret(secret);
      if (fault !== null) return { wrong: `${nameEntry('secret', index, secrets.length)} ${fault}` };
    }
    return { value: secrets };
  },
  show: showSecret,
};

/** The entries of a comma-separated list, trimmed; extra commas are ignored. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Points to an entry of a list without repeating it. */
export function nameEntry(what: string, index: number, count: number): string {
  return count === 1 ? `the ${what}` : `${what} ${index + 1} of ${count}`;
}
