import type { Io } from '../io.ts';

/** The layout of text for people. */
export interface Screen {
  /** In columns; infinite when the output goes to a file or a program. */
  readonly width: number;
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
}

export function screenOf({ env, isTerminal, columns }: Pick<Io, 'env' | 'isTerminal' | 'columns'>): Screen {
  const isColoured = isTerminal && (env.NO_COLOR ?? '') === '';
  const paint = (code: number) => (text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    width: isTerminal ? columns : Number.POSITIVE_INFINITY,
    bold: paint(1),
    red: paint(31),
    yellow: paint(33),
    green: paint(32),
  };
}

/** All non-printing characters: they could move the cursor or change the reader's terminal colours. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A JSON value with every text in it made safe to print. */
export function printable(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(UNPRINTABLE, '\ufffd');
  if (Array.isArray(value)) return value.map(printable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, printable(one)]));
}

/** Multi-line text made safe to print; keeps the line breaks. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON for printing: non-printing characters are escaped, so that its value stays the same. */
export function printableJson(json: unknown): string {
  return JSON.stringify(json, null, 2).replace(UNPRINTABLE, (sign) =>
    sign === '\n' ? sign : inEscapes(sign),
  );
}

/** A character beyond U+FFFF takes two escapes. */
function inEscapes(sign: string): string {
  const units = Array.from({ length: sign.length }, (_, at) => sign.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

export function printJson(json: unknown, { write }: Pick<Io, 'write'>): void {
  write(`${printableJson(json)}\n`);
}
