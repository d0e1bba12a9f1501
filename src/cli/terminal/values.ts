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

/** `4.1 MB`. */
export function bytesInWords(bytes: number): string {
  const exponent = bytes < 1_000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** exponent;
  return `${exponent === 0 ? value : value.toFixed(1)} ${['B', 'kB', 'MB', 'GB', 'TB'][exponent]}`;
}
