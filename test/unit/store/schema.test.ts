import { getTableColumns, getTableName } from 'drizzle-orm';
import { PgTable, getTableConfig as postgresConfig } from 'drizzle-orm/pg-core';
import { SQLiteTable, getTableConfig as sqliteConfig } from 'drizzle-orm/sqlite-core';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../../src/package-files.ts';
import { readMigrationsIn } from '../../../src/store/migrations.ts';
import * as postgres from '../../../src/store/schema/postgres.ts';
import * as sqlite from '../../../src/store/schema/schema.ts';

const SQLITE = Object.values(sqlite).filter((value) => value instanceof SQLiteTable);
const POSTGRES = Object.values(postgres).filter((value) => value instanceof PgTable);

/** What replicas share and count side by side, which SQLite has no need of. */
const SHARED = ['chat_tallies', 'control', 'leaders', 'line_gates', 'replicas'];
const OWN_COLUMNS = ['rev', 'slot'];
/** PostgreSQL counts chats in a table of its own, and so has neither this column nor its check. */
const COUNTED = ['n', 'chat_counts_n'];

/** What both databases have to agree on; PostgreSQL's own columns and its line 0 left out. */
function columnsOf(table: SQLiteTable | PgTable) {
  return Object.entries(getTableColumns(table))
    .filter(([name]) => ![...OWN_COLUMNS, ...COUNTED].includes(name))
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
    const names = [...SQLITE.map(getTableName), ...SHARED];
    expect(POSTGRES.map(getTableName).sort()).toEqual(names.sort());
  });

  it.each(SQLITE.map((table) => [getTableName(table), table] as const))(
    '%s has the same columns and checks',
    (name, table) => {
      const other = POSTGRES.find((each) => getTableName(each) === name);
      if (other === undefined) throw new Error('it is missing');
      expect(columnsOf(other)).toEqual(columnsOf(table));
      const checks = (config: { checks: readonly { name: string }[] }) =>
        config.checks
          .map((each) => each.name)
          .filter((each) => !COUNTED.includes(each))
          .sort();
      expect(checks(postgresConfig(other))).toEqual(checks(sqliteConfig(table)));
    },
  );
});

describe('the migrations of PostgreSQL', () => {
  const sql = readMigrationsIn(packageFile('migrations/postgres/'))
    .map((migration) => migration.sql)
    .join('\n');

  it('keep room on a page for a row to be written again, and clean up early', () => {
    for (const table of ['chats', 'leases', 'chat_counts', ...SHARED])
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
