import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { type ChatRecord, newChat } from '../../src/decide/chat.ts';
import { decideShare } from '../../src/decide/share.ts';
import { DAY, HOUR, MINUTE } from '../../src/decide/time.ts';
import type { Migration } from '../../src/store/migrations.ts';
import { CHAT_COLUMNS, rowOf } from '../../src/store/schema/chat-row.ts';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { LINE, OTHER_LINE, policyOf } from './builders.ts';
import { DATABASE_PATH } from './database.ts';
import type { Seeded } from './seed.ts';

/** Times that nothing of a short test reaches: they are hours away. */
function planChats({ between, pick, random }: Seeded, count: number, now: number): ChatRecord[] {
  const ago = () => now - between(2 * HOUR, 20 * HOUR);
  const sometimes = <T>(part: number, value: T) => (random() < part ? value : null);
  return Array.from({ length: count }, (_, index) => {
    const at = ago();
    const sharedAt = sometimes(0.5, at + HOUR);
    const retiredAt = sometimes(0.1, at + HOUR);
    const failures = random() < 0.2 ? between(1, 9) : 0;
    const chat: ChatRecord = {
      ...newChat(`chat-${index}`),
      line: pick([LINE, OTHER_LINE, null]) ?? null,
      lineAt: at,
      service: pick(['iMessage', 'iMessage', 'SMS', null]) ?? null,
      serviceAt: at,
      isGroup: random() < 0.2,
      isGroupAt: at,
      firstOutboundAt: sometimes(0.9, at - 3 * DAY),
      lastOutboundAt: sometimes(0.9, pick([at, at - 30 * DAY]) ?? at),
      lastInboundAt: sometimes(0.5, at),
      optOutWordAt: sometimes(0.1, at),
      health: sometimes(0.3, pick(['HEALTHY', 'AT_RISK', 'CRITICAL']) ?? null),
      healthAt: at,
      lastSharedAt: sharedAt,
      lastShareStartedAt: sharedAt === null ? null : sharedAt - 100,
      shareCount: sharedAt === null ? 0 : between(1, 9),
      retiredAt,
      retiredReason: retiredAt === null ? null : 'chat_gone',
      operatorHeldAt: sometimes(0.1, at),
      parkedAt: sometimes(0.05, at),
      failures,
      retryAt: failures > 0 ? now + between(2 * HOUR, 9 * HOUR) : null,
      retryReason: failures > 0 ? 'backoff' : null,
    };
    return { ...chat, ...decideShare(chat, policyOf(), now) };
  });
}

/**
 * Writes the database that a released version would have left: chats in many states, one of them with an open attempt,
 * attempts, holds (sharing is paused), totals, a quarantined delivery.
 * @param migrations those of that version
 */
export function writeReleased(
  directory: string,
  migrations: readonly Migration[],
  seeded: Seeded,
  chatCount = 120,
): void {
  const path = join(directory, DATABASE_PATH);
  mkdirSync(dirname(path), { recursive: true });
  const sql = openSqlite(path);
  sql.exec('CREATE TABLE migrations (number integer PRIMARY KEY NOT NULL, tag text NOT NULL) STRICT');
  for (const { number, tag, sql: statements } of migrations) {
    sql.exec(statements);
    sql.prepare('INSERT INTO migrations VALUES (?, ?)').run(number, tag);
  }
  sql.pragma('journal_mode = WAL');
  const now = Date.now();
  sql.transaction(() => {
    writeChats(sql, planChats(seeded, chatCount, now));
    writeAttempts(sql, seeded, chatCount, now);
    sql.prepare(`INSERT INTO holds VALUES ('', 'paused', ?, NULL, 0)`).run(now - HOUR);
    sql.prepare(`INSERT INTO quarantine VALUES (1, ?, 'id', 'type', 'cause', x'00ff')`).run(now - HOUR);
    sql.prepare('INSERT INTO share_totals VALUES (1, 7, ?)').run(now - HOUR);
    sql.prepare('INSERT INTO outcome_minutes VALUES (?, 5, 2)').run(Math.floor(now / MINUTE) - 60);
    sql.prepare(`INSERT INTO meta VALUES ('heartbeat_at', ?)`).run(String(now - MINUTE));
  })();
  sql.close();
}

