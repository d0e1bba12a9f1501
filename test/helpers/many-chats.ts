import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HOUR, SECOND } from '../../src/decide/time.ts';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { LINE, outboundOf, policyOf } from './builders.ts';
import { DATABASE_PATH } from './database.ts';
import { claimOne, settle, turnOf, verdictOf } from './store/use-store.ts';

/** Chats are shared over so many hours, so that their windows lapse one after the other. */
const SPREAD_MS = 16 * HOUR;

/**
 * Writes a database with many chats, each shared once and inside its window: one of them by the store itself, the others
 * copied from it.
 * @param firstId the id of the first chat; the others have it with a number behind
 */
export async function writeManyChats(directory: string, count: number, firstId: string): Promise<void> {
  const path = join(directory, DATABASE_PATH);
  mkdirSync(dirname(path), { recursive: true });
  const store = openSqliteStore({ path, policy: policyOf() });
  const at = Date.now() - SECOND;
  await store.record([outboundOf(at, { chatId: firstId })], at);
  await settle(store, { claim: await claimOne(store, at), endedAt: at + 1, result: verdictOf() });
  await store.turn(turnOf({ cards: [{ line: LINE, card: 'active', cardCheckedAt: at }] }), at);
  await store.close();
  const sql = openSqlite(path);
  sql.pragma('synchronous = OFF');
  const columns = sql
    .prepare<[], string>("SELECT name FROM pragma_table_info('chats') WHERE name <> 'id'")
    .pluck()
    .all();
  const values = columns.map((name) => {
    if (name === 'chat_id') return `chat_id || '-' || n`;
    return /_(at|until)$/.test(name) ? `${name} - (n * 7919) % ${SPREAD_MS}` : name;
  });
  sql.transaction(() => {
    sql
      .prepare(
        `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
          INSERT INTO chats (${columns.join(', ')}) SELECT ${values.join(', ')} FROM numbers, chats WHERE id = 1`,
      )
      .run(count - 1);
    sql.exec('UPDATE chat_counts SET n = (SELECT count(*) FROM chats WHERE count_id = chat_counts.id)');
  })();
  sql.close();
}
