import { asObject, asString, parseJson } from './json.ts';

/** A line's contact card. `isActive`: applied to the device; only then can it be shared. */
export interface ContactCard {
  readonly line: string;
  readonly isActive: boolean;
}

/**
 * The body of `GET /v3/contact_card`: a list, or a single card in its place; null when it is neither. What isn't
 * plainly active isn't active, and a card without a number belongs to no line.
 */
export function readCards(body: string | null): readonly ContactCard[] | null {
  const json = parseJson(body);
  const root = asObject(json);
  const list = root !== null && 'contact_cards' in root ? root.contact_cards : json;
  if (list === null && root !== null) return []; // an empty list, as some servers write it
  const items = Array.isArray(list) ? list : isCard(list) ? [list] : null;
  return items?.flatMap(readCard) ?? null;
}

/** A card alone, as it is answered when it was created; null when it is none. */
export function readCreatedCard(body: string | null): ContactCard | null {
  return readCard(parseJson(body))[0] ?? null;
}

function isCard(value: unknown): boolean {
  return asString(asObject(value)?.phone_number) !== null;
}

function readCard(value: unknown): ContactCard[] {
  const card = asObject(value);
  const line = asString(card?.phone_number);
  return line === null ? [] : [{ line, isActive: card?.is_active === true }];
}
