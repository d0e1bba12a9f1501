import { readFileSync } from 'node:fs';
import { getTableColumns, getTableName } from 'drizzle-orm';
import { PgTable, getTableConfig as postgresConfig } from 'drizzle-orm/pg-core';
import { SQLiteTable, getTableConfig as sqliteConfig } from 'drizzle-orm/sqlite-core';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/package-files.ts';
import * as postgres from '../../../src/store/schema/postgres.ts';
import * as sqlite from '../../../src/store/schema/schema.ts';

const SQLITE = Object.values(sqlite).filter((value) => value instanceof SQLiteTable);
const POSTGRES = Object.values(postgres).filter((value) => value instanceof PgTable);

/** What both databases have to agree on; PostgreSQL's own column and its line 0 left out. */
function columnsOf(table: SQLiteTable | PgTable) {
  return Object.entries(getTableColumns(table))
    .filter(([name]) => name !== 'rev')
    .map(([key, { name, notNull, default: byDefault }]) => [
      key,
      name,
      name === 'line_id' ? 'any' : notNull,
      byDefault ?? null,
    ]);
}

describe('the tables of both databases', () => {
  it('are the same', () => {
    expect(SQLITE.length).toBeGreaterThan(10);
    expect(POSTGRES.map(getTableName).sort()).toEqual(SQLITE.map(getTableName).sort());
  });

  it.each(SQLITE.map((table) => [getTableName(table), table] as const))(
    '%s has the same columns and checks',
    (name, table) => {
      const other = POSTGRES.find((each) => getTableName(each) === name);
      if (other === undefined) throw new Error('it is missing');
      expect(columnsOf(other)).toEqual(columnsOf(table));
      const checks = (config: { checks: readonly { name: string }[] }) =>
        config.checks.map((each) => each.name).sort();
      expect(checks(postgresConfig(other))).toEqual(checks(sqliteConfig(table)));
    },
  );
});

describe('the migrations of PostgreSQL', () => {
  const sql = readFileSync(packageFile('migrations/postgres/0000_init.sql'), 'utf8');

  it('keep room on a page for a row to be written again, and clean up early', () => {
    for (const table of ['chats', 'leases', 'chat_counts'])
      expect(sql).toMatch(
        new RegExp(`ALTER TABLE "${table}" SET \\(fillfactor = \\d+, autovacuum_vacuum_scale_factor`),
      );
  });

  it('name no schema, since that is a setting', () => {
    expect(sql).not.toMatch(/public/);
  });

  it('sort text by its code points', () => {
    for (const [, column, type] of sql.matchAll(/^\t"(\w+)" (text[^,\n]*)/gm))
      expect(`${column} ${type}`).toMatch(/ text COLLATE "C"/);
  });
});
