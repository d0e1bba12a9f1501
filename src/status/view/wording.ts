import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { DAY, type EpochMs, HOUR, MINUTE, SECOND } from '../../decide/time.ts';

/** For JSON: ISO 8601 in UTC; null stays null. */
export function isoTime(at: EpochMs): string;
export function isoTime(at: EpochMs | null): string | null;
export function isoTime(at: EpochMs | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** For sentences: `2026-11-04 16:20:05 UTC`. */
export function timeInWords(at: EpochMs): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export const chatsInWords = (count: number): string => (count === 1 ? '1 chat' : `${count} chats`);

/** `2026-11-04 16:20:05 UTC (in 3 h 12 min)`; without the duration if it has passed. */
export function whenInWords(at: EpochMs, now: EpochMs): string {
  const ahead = at > now ? ` (in ${durationInWords(at - now)})` : '';
  return `${timeInWords(at)}${ahead}`;
}

const UNITS = [
  [DAY, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'min'],
  [SECOND, 's'],
] as const;

/** The two largest units: `3 h 12 min`; less than a second: `less than 1 s`. */
export function durationInWords(ms: number): string {
  const first = UNITS.findIndex(([unitMs]) => ms >= unitMs);
  if (first === -1) return 'less than 1 s';
  let rest = ms;
  const parts: string[] = [];
  for (const [unitMs, name] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Rounded down, with one decimal below 10: `1.4 GiB`, `812 MiB`. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < BYTE_UNITS.length - 1; unit++) value /= 1024;
  const digits = unit > 0 && value < 10 ? (Math.floor(value * 10) / 10).toFixed(1) : Math.floor(value);
  return `${digits} ${BYTE_UNITS[unit]}`;
}

const PROGRAM = 'contact-card-reactor';

/**
 * How people call the program where it runs: by its name where it is installed (an image, a server), and with `npx` in
 * a clone of the repository.
 * @param path the directories in which a shell looks for programs
 */
export function commandName(path = '', exists: (file: string) => boolean = existsSync): string {
  // npm adds these directories to the path of what it runs, but not to that of the user
  const directories = path.split(delimiter).filter((one) => one !== '' && !one.endsWith('.bin'));
  return directories.some((one) => exists(join(one, PROGRAM))) ? PROGRAM : `npx ${PROGRAM}`;
}

/** For commands that people copy: one word in a POSIX shell or zsh. */
export const quoteForShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Linq's documentation of the codes with which it may refuse a share call, or the chat read before it. */
const LINQ_CODES: ReadonlyMap<number, string> = new Map([
  [1001, 'a required field is missing'],
  [1003, 'the request isn’t readable'],
  [1005, 'a parameter has a wrong value'],
  [1007, 'rate limited'],
  [2001, 'chat not found'],
  [2004, 'the API key is missing or wrong'],
  [2005, 'the chat isn’t this account’s'],
  [2006, 'the line isn’t this account’s'],
  [2008, 'the recipient must write first'],
  [2009, 'the chat is still being created'],
  [2011, 'not enabled for the account'],
  [2012, 'the line has no contact card'],
  [2013, 'the line has left the chat'],
  [2015, 'conflicts with the chat’s present state'],
  [2016, 'not supported in groups'],
  [2017, 'not supported on the chat’s service'],
  [2024, 'the recipient opted out'],
  [2026, 'the recipient is on the block list'],
  [2027, 'the line can’t send for a while'],
  [3001, 'connection failed within Linq'],
  [3002, 'connection failed within Linq'],
  [3003, 'an operation failed within Linq'],
  [3004, 'an operation failed within Linq'],
  [3005, 'network timeout within Linq'],
  [3006, 'internal error of Linq'],
  [4002, 'the line isn’t available'],
  [4004, 'service unavailable'],
]);

/** `code 2024: the recipient opted out` */
export function codeInWords(code: number): string {
  const meaning = LINQ_CODES.get(code);
  return meaning === undefined ? `code ${code}` : `code ${code}: ${meaning}`;
}
