import type { EpochMs } from '../decide/duration.ts';
import { isOptOutWord } from '../decide/opt-out.ts';
import { spellService } from '../decide/service.ts';
import {
  type Node,
  optionalInstant,
  optionalItems,
  optionalObject,
  optionalUpperWord,
  optionalWord,
  reportUnreadable,
} from './fields.ts';

/** A chat's health; `at` is null when Linq didn't say since when. */
export interface Health {
  readonly status: string;
  readonly at: EpochMs | null;
}

/** In `health_status` of a chat. */
export function readHealth(chat: Node): Health | null {
  const health = optionalObject(chat, 'health_status');
  const status = health && optionalUpperWord(health, 'status');
  return health === null || status === null ? null : { status, at: optionalInstant(health, 'updated_at') };
}

/** Linq's spelling for the known services whatever the case; others as they came. */
export function readService(node: Node): string | null {
  const service = optionalWord(node, 'service');
  return service === null ? null : spellService(service);
}

/** The message's own time: the first of sent, delivered and read that is told, in one of the places that may have it. */
export function readMessageTime(...places: readonly Node[]): EpochMs | null {
  for (const key of ['sent_at', 'delivered_at', 'read_at']) {
    for (const place of places) {
      const at = optionalInstant(place, key);
      if (at !== null) return at;
    }
  }
  return null;
}

/** What a message consists of, as far as it is told. */
export interface Parts {
  /** Linq says that there are none, so that nothing was sent. Parts that are null, absent or unreadable say nothing. */
  readonly areNone: boolean;
  /** The whole message is an opt-out word. Null: nothing that it says could be read. */
  readonly isOptOutWord: boolean | null;
}

/** The kinds of parts beside text that are known to hold no words of the sender's. */
const WORDLESS: readonly string[] = ['media', 'link', 'imessage_app', 'app_clip'];

/**
 * Reads the parts of a message. The text is read here once and kept nowhere. A part that can't be read, or of a kind that we don't
 * know, says nothing: what is left is taken for the whole message, so that no opt-out is missed for an odd part beside it. Where
 * nothing is left, nobody knows whether it was an opt-out, so the message mustn't be taken for an opt-in either.
 */
export function readParts(message: Node): Parts {
  const parts = message.value.parts === null ? null : optionalItems(message, 'parts');
  if (parts === null) return { areNone: false, isOptOutWord: null };
  let text = '';
  let isOnlyText = true;
  for (const part of parts) {
    const type = optionalWord(part, 'type');
    const { value } = part.value;
    if (type === 'text' && typeof value === 'string') text += value;
    else if (type === 'text' && (value ?? null) !== null) reportUnreadable(part, 'value');
    else if (type !== null && WORDLESS.includes(type)) isOnlyText = false;
    else if (type !== 'text') reportUnreadable(part, 'type');
  }
  const areNone = Array.isArray(message.value.parts) && message.value.parts.length === 0;
  const isUnread = text === '' && isOnlyText && !areNone;
  return { areNone, isOptOutWord: isUnread ? null : isOnlyText && isOptOutWord(text) };
}
