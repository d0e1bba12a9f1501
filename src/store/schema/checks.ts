import { type SQL, sql } from 'drizzle-orm';
import { type AnySQLiteColumn, check } from 'drizzle-orm/sqlite-core';

/** The last instant that a `Date` can hold: anything later couldn't be displayed. */
const MAX_INSTANT = 8_640_000_000_000_000;

/** CHECK: these columns hold instants (whole ms since 1970-01-01T00:00:00Z), or null. */
export const instants = (name: string, columns: readonly AnySQLiteColumn[]) =>
  check(name, all(columns.map((column) => sql`${column} between 0 and ${literal(MAX_INSTANT)}`)));

/** CHECK: the column holds one of these words, or null. */
export const oneOf = (name: string, column: AnySQLiteColumn, words: readonly string[]) =>
  check(name, sql`${column} in (${sql.raw(words.map((word) => `'${word}'`).join(', '))})`);

/** CHECK: external text is at most this many characters long. */
export const lengths = (name: string, limits: readonly (readonly [AnySQLiteColumn, number])[]) =>
  check(name, all(limits.map(([column, max]) => sql`length(${column}) <= ${literal(max)}`)));

/** CHECK: these columns are counters. */
export const counters = (name: string, columns: readonly AnySQLiteColumn[]) =>
  check(name, all(columns.map((column) => sql`${column} >= 0`)));

function all(conditions: SQL[]): SQL {
  return sql.join(conditions, sql` and `);
}

function literal(value: number): SQL {
  return sql.raw(String(value));
}
