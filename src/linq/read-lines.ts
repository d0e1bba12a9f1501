import { ignoreUnreadable, type OnUnreadable, optionalHandle, optionalItems } from '../payload.ts';
import { readRoot } from './json.ts';

/** The numbers in the body of `GET /v3/phone_numbers`; null when it isn't a list. */
export function readLines(
  body: string | null,
  onUnreadable: OnUnreadable = ignoreUnreadable,
): readonly string[] | null {
  const root = readRoot(body, '', onUnreadable);
  const items = root && optionalItems(root, 'phone_numbers');
  return items && [...new Set(items.flatMap((item) => optionalHandle(item, 'phone_number') ?? []))];
}
