import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from '../../../../src/store/sqlite/database.ts';
import { createSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { policyOf } from '../../../helpers/builders.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';

let home: ReturnType<typeof createSqliteHome>;
let database: OpenDatabase;
const statements: string[] = [];

/** Opens a store and takes down every statement that it prepares. */
beforeEach(() => {
  home = createSqliteHome();
  database = openDatabase(home.path);
  const prepare = database.sql.prepare.bind(database.sql);
  statements.length = 0;
  database.sql.prepare = ((text: string) => {
    statements.push(text);
    return prepare(text);
  }) as typeof database.sql.prepare;
  createSqliteStore(database, policyOf(), () => 'id');
  database.sql.prepare = prepare;
});
afterEach(async () => {
  database.close();
  await home.remove();
});

/** How SQLite would run a statement, a line a step. */
function planOf(text: string): string {
  const bound = text.replace(/\?|@\w+/g, '1');
  return database.sql
    .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${bound}`)
    .all()
    .map(({ detail }) => detail)
    .join('\n');
}

const find = (...parts: string[]) => {
  const found = statements.filter((text) => parts.every((part) => text.includes(part)));
  expect(found, parts.join(' … ')).toHaveLength(1);
  return planOf(found[0] ?? '');
};

/** Whether a chat's attempt is in progress is looked up in a table of a few rows. */
const LEASED = 'SEARCH leases USING INTEGER PRIMARY KEY (rowid=?)';

describe('with a million chats', () => {
  it('a claim reads the front of one line’s queue, in its order', () => {
    const plan = find('SELECT chats.id', 'line_id IS @lineId AND next_attempt_at <= @now');
    expect(plan).toContain('SEARCH chats USING INDEX chats_queue (line_id=? AND next_attempt_at<?)');
    expect(plan).toContain(LEASED);
    expect(plan).not.toContain('TEMP B-TREE');
  });

  it.each(['ASC', 'DESC'])(
    'a list by the next attempt reads the front of each line’s queue: %s',
    (direction) => {
      const plan = find('count_id AS countId', `next_attempt_at ${direction}`);
      expect(plan).toMatch(
        /^SEARCH chats USING INDEX chats_queue \(line_id=\? AND .*next_attempt_at[^a-z].*\)$/,
      );
    },
  );

  it.each(['ASC', 'DESC'])(
    'a list by when chats were first seen reads the front of each count: %s',
    (direction) => {
      const plan = find('AS at FROM chats WHERE count_id', `ORDER BY id ${direction}`);
      expect(plan).toMatch(
        /^SEARCH chats USING (COVERING )?INDEX chats_count \(count_id=\? AND rowid[<>]\?\)$/,
      );
    },
  );

  it('a probe is chosen from both ends of one line’s queue', () => {
    const plan = find('AS dueAt FROM chats');
    expect(
      plan.match(/SEARCH chats USING INDEX chats_queue \(line_id=\? AND next_attempt_at<\?\)/g),
    ).toHaveLength(2);
    expect(plan).not.toMatch(/SCAN chats/);
  });

  it('what is due after an instant is the front of each queue from there', () => {
    const plan = find('AS dueAt FROM lines');
    expect(
      plan.match(/USING COVERING INDEX chats_queue \(line_id=\? AND next_attempt_at>\?\)/g),
    ).toHaveLength(2);
  });

  it('the next attempts are the fronts of the queues', () => {
    const plan = find('AS nextAttemptAt FROM lines');
    expect(plan.match(/USING COVERING INDEX chats_queue \(line_id=\?/g)).toHaveLength(2);
    expect(plan).not.toMatch(/SCAN chats|TEMP B-TREE/);
  });

  it('waking reads the front of the wake-up index', () => {
    const plan = find('wake_at <= @now');
    expect(plan).toContain('SEARCH chats USING INDEX chats_wake (wake_at<?)');
    expect(find('SELECT wake_at')).toContain('USING COVERING INDEX chats_wake');
    expect(plan).not.toContain('TEMP B-TREE');
  });

  it('a list reads the chats of one count, in the order of their ids', () => {
    expect(find('count_id = ? AND id > ?')).toBe(
      'SEARCH chats USING COVERING INDEX chats_count (count_id=? AND rowid>?)',
    );
  });

  it('what is due next is read from the fronts of the queues', () => {
    const plan = find('SELECT id, next_attempt_at AS nextAttemptAt FROM chats');
    expect(plan).toContain('SEARCH chats USING COVERING INDEX chats_queue (line_id=?');
    expect(plan).not.toMatch(/SCAN chats(?!_)|TEMP B-TREE/);
  });

  it('the beginning of an id is looked up in the index of ids', () => {
    expect(find('chat_id >= ?')).toBe('SEARCH chats USING INDEX chats_chat_id (chat_id>?)');
  });

  it('the recent attempts are the end of their table', () => {
    const plan = find('attempts AS a LEFT JOIN chats', 'attempt_id');
    expect(find('attempts LEFT JOIN chats', 'failures')).not.toMatch(/SCAN chats/);
    expect(plan).toMatch(/^SCAN a\n/); // from its end, up to the limit
    expect(plan).toContain('SEARCH attempts USING INDEX attempts_chat (chat_row=? AND rowid<?)');
    expect(plan.match(/USING INTEGER PRIMARY KEY \(rowid=\?\)/g)).toHaveLength(2);
    expect(plan).not.toContain('TEMP B-TREE');
  });

  it('attempts are found by chat', () => {
    for (const by of ['chats.chat_id = ?', 'attempt_id = ?'])
      expect(find('FROM attempts JOIN chats', by)).toContain('USING INDEX attempts_chat (chat_row=?)');
    expect(find('SELECT ended_at FROM attempts')).toBe(
      'SEARCH attempts USING INDEX attempts_chat (chat_row=?)',
    );
  });

  it('chats that a catch-up couldn’t read are found among all that it read', () => {
    expect(find('FROM catch_up_reads WHERE read_at = 0')).toContain('INDEX catch_up_reads_unread');
  });

  it('no statement reads all chats or all attempts', () => {
    const scans = statements
      .filter(
        (text) => !/attempts (AS a )?LEFT JOIN chats .* ORDER BY (attempts|a).id DESC LIMIT/s.test(text),
      ) // reads only its end
      .filter((text) => !text.startsWith('INSERT')) // names a scan of the children of a row, which new rows don't have
      .filter((text) => /SCAN (chats|attempts)(?! USING (COVERING )?INDEX chats_wake)/.test(planOf(text)));
    expect(statements.length).toBeGreaterThan(20);
    expect(scans).toEqual([]);
    const byId = statements.filter((text) =>
      /SEARCH chats USING INTEGER PRIMARY KEY \(rowid>/.test(planOf(text)),
    );
    // decided anew after settings changed or the clock was corrected; a daily sweep's next chats, and where they end;
    // chats that turned up after a restore
    expect(byId).toHaveLength(4);
    for (const text of byId) expect(text).toMatch(/LIMIT/);
  });
});
