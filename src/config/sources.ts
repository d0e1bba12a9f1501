import { faultOfText } from './kinds.ts';
import type { Setting } from './setting.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Where settings come from: the environment first, then the `.env` file. */
export interface Sources {
  readonly env: Variables;
  /** Variables of the `.env` file; none when there is no such file. */
  readonly envFile: Variables;
  /** What is wrong with the file itself, one sentence each. */
  readonly envFileMistakes?: readonly string[];
  /** Oddities in the file, one sentence each. */
  readonly envFileWarnings?: readonly string[];
  /** Reads a secret's file. @throws what `fs.readFileSync` throws */
  readonly readFile: (path: string) => string;
}

/** A setting's text and its origin, or why it can't be read; null: unset. */
export type Found = Text | { readonly mistake: string } | null;

/** Looks up a setting under its names and, for a secret, as a file. Empty text counts as unset. */
export function findSetting(setting: Setting<unknown>, sources: Sources): Found {
  const { name, aliases, isShared } = setting;
  const names = isShared ? [...aliases, name] : [name, ...aliases];
  const candidates = names
    .map((one) => findByName(one, setting.isSecret !== false, sources))
    .filter((found) => found !== null);
  const mistake = candidates.find((found) => 'mistake' in found);
  if (mistake !== undefined) return mistake;
  if (isShared)
    return (
      candidates.find((found) => 'text' in found && found.origin === 'environment') ?? candidates[0] ?? null
    );
  const texts = new Set(candidates.map((found) => ('text' in found ? found.text : '')));
  if (texts.size > 1) return { mistake: `${names.join(' and ')} differ: set only one of them` };
  return candidates[0] ?? null;
}

function findByName(name: string, mayBeInFile: boolean, sources: Sources): Found {
  const direct = findVariable(name, sources);
  const file = mayBeInFile ? findVariable(`${name}_FILE`, sources) : null;
  if (direct !== null && file !== null) return { mistake: `${name} and ${name}_FILE are both set: keep one` };
  if (file === null) return direct === null ? null : checked(direct);
  const path = checked(file);
  if ('mistake' in path) return { mistake: `${name}_FILE: ${path.mistake}` };
  if (path.text === '-') return { mistake: `${name}_FILE names no file` };
  try {
    const text = sources.readFile(path.text).trim();
    if (text === '') return { mistake: `the file of ${name}_FILE is empty` };
    const content = checked({ text, origin: `${name}_FILE` });
    return 'mistake' in content ? { mistake: `the file of ${name}_FILE: ${content.mistake}` } : content;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { mistake: `the file of ${name}_FILE can’t be read (${code})` };
  }
}

interface Text {
  readonly text: string;
  readonly origin: string;
}

function checked(found: Text): Text | { readonly mistake: string } {
  const mistake = faultOfText(found.text);
  return mistake === null ? found : { mistake };
}

function findVariable(name: string, { env, envFile }: Sources): Text | null {
  const fromEnv = env[name]?.trim() ?? '';
  if (fromEnv !== '') return { text: fromEnv, origin: 'environment' };
  const fromFile = envFile[name]?.trim() ?? '';
  return fromFile === '' ? null : { text: fromFile, origin: '.env' };
}

export interface EnvFile {
  readonly variables: Variables;
  /** Numbers of unparsable lines, from 1. They may hold a secret, so their text isn't repeated. */
  readonly brokenLines: readonly number[];
  /** Lines where the value is cut short and the rest doesn't look like a comment, with the variable. */
  readonly cutLines: readonly { readonly line: number; readonly name: string }[];
  /** The file isn't UTF-8 text, so none of it can be read. */
  readonly isBinary: boolean;
}

