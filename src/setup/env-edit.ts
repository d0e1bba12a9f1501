import { createHash } from 'node:crypto';
import { BYTE_ORDER_MARK, type EnvPiece, parseEnvFile, splitEnvFile } from '../config/sources.ts';

/** A setting to write to a settings file. */
export interface Assignment {
  readonly name: string;
  /** Null: remove it from the file. */
  readonly value: string | null;
  /** Other variables with the same meaning; removed from the file, so that they can't conflict. */
  readonly aliases?: readonly string[];
}

/** A value that no quoting can carry through a settings file, or an edit that would change what the file says. */
export class UnwritableSetting extends Error {}

/**
 * The text of a settings file with these settings applied; every unrelated line stays the same, byte for
 * byte. A setting keeps its place, or goes below its commented-out line, or at the end.
 * @throws {UnwritableSetting} rather than returning text that would be read differently
 */
export function editEnvFile(text: string, assignments: readonly Assignment[]): string {
  const edited = assignments.reduce(assign, text);
  checkMeaning(text, edited, assignments);
  return edited;
}

function assign(text: string, { name, value, aliases = [] }: Assignment): string {
  const pieces = splitEnvFile(text);
  const names = [name, ...aliases];
  const isOurs = ({ assignment }: EnvPiece) => assignment !== null && names.includes(assignment.name);
  if (value === null) return pieces.map((piece) => (isOurs(piece) ? '' : join(piece))).join('');
  const line = `${name}=${quote(name, value)}`;
  const last = pieces.findLastIndex(isOurs);
  if (last !== -1) {
    const mark = pieces[last]?.text.startsWith(BYTE_ORDER_MARK) === true ? BYTE_ORDER_MARK : '';
    return pieces
      .map((piece, index) =>
        index === last ? `${mark}${line}${piece.lineBreak}` : isOurs(piece) ? '' : join(piece),
      )
      .join('');
  }
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const template = pieces.findLastIndex((piece) => piece.assignment === null && isTemplate(piece.text, name));
  const at = template === -1 ? pieces.length : template + 1;
  const before = pieces.slice(0, at).map(join).join('');
  const isWhole = before === '' || before === BYTE_ORDER_MARK || before.endsWith('\n');
  return `${before}${isWhole ? '' : lineBreak}${line}${lineBreak}${pieces.slice(at).map(join).join('')}`;
}

/** `# PORT=8080`, as in `.env.example`. */
const isTemplate = (line: string, name: string) => new RegExp(`^\\s*#\\s*${name}=`).test(line);

const join = ({ text, lineBreak }: EnvPiece) => text + lineBreak;

/** Unquoted where possible: `docker run --env-file` would take quotes for part of the value. */
function quote(name: string, value: string): string {
  const forms = [value, `'${value}'`, `"${value}"`, `\`${value}\``];
  const form = forms.find((written) => parseEnvFile(`${name}=${written}\nA=1`).variables[name] === value);
  if (form === undefined || /[\r\n]/.test(value))
    throw new UnwritableSetting(`${name} has characters that a settings file can’t hold`);
  return form;
}

function checkMeaning(before: string, after: string, assignments: readonly Assignment[]): void {
  const expected = { ...parseEnvFile(before).variables };
  for (const { name, value, aliases = [] } of assignments) {
    for (const alias of aliases) delete expected[alias];
    if (value === null) delete expected[name];
    else expected[name] = value;
  }
  const found = parseEnvFile(after).variables;
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  for (const name of names)
    if (expected[name] !== found[name])
      throw new UnwritableSetting(
        `after the change ${name} would read differently: look for an unclosed quote in the file`,
      );
}

/**
 * Linq never again says which subscription a secret belongs to, so a comment in the settings file does. Its
 * checksum ties it to the secret: once someone replaces the secret by hand, the note no longer applies.
 * @throws {TypeError} for an id that would break out of its line
 */
export function noteSecretOwner(text: string, secret: string, subscriptionId: string): string {
  if (!/^[\x21-\x7e]+$/.test(subscriptionId)) throw new TypeError('not a subscription id');
  const note = `# LINQ_WEBHOOK_SECRET: its first secret (check ${checkOf(secret)}) is that of webhook subscription ${subscriptionId}.`;
  if (NOTE.test(text)) return text.replace(NOTE, () => note);
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const at = /^\s*(?:export\s+)?LINQ_WEBHOOK_SECRET\s*=/m.exec(text)?.index ?? text.length;
  const before = text.slice(0, at);
  const isWhole = before === '' || before.endsWith('\n');
  return `${before}${isWhole ? '' : lineBreak}${note}${lineBreak}${text.slice(at)}`;
}

/** The subscription in the note, and whether its secret is this one; null: no note. */
export function readSecretNote(text: string) {
  const [, check, subscriptionId] = NOTE.exec(text) ?? [];
  if (check === undefined || subscriptionId === undefined) return null;
  return { subscriptionId, isOf: (secret: string) => checkOf(secret) === check };
}

/** The subscription in the note, if the note is about this secret; else null. */
export function findSecretOwner(text: string, secret: string): string | null {
  const note = readSecretNote(text);
  return note?.isOf(secret) ? note.subscriptionId : null;
}

const NOTE =
  /^# LINQ_WEBHOOK_SECRET: its first secret \(check ([0-9a-f]{8})\) is that of webhook subscription (\S+)\.(?=\r?$)/m;

/** 32 bits derived from a secret of at least 192: enough to tell two apart, useless for guessing it. */
function checkOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 8);
}
