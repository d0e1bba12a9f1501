import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHAT_REASONS, CHAT_STATES, RETRY_REASONS, TRIGGERS } from '../../../../src/decide/chat.ts';
import { CARD_STATES, STORED_HOLDS } from '../../../../src/decide/holds.ts';
import { OUTCOMES, RETIRED_REASONS } from '../../../../src/decide/outcome.ts';
import { HOUR, MINUTE } from '../../../../src/decide/time.ts';
import type { Migration } from '../../../../src/store/migrations.ts';
import * as schema from '../../../../src/store/schema/schema.ts';
import { openDatabase } from '../../../../src/store/sqlite/database.ts';
import { readMigrations } from '../../../../src/store/sqlite/migrate.ts';
import { openSqlite } from '../../../../src/store/sqlite/native.js';
import { LINE, OTHER_LINE, policyOf, T } from '../../../helpers/builders.ts';
import { CONTRADICTIONS } from '../../../helpers/database.ts';
import { digestOf } from '../../../helpers/digest.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';
import { allChats, claim } from '../../../helpers/store/use-store.ts';

const known = readMigrations();
const next = (sql: string): Migration => ({ number: known.length + 1, tag: 'test_next', sql });
const GOOD = next(
  'CREATE TABLE notes (id integer PRIMARY KEY, note text) STRICT; INSERT INTO notes (note) VALUES (1)',
);

let home: ReturnType<typeof createSqliteHome>;
beforeEach(() => {
  home = createSqliteHome();
});
afterEach(() => home.remove());

/** Opens the database with these migrations, looks at it, and closes it. */
function openWith<T>(migrations: readonly Migration[], look: (sql: Database.Database) => T): T {
  const { sql, close } = openDatabase(home.path, migrations);
  try {
    return look(sql);
  } finally {
    close();
  }
}

const tablesOf = (sql: Database.Database) =>
  sql
    .prepare<[], { name: string; strict: number }>(
      `SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'`,
    )
    .all();

const copies = () => readdirSync(dirname(home.path)).filter((file) => file.includes('before-migration'));

