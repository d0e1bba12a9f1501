import { asObject, asShortText, parseJson } from './json.ts';

/** The numbers in the body of `GET /v3/phone_numbers`; null when it isn't a list. */
export function readLines(body: string | null): readonly string[] | null {
  const root = asObject(parseJson(body));
  if (root === null || !Array.isArray(root.phone_numbers)) return null;
  const lines = root.phone_numbers.map((value) => asShortText(asObject(value)?.phone_number));
  return [...new Set(lines.filter((line) => line !== null))];
}