/** Some editors begin a file with it; it would become part of the first variable's name. */
export const BYTE_ORDER_MARK = '\uFEFF';
const BLANK_OR_COMMENT = /^\s*(#.*)?$/;
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=(.*)$/;

/** A line of a settings file, or all lines of a multi-line quoted value. */
export interface EnvPiece {
  /** Without its last line break. */
  readonly text: string;
  readonly lineBreak: string;
  /** The number of its first line, from 1. */
  readonly line: number;
  /** The variable that it sets, and the text after `=`; null: it sets none. */
  readonly assignment: { readonly name: string; readonly written: string } | null;
}

/** Splits a settings file into pieces; joined again, they give its text. */
export function splitEnvFile(text: string): readonly EnvPiece[] {
  const lines = [...text.matchAll(/([^\n]*?)(\r?\n|$)/g)].filter(([whole]) => whole !== '');
  const contents = lines.map(([, content = ''], index) =>
    index === 0 ? content.replace(BYTE_ORDER_MARK, '') : content,
  );
  const pieces: EnvPiece[] = [];
  for (let index = 0; index < lines.length; index++) {
    const start = index;
    const [, name, written] = ASSIGNMENT.exec(contents[start] ?? '') ?? [];
    if (written !== undefined) index = endOfValue(contents, start, written);
    const lineBreak = lines[index]?.[2] ?? '';
    const joined = lines.slice(start, index + 1).map(([line]) => line);
    pieces.push({
      text: joined.join('').slice(0, -lineBreak.length || undefined),
      lineBreak,
      line: start + 1,
      assignment:
        name === undefined || written === undefined
          ? null
          : { name, written: [written, ...contents.slice(start + 1, index + 1)].join('\n') },
    });
  }
  return pieces;
}

/**
 * Reads a `.env` file as Node.js does where that is unambiguous. Node's own parser differs between versions
 * and silently loses settings: it joins a line without `=` to the next one, stops at a line without a name,
 * and from Node.js 22 on takes the next line as the value of a blank one.
 */
export function parseEnvFile(text: string): EnvFile {
  if (isBinary(text)) return { variables: {}, brokenLines: [], cutLines: [], isBinary: true };
  const variables: [name: string, value: string][] = [];
  const brokenLines: number[] = [];
  const cutLines: { line: number; name: string }[] = [];
  for (const { text: whole, line, assignment } of splitEnvFile(text)) {
    if (assignment === null) {
      if (!BLANK_OR_COMMENT.test(whole)) brokenLines.push(line); // a byte order mark counts as blank
      continue;
    }
    const { value, isCut } = readValue(assignment.written);
    variables.push([assignment.name, value]);
    if (isCut) cutLines.push({ line, name: assignment.name });
  }
  return { variables: Object.fromEntries(variables), brokenLines, cutLines, isBinary: false };
}

/** For example, UTF-16 read as UTF-8. */
const isBinary = (text: string) => text.includes('\0');

/** Shows that a multi-line value has an unclosed quote: one of its lines is another setting. */
const SWALLOWED = /^\s*(?:export\s+)?[A-Z][A-Z0-9_]{3,}\s*=\s*[^=\s]/;

/**
 * The line on which a value ends: a quoted value may span lines; a value with an unclosed quote ends on its
 * first line.
 * @param written the text after `=` on its first line
 */
function endOfValue(lines: readonly string[], start: number, written: string): number {
  const value = written.trimStart();
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.includes(quote, 1)) return start;
  const end = lines.findIndex((line, index) => index > start && line.includes(quote));
  return lines.slice(start + 1, end + 1).some((line) => SWALLOWED.test(line)) ? start : Math.max(end, start);
}

function readValue(written: string): { readonly value: string; readonly isCut: boolean } {
  const text = written.trimStart();
  const quoted = /^(["'`])([\s\S]*?)\1(.*)$/.exec(text);
  if (quoted !== null) {
    const [, quote, content = '', rest = ''] = quoted;
    const value = quote === '"' ? content.replaceAll('\\n', '\n') : content;
    return { value, isCut: !BLANK_OR_COMMENT.test(rest) };
  }
  const hash = written.indexOf('#');
  if (hash === -1) return { value: text.trimEnd(), isCut: false };
  return { value: written.slice(0, hash).trim(), isCut: !/\s/.test(written[hash - 1] ?? '=') };
}