describe('migrations', () => {
  it('make every table of the schema, column for column, and every one STRICT', () => {
    const tables = openWith(known, (sql) =>
      tablesOf(sql).map(({ name, strict }) => ({
        name,
        strict,
        columns: sql.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(name),
      })),
    );
    const expected = Object.values(schema)
      .filter((value) => is(value, SQLiteTable))
      .map((table) => ({
        name: getTableName(table),
        strict: 1,
        columns: Object.values(getTableColumns(table)).map((column) => column.name),
      }));
    expect(expected.length).toBeGreaterThan(5);
    expect(tables).toHaveLength(expected.length + 1);
    expect(tables).toEqual(expect.arrayContaining(expected));
  });

  it.each([
    ['a hold', STORED_HOLDS, `INSERT INTO holds (scope, reason, since_at, step) VALUES ('', ?, 0, 0)`],
    ['the state of a chat', CHAT_STATES, `INSERT INTO chat_counts (state, reason) VALUES (?, 'window')`],
    ['the reason of a chat', CHAT_REASONS, `INSERT INTO chat_counts (state, reason) VALUES ('held', ?)`],
    ['the state of a card', CARD_STATES, 'INSERT INTO lines (line, card) VALUES (hex(randomblob(4)), ?)'],
    ['why a chat is retired', RETIRED_REASONS, 'UPDATE chats SET retired_reason = ?'],
    ['why a chat is tried again', RETRY_REASONS, 'UPDATE chats SET retry_reason = ?'],
    ['the trigger of an attempt', TRIGGERS, 'UPDATE attempts SET trigger = ?'],
    ['the outcome of an attempt', OUTCOMES, 'UPDATE attempts SET outcome = ?'],
    ['the trigger of a lease', TRIGGERS, 'UPDATE leases SET trigger = ?'],
  ])('allow every word that the program has for %s', (_name, words, statement) => {
    openWith(known, (sql) => {
      sql.exec(`INSERT INTO lines (id, line) VALUES (1, 'a line');
        INSERT INTO chat_counts (id, line_id, state, reason) VALUES (1, 1, 'done', 'shared_once');
        INSERT INTO chats (id, count_id, chat_id) VALUES (1, 1, 'a chat');
        INSERT INTO attempts (attempt_id, chat_row, trigger, started_at, ended_at, outcome)
          VALUES ('an attempt', 1, 'manual', 1, 2, 'shared');
        INSERT INTO leases VALUES (1, 'another attempt', 'manual', 1, 2, 1)`);
      const write = sql.prepare(statement);
      for (const word of words) expect(write.run(word).changes, word).toBe(1);
      expect(() => write.run('no such word')).toThrow(/CHECK constraint failed/);
    });
  });

  it('are applied once: a second open changes nothing and makes no copy', () => {
    const dump = (sql: Database.Database) => sql.prepare('SELECT * FROM sqlite_schema').all();
    expect(openWith(known, dump)).toEqual(openWith(known, dump));
    expect(openWith(known, (sql) => sql.prepare('SELECT number, tag FROM migrations').all())).toEqual(
      known.map(({ number, tag }) => ({ number, tag })),
    );
    expect(copies()).toEqual([]);
  });

  it('copy a database before they change it, for our user alone', () => {
    openWith(known, (sql) => sql.exec(`INSERT INTO meta VALUES ('before', 'yes')`));
    const after = openWith([...known, GOOD], (sql) => sql.prepare('SELECT note FROM notes').pluck().all());
    expect(after).toEqual(['1']);
    const copy = `${home.path}.before-migration-${GOOD.number}`;
    expect(copies()).toHaveLength(1);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const database = openSqlite(copy, { readonly: true });
    expect(database.prepare(`SELECT value FROM meta WHERE key = 'before'`).pluck().get()).toBe('yes');
    expect(tablesOf(database).map(({ name }) => name)).not.toContain('notes');
    database.close();
  });

  it('are all undone when one of them fails, and can be tried again', () => {
    openWith(known, () => undefined);
    const bad = {
      number: known.length + 2,
      tag: 'test_bad',
      sql: 'CREATE TABLE other (id integer); SELECT nonsense',
    };
    expect(() => openWith([...known, GOOD, bad], () => undefined)).toThrow(/nonsense/);
    expect(openWith(known, tablesOf).map(({ name }) => name)).not.toContain('notes');
    expect(openWith([...known, GOOD], tablesOf).map(({ name }) => name)).toContain('notes');
  });

  it('are refused when they would leave a row without the row it refers to', () => {
    openWith(known, (sql) =>
      sql.exec(`INSERT INTO lines (id, line) VALUES (1, '+1');
        INSERT INTO chat_counts (line_id, state, reason) VALUES (1, 'due', 'became_eligible')`),
    );
    expect(() => openWith([...known, next('DELETE FROM lines')], () => undefined)).toThrow(/refer/);
    openWith(known, (sql) => {
      expect(sql.prepare('SELECT count(*) FROM lines').pluck().get()).toBe(1);
      expect(sql.pragma('foreign_keys', { simple: true })).toBe(1);
    });
  });

  it('of a newer version are refused, and the file stays as it is', () => {
    openWith([...known, GOOD], (sql) => sql.exec(`INSERT INTO meta VALUES ('newer', 'yes')`));
    const before = digestOf(home.path);
    expect(() => openWith(known, () => undefined)).toThrow(expect.objectContaining({ fault: 'newer' }));
    expect(() => openWith(known, () => undefined)).toThrow(/test_next.*newer version/);
    expect(digestOf(home.path)).toBe(before);
    expect(copies()).toHaveLength(0);
    expect(openWith([...known, GOOD], (sql) => sql.prepare('SELECT note FROM notes').pluck().get())).toBe(
      '1',
    );
  });

  it('sum up the minutes that an older version counted into hours', () => {
    openWith(known.slice(0, 2), (sql) =>
      sql.exec('INSERT INTO outcome_minutes VALUES (119, 3, 0), (120, 1, 0), (179, 2, 4), (180, 0, 1)'),
    );
    expect(openWith(known, (sql) => sql.prepare('SELECT * FROM outcome_hours').raw().all())).toEqual([
      [1, 3, 0],
      [2, 3, 4],
      [3, 0, 1],
    ]);
  });

  it.each([1, 3, 4])(
    'move attempts in progress of version %i to leases, whatever is odd about them',
    async (version) => {
      openWith(known.slice(0, version), (sql) => writeOddAttempts(sql));
      const store = await home.open(policyOf());
      const now = T + HOUR;
      const attempts = async (chatId: string) =>
        (await store.attempts(chatId, 9)).map(({ outcome }) => outcome);
      expect(await attempts('plain')).toEqual([null]);
      expect(await store.recoverInterrupted(now)).toEqual({ interrupted: 5, parked: 1 });
      while ((await store.wakeChats(now, 10)) > 0);
      const chats = Object.fromEntries((await allChats(store)).map((chat) => [chat.chatId, chat]));
      for (const chatId of ['plain', 'second', 'no-line', 'no-lease', 'no-attempt']) {
        const due = { state: 'due', nextAttemptAt: expect.any(Number), lease: null };
        expect(chats[chatId], chatId).toMatchObject(due);
      }
      expect(chats['third-crash']).toMatchObject({ state: 'held', reason: 'parked' });
      for (const chatId of ['plain', 'second', 'no-line', 'no-lease', 'third-crash'])
        expect(await attempts(chatId), chatId).toEqual(['interrupted']);
      expect(await attempts('no-attempt')).toEqual([]);
      expect(
        (await claim(store, now, { lines: [LINE, null].map((line) => ({ line, limit: 9 })) })).length,
      ).toBe(5);
      expect(await claim(store, now, { lines: [{ line: OTHER_LINE, limit: 9 }] })).toEqual([]);
      await store.close();
      openWith(known, (sql) => expect(sql.prepare(CONTRADICTIONS).pluck().all()).toEqual([]));
    },
  );

  it('are found in the package', () => {
    expect(known.map(({ number }) => number)).toEqual(known.map((_, index) => index + 1));
    expect(existsSync(new URL('../../../../migrations/meta/_journal.json', import.meta.url))).toBe(true);
    for (const { sql } of known) expect(sql).toMatch(/\w/);
  });
});

