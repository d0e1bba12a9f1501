/** Linq's ids and lines contain no spaces, invisible characters or characters that change text direction. */
const ASCII_NAME = /^[\x21-\x7e]{1,128}$/;
const NAME = /^[^\p{C}\p{Z}]{1,128}$/u;
const PLAIN = /^[^\p{C}\p{Z}]*$/u;
const WORD = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;

/**
 * Whether a text can be the id of a chat: 1 to 128 characters, none of them a control, format or separator
 * character, or half of a surrogate pair. An id becomes a segment of a URL's path, where `.` or `..` would
 * escape the path.
 */
export function isChatId(text: string): boolean {
  return isName(text) && text !== '.' && text !== '..';
}

/** Whether a text can be a line or another participant's handle: like an id, of at most 64 characters. */
export function isHandle(text: string): boolean {
  return isName(text) && (text.length <= 64 || [...text].length <= 64);
}

/**
 * Whether a text can be one of Linq's words, of a service or a status: at most 64 visible characters, spaces
 * included.
 */
export function isWord(text: string): boolean {
  return WORD.test(text);
}

/**
 * Whether a text is free of spaces, invisible characters and characters that change text direction, as ids
 * and lines are.
 */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

function isName(text: string): boolean {
  return ASCII_NAME.test(text) || NAME.test(text);
}
const SERVICES = new Map(['iMessage', 'SMS', 'RCS'].map((service) => [service.toLowerCase(), service]));

/** Known services in Linq's spelling, matched case-insensitively; others as received. */
export function spellService(service: string): string {
  return SERVICES.get(service.toLowerCase()) ?? service;
}

/**
 * The words that Linq and the carriers treat as an opt-out: in any letter case; the halves of a two-word one
 * may be separated by anything that is neither letter nor digit, such as a space or a hyphen, or by nothing.
 */
const WORDS = ['stop', 'stop all', 'unsubscribe', 'cancel', 'end', 'quit', 'revoke', 'opt out'];

const BESIDE = '[^\\p{L}\\p{N}]*';
const OPT_OUT = new RegExp(`^${BESIDE}(?:${WORDS.join('|').replaceAll(' ', BESIDE)})${BESIDE}$`, 'iu');

/**
 * Whether the whole text is an opt-out word. Surrounding characters that are neither letters nor digits are
 * ignored: white space, punctuation, quotes, emoji. "Please stop" isn't one, by Linq's own definition. This
 * errs on the side of leaving people alone: not sharing costs little, and the next message opts in again.
 */
export function isOptOutWord(text: string): boolean {
  return OPT_OUT.test(text);
}

/** Between the shown digits of a masked number, however many are hidden. */
const DOTS = '•••••';
const NUMBER = /^\+\d{8,15}$/;
const MASKED = /^\+\d+•{5}\d{4,}$/;

/** One of our own numbers as it may be shown and logged: `+12025550100` → `+1•••••0100`. */
export function maskNumber(number: string): string {
  return NUMBER.test(number) ? maskTo(number, 1, 4) : DOTS;
}

const maskTo = (number: string, head: number, tail: number) =>
  `${number.slice(0, 1 + head)}${DOTS}${number.slice(-tail)}`;

/**
 * Like `maskNumber`, but with as many more digits as tell it from our other numbers: `+12•••••0100`, beside another one
 * that ends in 0100. At least two digits stay hidden; numbers that differ only there look alike.
 */
export function maskAmong(number: string, all: readonly string[]): string {
  const short = maskNumber(number);
  const alike = linesNamed(short, all).filter((one) => one !== number);
  if (alike.length === 0 || short === DOTS) return short;
  for (let more = 1; more <= number.length - 1 - 5 - 2; more++) {
    for (let head = 1 + more; head >= 1; head--) {
      const mask = maskTo(number, head, 5 + more - head);
      if (linesNamed(mask, alike).length === 0) return mask;
    }
  }
  return short;
}

/** The known lines that a number matches, in full or in any masked form; several may look alike. */
export function linesNamed(name: string, known: readonly string[]): readonly string[] {
  const exact = known.filter((line) => line === name);
  if (exact.length > 0) return exact;
  if (!MASKED.test(name)) return known.filter((line) => maskNumber(line) === name);
  const [head = '', tail = ''] = name.split(DOTS);
  return known.filter((line) => line.startsWith(head) && line.endsWith(tail) && NUMBER.test(line));
}
