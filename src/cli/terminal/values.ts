import { timeInWords } from '../../status/view/wording.ts';

/** Shown for a missing value. */
export const ABSENT = '–';

export const orAbsent = (value: string | number | null): string => (value === null ? ABSENT : String(value));

/** @param at ISO 8601 */
export const timeOrAbsent = (at: string | null): string =>
  at === null ? ABSENT : timeInWords(Date.parse(at));

/** The non-zero counts: `1200 waiting, 3 due`. */
export function countsInWords(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return parts.map(([name, count]) => `${count} ${name}`).join(', ');
}
