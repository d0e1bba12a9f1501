import type { EpochMs } from '../../decide/time.ts';
import { LONGEST, MAX_INSTANT } from '../schema/limits.ts';
import type { Recordable } from '../store.ts';

/**
 * Why no database can hold this entry, naming the field but not its value; null: it can be stored. SQLite finds the same
 * by its constraints; a store that writes a group in one statement has to know before.
 */
export function whyUnstorable(entry: Recordable): string | null {
  if ('sealed' in entry) {
    const { receivedAt, webhookId, eventType, cause } = entry;
    return firstOf({ receivedAt }, { webhookId, eventType, cause }, Number.POSITIVE_INFINITY);
  }
  switch (entry.kind) {
    case 'card':
      return firstOf({ changedAt: entry.changedAt }, {}, LONGEST.word); // the line isn't stored
    case 'line': {
      const { line, status, reputation, at } = entry;
      return firstOf({ at }, { line, status, reputation }, LONGEST.word);
    }
    case 'chat': {
      const { chatId, outbound, inbound, health, leftAt, joinedAt, member } = entry;
      const instants = {
        'outbound.at': outbound?.at,
        'inbound.at': inbound?.at,
        'health.at': health?.at,
        'member.leftAt': member?.leftAt,
        'member.joinedAt': member?.joinedAt,
        leftAt,
        joinedAt,
      };
      const { line, service } = outbound ?? {};
      const words = { line, service, health: health?.status, member: member?.handle };
      return firstOf({}, { chatId }, LONGEST.chatId) ?? firstOf(instants, words, LONGEST.word);
    }
  }
}

function firstOf(
  instants: Readonly<Record<string, EpochMs | null | undefined>>,
  texts: Readonly<Record<string, string | null | undefined>>,
  longest: number,
): string | null {
  for (const [name, at] of Object.entries(instants))
    if (at !== null && at !== undefined && !isInstant(at)) return `${name} is no instant`;
  for (const [name, text] of Object.entries(texts)) {
    if (text === null || text === undefined) continue;
    // few texts have as many code units, and so are worth counting
    if (text.length > longest && [...text].length > longest) return `${name} has over ${longest} characters`;
    if (UNSTORABLE.test(text)) return `${name} has a character that can’t be stored`;
  }
  return null;
}

const isInstant = (at: EpochMs) => Number.isInteger(at) && at >= 0 && at <= MAX_INSTANT;

/** NUL, and half of a pair: PostgreSQL refuses the one, and would store something else for the other. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;
