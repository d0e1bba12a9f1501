import { type Static, Type } from 'typebox';
import type { ChatState } from '../../decide/chat.ts';
import { parseCursor } from '../../store/sqlite/chat-lists.ts';
import { CHAT_STATES, linesNamed, type ShownFilter } from '../view/chat-filters.ts';
import { SHOWN_REASONS, type ShownReason } from '../view/explanation.ts';
import { text, words } from './schema-fields.ts';

const MAX_CHATS = 200;

export const ChatQuerySchema = Type.Object({
  state: Type.Optional(words<ChatState>(CHAT_STATES, 'Only chats in this state.')),
  reason: Type.Optional(words<ShownReason>(SHOWN_REASONS, 'Only chats with this reason.')),
  line: Type.Optional(
    Type.String({
      description: 'Only chats of this line: the full number, or as it is shown (+1•••••0100).',
      examples: ['+12025550100'],
    }),
  ),
  limit: Type.Integer({
    minimum: 1,
    maximum: MAX_CHATS,
    default: 50,
    description: 'Most chats of one page.',
  }),
  cursor: Type.Optional(text('The `nextCursor` of the page before; without it, the first page.')),
});

const PARAMETERS = Object.keys(ChatQuerySchema.properties);

/** A misspelt filter would silently list everything. Null: every parameter is known. */
export function unknownParameter(query: unknown): string | null {
  const unknown = Object.keys(Object(query)).find((name) => !PARAMETERS.includes(name));
  return unknown === undefined
    ? null
    : `Unknown parameter "${unknown.slice(0, 40)}"; allowed are ${PARAMETERS.join(', ')}.`;
}

/** What is to be listed, or what is wrong with a parameter. @param known our lines */
export function parseChatQuery(
  { state, reason, line, cursor }: Static<typeof ChatQuerySchema>,
  known: readonly string[],
): { readonly filter: ShownFilter; readonly cursor: string | null } | { readonly wrong: string } {
  if (cursor !== undefined && parseCursor(cursor) === null) {
    return { wrong: '"cursor" must be the nextCursor of the page before.' };
  }
  const lines = line === undefined ? null : parseLine(line, known);
  if (lines !== null && lines.length === 0 && !isLineName(line)) {
    return { wrong: '"line" must be a full number (+12025550100) or as it is shown (+1•••••0100).' };
  }
  return { filter: { state: state ?? null, reason: reason ?? null, lines }, cursor: cursor ?? null };
}

/** In a query a plus sign that wasn't encoded arrives as a space. */
const withPlus = (line: string) => line.replace(/^ /, '+');

const parseLine = (line: string, known: readonly string[]) => linesNamed(withPlus(line), known);

function isLineName(line: string | undefined): boolean {
  return line !== undefined && /^\+(\d{7,15}|\d•{5}\d{4})$/.test(withPlus(line));
}
