import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '../src/store/sqlite/native.js';
import type { Store } from '../src/store/store.ts';
import { idOf } from './deliveries.ts';
import { outboundEvents } from './events.ts';
import { openStore } from './open-store.ts';
import { loadProgram, type Program } from './program.ts';
import { LINES, POLICY } from './settings.ts';

const HOUR = 3_600_000;
/** Windows lapse from 8 h to 24 h after the file was made; later than this it is made anew. */
const SPREAD_MS = 16 * HOUR;
const USABLE_MS = 6 * HOUR;
/**
 * A database with so many chats, each shared once and inside its window; made once and kept in `cacheDir`. Deliveries are
 * about the same chats.
 */
export async function chatsDatabase(
  cacheDir: string,
  chats: number,
  say: (line: string) => void,
): Promise<string> {
  const kind = `chats-${chats}-`;
  const path = join(cacheDir, `${kind}${fingerprintOfSchema()}.db`);
  if (existsSync(path) && Date.now() - statSync(path).birthtimeMs < USABLE_MS) return path;
  for (const name of readdirSync(cacheDir).filter((file) => file.startsWith(kind))) {
    rmSync(join(cacheDir, name));
  }
  say(`making a database with ${chats.toLocaleString('en')} chats`);
  const making = `${path}.making`;
  const program = await loadProgram();
  const prototypes = await makePrototypes(await openStore(program, { path: making }), program);
  multiply(making, Math.ceil(chats / prototypes));
  renameSync(making, path);
  return path;
}

/** The schema's migrations: other ones need another file. */
function fingerprintOfSchema(): string {
  const folder = new URL('../migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()) {
    hash.update(readFileSync(new URL(name, folder)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** A few chats that go through the real store: recorded, claimed, shared; it is closed then. Resolves to their number. */
export async function makePrototypes(store: Store, program: Program): Promise<number> {
  const now = Date.now();
  const settling = { holds: [], endedHolds: [], cleared: [], undone: [] };
  await store.record(outboundEvents(LINES.length, 'prototype', now - HOUR), now);
  const lines = LINES.map((line) => ({ line, limit: 1 }));
  const claim = { lines, total: LINES.length, leaseUntil: now + 60_000 };
  const cards = LINES.map((line) => ({ line, card: 'active' as const, cardCheckedAt: now }));
  const { claims } = await store.turn({ ...settling, settlements: [], cards, claim }, now);
  const result = {
    kind: 'verdict' as const,
    verdict: { kind: 'shared' as const },
    httpStatus: 204,
    linqCode: null,
    traceId: null,
    random: 0,
  };
  const settlements = claims.map((one) => ({ claim: one, endedAt: now, result }));
  await store.turn({ ...settling, settlements, cards: [], claim: null }, now);
  await store.redecide(program.policy.policyFingerprint(POLICY), 2 * LINES.length, now);
  await store.close();
  return claims.length;
}

/** Copies every chat with its attempt, each copy under an id of its own and some time earlier. */
function multiply(path: string, copies: number): void {
  const sql = openSqlite(path);
  sql.pragma('synchronous = OFF');
  sql.pragma('cache_size = -1000000');
  sql.function('chat_id_of', (index) => idOf(`chat ${index}`));
  const columns = sql
    .prepare<[], string>(`SELECT name FROM pragma_table_info('chats') WHERE name <> 'id'`)
    .pluck()
    .all();
  const values = columns.map((name) => {
    if (name === 'chat_id') return `chat_id_of(n * ${LINES.length} + id - 1)`;
    return /_(at|until)$/.test(name) ? `${name} - (n * 7919) % ${SPREAD_MS}` : name;
  });
  const copy = sql.transaction(() => {
    sql
      .prepare(
        `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
          INSERT INTO chats (${columns.join(', ')}) SELECT ${values.join(', ')} FROM numbers, chats WHERE id <= ?`,
      )
      .run(copies - 1, LINES.length);
    sql.exec(
      `INSERT INTO attempts (attempt_id, chat_row, trigger, started_at, ended_at, outcome, http_status)
        SELECT lower(hex(randomblob(16))), id, 'became_eligible', last_share_started_at, last_shared_at, 'shared', 204
          FROM chats WHERE id > ${LINES.length};
      UPDATE chat_counts SET n = (SELECT count(*) FROM chats WHERE count_id = chat_counts.id)`,
    );
  });
  copy();
  sql.pragma('wal_checkpoint(TRUNCATE)');
  sql.close();
}