function writeChats(sql: Database.Database, chats: readonly ChatRecord[]): void {
  const lineIds = new Map([LINE, OTHER_LINE].map((line, index) => [line, index + 1]));
  for (const [line, id] of lineIds) sql.prepare('INSERT INTO lines (id, line) VALUES (?, ?)').run(id, line);
  const known = new Set(sql.prepare<[], string>("SELECT name FROM pragma_table_info('chats')").pluck().all());
  const kept = CHAT_COLUMNS.map((name, index) => ({ name, index })).filter(({ name }) => known.has(name));
  const insert = sql.prepare(
    `INSERT INTO chats (${kept.map(({ name }) => name).join(', ')}) VALUES (${kept.map(() => '?').join(', ')})`,
  );
  const counted = sql.prepare<[number | null, string, string], number>(
    'SELECT id FROM chat_counts WHERE line_id IS ? AND state = ? AND reason = ?',
  );
  for (const [index, chat] of chats.entries()) {
    const key = [lineIds.get(chat.line ?? '') ?? null, chat.state, chat.reason] as const;
    if (counted.get(...key) === undefined)
      sql.prepare('INSERT INTO chat_counts (line_id, state, reason) VALUES (?, ?, ?)').run(...key);
    const countId = counted.pluck().get(...key) ?? 0;
    const row = rowOf(chat, index + 1, countId, key[0]);
    insert.run(kept.map((column) => row[column.index]));
    sql.prepare('UPDATE chat_counts SET n = n + 1 WHERE id = ?').run(countId);
  }
}

function writeAttempts(sql: Database.Database, { between, pick }: Seeded, chats: number, now: number): void {
  const insert = sql.prepare(
    `INSERT INTO attempts (attempt_id, chat_row, trigger, started_at, ended_at, outcome) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  for (let index = 0; index < 2 * chats; index++) {
    const at = now - between(2 * HOUR, 20 * HOUR);
    const outcome = pick(['shared', 'retry', 'rejected', 'unknown', 'interrupted', 'dry_run']);
    insert.run(`attempt-${index}`, between(1, chats), 'became_eligible', at, at + 100, outcome);
  }
  writeOpenAttempt(sql, now);
}

/** The attempt in progress of the first chat. */
function writeOpenAttempt(sql: Database.Database, now: number): void {
  const hasLeases = sql.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'leases'").get() !== undefined;
  if (hasLeases) {
    sql.prepare("INSERT INTO leases VALUES (1, 'open', 'window_lapsed', ?, ?, 1)").run(now - MINUTE, now);
    return;
  }
  // in older versions, the attempt is an open row, and the chat's state follows from it
  sql
    .prepare(
      "INSERT INTO attempts (attempt_id, chat_row, trigger, started_at) VALUES ('open', 1, 'window_lapsed', ?)",
    )
    .run(now - MINUTE);
  const { id, line } = sql
    .prepare<[], { id: number; line: number | null }>(
      'SELECT count_id AS id, line_id AS line FROM chats WHERE id = 1',
    )
    .get() ?? { id: 0, line: null };
  sql.prepare('UPDATE chat_counts SET n = n - 1 WHERE id = ?').run(id);
  const count = sql
    .prepare("INSERT INTO chat_counts (line_id, state, reason, n) VALUES (?, 'sharing', 'window_lapsed', 1)")
    .run(line).lastInsertRowid;
  sql
    .prepare(
      `UPDATE chats SET lease_id = 'lease', lease_until = @now, next_attempt_at = @now, wake_at = @now, count_id = @count
        WHERE id = 1`,
    )
    .run({ now, count });
}