/** Chats that are being shared, as versions without leases stored them: as a state, with an open attempt. */
function writeOddAttempts(sql: Database.Database): void {
  sql.exec(`INSERT INTO lines (id, line) VALUES (1, '${LINE}'), (2, '${OTHER_LINE}');
    INSERT INTO chat_counts (id, line_id, state, reason, n) VALUES
      (1, 1, 'sharing', 'became_eligible', 4), (2, 1, 'sharing', 'manual', 1), (3, NULL, 'sharing', 'window_lapsed', 1),
      (4, 2, 'sharing', 'became_eligible', 0), (5, 1, 'due', 'became_eligible', 0)`);
  const chat =
    sql.prepare(`INSERT INTO chats (id, count_id, line_id, chat_id, service, is_group, first_outbound_at,
    last_outbound_at, interruptions, next_attempt_at, wake_at, lease_id, lease_until)
    VALUES (?, ?, ?, ?, 'iMessage', 0, ${T}, ${T}, ?, ${T + MINUTE}, ${T + MINUTE}, ?, ?)`);
  const attempt = sql.prepare(
    'INSERT INTO attempts (attempt_id, chat_row, trigger, started_at) VALUES (?, ?, ?, ?)',
  );
  const until = T + MINUTE;
  chat.run(1, 1, 1, 'plain', 0, 'lease-1', until);
  chat.run(2, 2, 1, 'second', 1, 'lease-2', until);
  chat.run(3, 3, null, 'no-line', 0, 'lease-3', until);
  chat.run(4, 1, 1, 'no-lease', 0, null, null);
  chat.run(5, 1, 1, 'no-attempt', 0, 'lease-5', until);
  chat.run(6, 1, 1, 'third-crash', 2, 'lease-6', until);
  for (const id of [1, 2, 3, 4, 6])
    attempt.run(`attempt-${id}`, id, id === 2 ? 'manual' : 'window_lapsed', T);
}
