import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { applyMigrations, readMigrations } from '../../src/store/sqlite/migrate.ts';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { createLoadDying, type Place } from '../helpers/crash-points-process.ts';
import { DATABASE_PATH } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { createSeeded, type Seeded } from '../helpers/seed.ts';
import { listChats } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const KILLS = 4 * suiteCount(3);
const MIGRATIONS = readMigrations();
/** One more than the migrations have: the table of migrations is made first. */
const statementsOf = (migrations: typeof MIGRATIONS) =>
  1 + migrations.flatMap(({ sql }) => sql.split('--> statement-breakpoint')).length;

/** All rows of all tables, and what the tables are; null: there is nothing. What a kill left of a transaction is undone first. */
function dump(directory: string): Readonly<Record<string, unknown>> | null {
  const path = join(directory, DATABASE_PATH);
  if (!existsSync(path)) return null;
  const copy = join(mkdtempSync(join(directory, 'copy-')), 'copy.db');
  for (const suffix of ['', '-wal', '-journal'])
    if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  const sql = openSqlite(copy);
  expect(sql.pragma('integrity_check', { simple: true })).toBe('ok');
  const tables = sql
    .prepare<[], { name: string; sql: string }>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name",
    )
    .all();
  const rows = tables.map(({ name, sql: made }) => [
    name,
    [made, sql.prepare(`SELECT * FROM "${name}"`).all()],
  ]);
  sql.close();
  rmSync(dirname(copy), { recursive: true });
  return tables.length === 0 ? null : Object.fromEntries(rows);
}

/** Places in a migration, so many in all: after each statement in turn, and at writes below SQLite in between. */
function planOf(
  seeded: Seeded,
  statements: number,
  files: readonly (readonly [file: string, most: number])[],
) {
  const ends = seeded.shuffle(Array.from({ length: statements }, (_, index) => index + 1));
  return Array.from({ length: KILLS }, (_, index): [Place, number] => {
    const [file, most] = files[Math.floor(index / 4) % files.length] ?? ['', 0];
    if (index % 4 === 3) return [{ name: `in write to ${file}`, file }, seeded.between(1, most)];
    return [{ name: 'in migration' }, ends[index % ends.length] ?? 1];
  });
}

/** Kills at one place after the other, each time with nothing changed, and lets the last start do all. */
async function killWhileMigrating(directory: string, plan: readonly (readonly [Place, number])[]) {
  const loadDying = createLoadDying();
  const before = dump(directory);
  const load = (index: number) => {
    const [place, onHit] = plan[index] ?? [];
    return place === undefined || onHit === undefined ? null : loadDying(directory, {}, place, onHit);
  };
  let next = load(0);
  for (const index of plan.keys()) {
    const dying = next;
    next = load(index + 1);
    await dying?.die();
    expect(dump(directory)).toEqual(before);
  }
  const reactor = await startReactor(directory);
  expect((await deliver(reactor.url, message2026({ chatId: 'new' }))).status).toBe(204);
  const chats = await listChats(reactor.url, '');
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const applied = MIGRATIONS.map(({ tag, number }) => ({ number, tag }));
  expect(dump(directory)?.migrations).toEqual([expect.any(String), applied]); // each once
  return chats.map(({ chatId }) => chatId).sort();
}

it(
  `makes a new database whole or not at all, killed ${KILLS} times meanwhile`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${KILLS / 4} npm run test:faults -- placed-kill-migration`);
    const plan = planOf(seeded, statementsOf(MIGRATIONS), [
      ['reactor.db', 10],
      ['reactor.db-journal', 2],
    ]);
    expect(await killWhileMigrating(createWorkDir(), plan)).toEqual(['new']);
    reportReached('placed-kill-first-migration', { seed: seeded.seed, kills: KILLS, violations: 0 });
  },
  60_000 + KILLS * 5_000,
);

it(
  `migrates a database of the first version whole or not at all, killed ${KILLS} times meanwhile`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${KILLS / 4} npm run test:faults -- placed-kill-migration`);
    const directory = createWorkDir();
    makeFirstVersion(join(directory, DATABASE_PATH));
    const plan = planOf(seeded, statementsOf(MIGRATIONS.slice(1)), [
      ['reactor.db-wal', 20],
      ['.before-migration-2.partial', 10],
    ]);
    expect(await killWhileMigrating(directory, plan)).toEqual(['chat-1', 'chat-2', 'chat-3', 'new']);
    const beside = readdirSync(join(directory, dirname(DATABASE_PATH)));
    expect(beside).toContain('reactor.db.before-migration-2');
    reportReached('placed-kill-migration', { seed: seeded.seed, kills: KILLS, violations: 0 });
  },
  60_000 + KILLS * 5_000,
);

function makeFirstVersion(path: string): void {
  mkdirSync(dirname(path));
  const sql = openSqlite(path);
  sql.pragma('journal_mode = WAL');
  applyMigrations(sql, MIGRATIONS.slice(0, 1));
  sql.exec(`INSERT INTO lines (id, line) VALUES (1, '+12025550100');
    INSERT INTO chat_counts (id, line_id, state, reason, n) VALUES (1, 1, 'done', 'shared_once', 3);
    INSERT INTO chats (id, count_id, line_id, chat_id, share_count, last_shared_at)
      VALUES (1, 1, 1, 'chat-1', 1, 1000), (2, 1, 1, 'chat-2', 1, 1000), (3, 1, 1, 'chat-3', 1, 1000);
    INSERT INTO attempts (attempt_id, chat_row, trigger, started_at, ended_at, outcome)
      VALUES ('a', 1, 'became_eligible', 900, 1000, 'shared')`);
  sql.close();
}
