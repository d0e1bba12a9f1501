import { type Column, type SQL, sql } from 'drizzle-orm';
import { MAX_INSTANT } from './limits.ts';

// What the columns may hold, as conditions for CHECK, the same in every database.

export function areInstants(columns: readonly Column[]): SQL {
  const latest = literal(MAX_INSTANT);
  return all(columns.map((column) => sql`${column} between 0 and ${latest}`));
}

export function isOneOf(column: Column, words: readonly string[]): SQL {
  return sql`${column} in (${sql.raw(words.map((word) => `'${word}'`).join(', '))})`;
}

export function areAtMost(limits: readonly (readonly [Column, number])[]): SQL {
  return all(limits.map(([column, max]) => sql`length(${column}) <= ${literal(max)}`));
}

export function areCounters(columns: readonly Column[]): SQL {
  return all(columns.map((column) => sql`${column} >= 0`));
}

function all(conditions: SQL[]): SQL {
  return sql.join(conditions, sql` and `);
}

function literal(value: number): SQL {
  return sql.raw(String(value));
}
