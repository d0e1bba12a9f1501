import {
  ignoreUnreadable,
  isObject,
  type Node,
  type OnUnreadable,
  optionalBoolean,
  optionalHandle,
  optionalItems,
} from '../payload.ts';
import { parseJson, readRoot } from './json.ts';

/** A line's contact card. `isActive`: applied to the device; only then can it be shared. */
export interface ContactCard {
  readonly line: string;
  readonly isActive: boolean;
}

/**
 * The body of `GET /v3/contact_card`: a list, or a single card in its place; null when it is neither. What isn't
 * plainly active isn't active, and a card without a number belongs to no line.
 */
export function readCards(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): readonly ContactCard[] | null {
  const json = parseJson(body);
  const whole = isObject(json) && 'contact_cards' in json ? json.contact_cards : json;
  // one shape for all: a list named as Linq documents it
  const list = isObject(whole) && 'phone_number' in whole ? [whole] : whole;
  if (list === json && !Array.isArray(list)) return null;
  const root = { at: '', value: { contact_cards: list }, onUnreadable };
  return optionalItems(root, 'contact_cards')?.flatMap(readCard) ?? null;
}

/** A card alone, as it is answered when it was created; null when it is none. */
export function readCreatedCard(body: string | null): ContactCard | null {
  const card = readRoot(body, 'contact_card', ignoreUnreadable);
  return (card && readCard(card)[0]) ?? null;
}

function readCard(card: Node): ContactCard[] {
  const line = optionalHandle(card, 'phone_number');
  return line === null ? [] : [{ line, isActive: optionalBoolean(card, 'is_active') === true }];
}
