import { copyFileSync, cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Migration } from '../../src/store/migrations.ts';
import { readMigrations } from '../../src/store/sqlite/migrate.ts';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { DATABASE_PATH } from '../helpers/database.ts';
import { digestOf } from '../helpers/digest.ts';
import { createWorkDir, launch, startReactor } from '../helpers/process.ts';
import { writeReleased } from '../helpers/released-database.ts';
import { createSeeded, type Seeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const KNOWN = readMigrations();
const CRASH = new URL('../helpers/crash.mjs', import.meta.url).href;
const PARTS = '--> statement-breakpoint';
/** The chat whose attempt was open: the start records that it was interrupted. */
const INTERRUPTED = 1;
/** What every start writes. */
const EVER_NEW = ['meta', 'migrations', 'problems'];

type Rows = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** Reads a copy, log included, so that the file itself stays as the process left it. */
function look<T>(directory: string, read: (sql: Database.Database) => T): T {
  const copy = join(createWorkDir(), 'copy.db');
  for (const suffix of ['', '-wal']) {
    const file = join(directory, DATABASE_PATH) + suffix;
    if (existsSync(file)) copyFileSync(file, copy + suffix);
  }
  const sql = openSqlite(copy);
  try {
    return read(sql);
  } finally {
    sql.close();
  }
}

const tablesOf = (sql: Database.Database) =>
  sql.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();

/** All rows of all tables, but for what the start has to do with a chat that was interrupted. */
function rowsOf(sql: Database.Database): Rows {
  const tables = tablesOf(sql).filter((name) => !EVER_NEW.includes(name));
  const isOfInterrupted = (row: Record<string, unknown>) =>
    row.chat_row === INTERRUPTED || (row.chat_id !== undefined && row.id === INTERRUPTED);
  const keyOf = (name: string) =>
    sql.prepare<[string], string>('SELECT name FROM pragma_table_info(?) LIMIT 2').pluck().all(name).join();
  const read = (name: string) =>
    sql.prepare<[], Record<string, unknown>>(`SELECT * FROM ${name} ORDER BY ${keyOf(name)}`).all();
  return Object.fromEntries(tables.map((name) => [name, read(name).filter((row) => !isOfInterrupted(row))]));
}

/** The decision of every chat in words; the numbers of counts may change. */
const decisionsOf = (sql: Database.Database) =>
  sql
    .prepare(
      `SELECT chat_id, line, state, reason, next_attempt_at, wake_at FROM chats
        JOIN chat_counts ON chat_counts.id = count_id LEFT JOIN lines ON lines.id = chats.line_id
        WHERE chats.id <> ${INTERRUPTED} ORDER BY chat_id`,
    )
    .all();

const countsOf = (sql: Database.Database) =>
  sql.prepare('SELECT id, n FROM chat_counts WHERE n > 0 ORDER BY id').all();
const countedOf = (sql: Database.Database) =>
  sql.prepare('SELECT count_id AS id, count(*) AS n FROM chats GROUP BY count_id ORDER BY count_id').all();

const schemaOf = (sql: Database.Database) =>
  sql.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();

const appliedOf = (sql: Database.Database) =>
  sql.prepare<[], string>('SELECT tag FROM migrations ORDER BY number').pluck().all();

/** Columns whose values change, or that are in other tables now. */
const CHANGED = ['count_id', 'lease_id', 'lease_until', 'may_have_called'];

/** What was in the old columns is in the new ones, row for row. */
function expectKept(before: Rows, after: Rows): void {
  for (const [table, rows] of Object.entries(before)) {
    if (table === 'chat_counts' || table.startsWith('outcome_')) continue; // the interrupted one counts
    const found = after[table] ?? [];
    expect(found, table).toHaveLength(rows.length);
    for (const [index, row] of rows.entries()) {
      const kept = Object.entries(row).filter(([column]) => !CHANGED.includes(column));
      expect(found[index], table).toMatchObject(Object.fromEntries(kept));
    }
  }
}

/** Starts the service on it and stops it: it is up to date then. */
async function upgrade(directory: string): Promise<void> {
  const running = await startReactor(directory);
  expect(await running.end('SIGTERM')).toEqual({ code: 0, signal: null });
}

function expectUpgraded(directory: string, before: ReturnType<typeof remember>, fresh: unknown): void {
  look(directory, (sql) => {
    expect(appliedOf(sql)).toEqual(KNOWN.map(({ tag }) => tag));
    expect(schemaOf(sql)).toEqual(fresh);
    expect(sql.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(sql.pragma('foreign_key_check')).toEqual([]);
    expectKept(before.rows, rowsOf(sql));
    expect(decisionsOf(sql)).toEqual(before.decisions);
    expect(countsOf(sql)).toEqual(countedOf(sql));
  });
}

const remember = (directory: string) =>
  look(directory, (sql) => ({ rows: rowsOf(sql), decisions: decisionsOf(sql), schema: schemaOf(sql) }));

async function freshSchema(): Promise<unknown> {
  const directory = createWorkDir();
  await upgrade(directory);
  return look(directory, schemaOf);
}

const statementsIn = (migrations: readonly Migration[]) =>
  migrations.reduce((sum, { sql }) => sum + sql.split(PARTS).length, 0);

/** On every change, at random statements from the whole of an upgrade. The oldest version's has the statements of all others. */
const [MOST_KILLS, KILLS] = [12, 4];

describe.each(KNOWN.slice(0, -1).map((migration, index) => [migration.tag, index + 1] as const))(
  'a database of the version that ended with %s',
  (_, version) => {
    const pending = KNOWN.slice(version);
    const statements = statementsIn(pending);
    const count = suiteCount(Math.min(statements, version === 1 ? MOST_KILLS : KILLS));
    const rounds = Math.ceil(count / statements);
    const hitsARound = Math.min(count, statements);

    it('keeps its data and decisions, and is like a new one', async () => {
      const directory = createWorkDir();
      const seeded = createSeeded('npm run test:faults -- upgrade');
      writeReleased(directory, KNOWN.slice(0, version), seeded, 400);
      const before = remember(directory);
      await upgrade(directory);
      expectUpgraded(directory, before, await freshSchema());
      const copy = openSqlite(`${join(directory, DATABASE_PATH)}.before-migration-${version + 1}`);
      expect(schemaOf(copy)).toEqual(before.schema);
      expect(rowsOf(copy)).toEqual(before.rows);
      copy.close();
      reportReached('upgrade', { seed: seeded.seed, chats: 400, violations: 0 });
    });

    it(
      `is upgraded exactly once, killed at ${hitsARound} of ${statements} statements, ${rounds} times`,
      async () => {
        const fresh = await freshSchema();
        const seeded = createSeeded(
          `SUITE_COUNT=${rounds * hitsARound} npm run test:faults -- upgrade -t killed`,
        );
        let kills = 0;
        for (let round = 0; round < rounds; round++) {
          const source = createWorkDir();
          writeReleased(source, KNOWN.slice(0, version), seeded);
          const before = remember(source);
          for (const hit of spread(hitsARound, statements, seeded)) {
            const directory = createWorkDir();
            cpSync(source, directory, { recursive: true });
            await dieInMigration(directory, hit);
            kills++;
            expect(remember(directory)).toEqual(before); // all or none
            await upgrade(directory);
            expectUpgraded(directory, before, fresh);
          }
        }
        expect(kills).toBe(rounds * hitsARound);
        reportReached('upgrade', { seed: seeded.seed, kills, statements, violations: 0 });
      },
      60_000 + rounds * hitsARound * 10_000,
    );
  },
);

/** So many whole numbers from 1 to `end`, one at random out of each of as many equal parts. */
function spread(count: number, end: number, { between }: Seeded): number[] {
  const bound = (part: number) => Math.floor((part * end) / count);
  return Array.from({ length: count }, (_, part) => between(bound(part) + 1, bound(part + 1)));
}

/** Kills the service after the n-th statement of its migrations. */
async function dieInMigration(directory: string, hit: number): Promise<void> {
  const settings = {
    CRASH_AT: 'in migration',
    CRASH_ON_HIT: String(hit),
    NODE_OPTIONS: `--import=${CRASH}`,
  };
  const dying = launch(directory, settings);
  expect(await dying.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(dying.output()).toContain('crash.point in migration');
}

it('a database of a newer version is refused, and stays byte for byte as it is', async () => {
  const directory = createWorkDir();
  await upgrade(directory);
  const path = join(directory, DATABASE_PATH);
  const sql = openSqlite(path);
  sql.prepare('INSERT INTO migrations VALUES (?, ?)').run(KNOWN.length + 1, '9999_of_tomorrow');
  sql.pragma('journal_mode = DELETE');
  sql.close();
  const before = digestOf(path);
  const refused = launch(directory);
  expect(await refused.exited).toEqual({ code: 1, signal: null });
  expect(refused.output()).toMatch(/9999_of_tomorrow.*newer version/);
  expect(digestOf(path)).toBe(before);
});
