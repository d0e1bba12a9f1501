import type { EpochMs } from '../decide/duration.ts';
import { isOptOutWord } from '../decide/opt-out.ts';
import { spellService } from '../decide/service.ts';
import { expected, isObject, type Node, optionalInstant, optionalText, readText } from './fields.ts';

/** A message event of either payload version, in one shape. Null says nothing. */
export interface Message {
  readonly chatId: string;
  /** Null for a direction that we don't know. */
  readonly direction: 'outbound' | 'inbound' | null;
  /** Whether Linq says that the sender is our own line. */
  readonly isSenderMe: boolean | null;
  /** Our own line; told of outbound messages only. */
  readonly line: string | null;
  readonly service: string | null;
  readonly isGroup: boolean | null;
  readonly parts: readonly unknown[];
  /** Where `parts` stands in the body, for complaints. */
  readonly partsAt: string;
  /** The message's own time: sent, else delivered, else read. */
  readonly at: EpochMs | null;
  readonly health: Health | null;
}

/** `at` is null when Linq didn't say since when. */
export interface Health {
  readonly status: string;
  readonly at: EpochMs | null;
}

/** The first of sent, delivered and read that is told, in one of the places where a version puts them. */
export function readMessageTime(places: readonly Node[]): EpochMs | null {
  for (const key of ['sent_at', 'delivered_at', 'read_at']) {
    for (const place of places) {
      const at = optionalInstant(place, key);
      if (at !== null) return at;
    }
  }
  return null;
}

export function readHealth(node: Node | null): Health | null {
  if (node === null) return null;
  const status = optionalText(node, 'status');
  return status === null ? null : { status: status.toUpperCase(), at: optionalInstant(node, 'updated_at') };
}

/** Linq's spelling for the known services whatever the case; others as they came. */
export function readService(node: Node): string | null {
  const service = optionalText(node, 'service');
  return service === null ? null : spellService(service);
}

/** Whether a direct chat's whole message is an opt-out word. The text is read here once and kept nowhere. */
export function isOptOut(message: Message): boolean {
  if (message.isGroup === true) return false;
  let text = '';
  for (const [index, part] of message.parts.entries()) {
    if (!isObject(part)) throw expected({ at: message.partsAt, value: {} }, String(index), 'an object');
    const node = { at: `${message.partsAt}.${index}`, value: part };
    if (readText(node, 'type') !== 'text') return false;
    const value = part.value ?? '';
    if (typeof value !== 'string') throw expected(node, 'value', 'a string');
    text += value;
  }
  return isOptOutWord(text);
}
