import { parseEnv } from 'node:util';
import type { Variables } from './origin.ts';

export interface EnvFile {
  readonly variables: Variables;
  /** Numbers of the lines that say nothing, counted from 1. What they hold may be a secret, so it isn't told. */
  readonly brokenLines: readonly number[];
}

/** Some editors put it in front; it would become part of the first variable's name. */
const BYTE_ORDER_MARK = /^\uFEFF/;
const BLANK_OR_COMMENT = /^\s*(#.*)?$/;
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/;

/**
 * Reads a `.env` file. Node's own parser takes a line without `=` (and an indented comment) together with the next
 * one, and stops without a word at a line without a name; from Node.js 22 on, a blank value takes the next line, and one
 * after `export` is lost: settings would be lost silently. So it sees assignments only, in their plainest form.
 */
export function parseEnvFile(text: string): EnvFile {
  const lines = text.replace(BYTE_ORDER_MARK, '').split(/\r?\n/);
  const brokenLines: number[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const [, name, value] = ASSIGNMENT.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      const end = endOfValue(lines, index, value);
      lines[index] = `${name}=${end === index ? value.trimEnd() : value}`;
      index = end;
      continue;
    }
    if (!BLANK_OR_COMMENT.test(line)) brokenLines.push(index + 1);
    lines[index] = '';
  }
  return { variables: parseEnv(lines.join('\n')), brokenLines };
}

/** Where a value ends: a quoted one may go on over lines; one whose quote is never closed ends with its line. */
function endOfValue(lines: readonly string[], start: number, value: string): number {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.includes(quote, 1)) return start;
  const end = lines.findIndex((line, index) => index > start && line.includes(quote));
  return end === -1 ? start : end;
}
