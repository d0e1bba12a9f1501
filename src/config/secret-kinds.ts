import { faultOfText, type Kind, type Parsed, showLength } from './kinds.ts';

/** Says only that a secret is there and how long it is. */
const showSecret = (text: string) => `set (${showLength(text)})`;

/** It travels in an HTTP header, where anything else would break the request or be changed on the way. */
const HEADER_SAFE = /^[\x21-\x7e]+$/;

export const apiKey: Kind<string> = {
  expects: 'the API key alone, without spaces',
  parse(text) {
    if (/^bearer\s/i.test(text)) return { wrong: 'leave "Bearer" out' };
    const fault = faultOfText(text); // it may have been typed or pasted
    if (fault !== null) return { wrong: fault };
    return HEADER_SAFE.test(text)
      ? { value: text }
      : { wrong: 'it has a space or a character that no key has' };
  },
  show: showSecret,
};

const SHORTEST_TOKEN = 16;

export const token: Kind<string> = {
  expects: `at least ${SHORTEST_TOKEN} letters, digits or signs, without spaces`,
  parse(text) {
    if (text.length < SHORTEST_TOKEN) return { wrong: `it has ${showLength(text)}` };
    return HEADER_SAFE.test(text)
      ? { value: text }
      : { wrong: 'it has a space or a character outside ASCII' };
  },
  show: showSecret,
};

/** Bounds of the Standard Webhooks specification for a symmetric secret. */
const SECRET_BYTES = { from: 24, to: 64 } as const;
const SECRET_PREFIX = 'whsec_';

/** What is wrong with one signing secret; null if nothing is. Missing base64 padding is let pass: it decodes all the same. */
function faultOfSigningSecret(secret: string): string | null {
  if (!secret.startsWith(SECRET_PREFIX)) return `doesn't begin with ${SECRET_PREFIX}`;
  const encoded = secret.slice(SECRET_PREFIX.length);
  const digits = encoded.replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) {
    return `isn't base64 after ${SECRET_PREFIX}`;
  }
  const bytes = Buffer.from(digits, 'base64').length;
  return bytes < SECRET_BYTES.from || bytes > SECRET_BYTES.to ? `decodes to ${bytes} bytes` : null;
}

export const signingSecrets: Kind<readonly string[]> = {
  expects: `one or several secrets ${SECRET_PREFIX}… as Linq issued them, comma-separated, each ${SECRET_BYTES.from} to ${SECRET_BYTES.to} bytes in base64`,
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

/** The entries of a comma-separated list, trimmed; a comma too many is no entry. */
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
