import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../src/store/sqlite/native.js';
import type { Facts } from './facts.ts';

/** Where the service keeps its database, in its working directory, unless told otherwise. */
export const DATABASE_PATH = join('data', 'reactor.db');

export interface StoredChat extends Facts {
  readonly chatId: string;
  readonly state: string;
  readonly reason: string;
  readonly shareCount: number;
}

export interface StoredAttempt {
  readonly chatId: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly outcome: string | null;
  readonly traceId: string | null;
}

export interface Stored {
  readonly chats: ReadonlyMap<string, StoredChat>;
  /** In the order of their start. */
  readonly attempts: readonly StoredAttempt[];
  readonly close: () => void;
  /** SQLite's own check of the whole file: `ok`, or what is wrong. */
  readonly integrity: () => string;
  /** What doesn't fit together: counts that a recount contradicts, rows that refer to none, leases without attempt. */
  readonly contradictions: () => readonly string[];
}

/** A copy needs no disk. */
const MEMORY = '/dev/shm';

/**
 * Opens a copy of the database of a service that doesn't run. Opening the file itself would do the service's work of
 * recovering it.
 * @param directory the service's working directory
 */
export function openStored(directory: string): Stored {
  const copy = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'contact-card-reactor-copy-'));
  for (const suffix of ['', '-wal']) {
    const file = join(directory, DATABASE_PATH) + suffix;
    if (existsSync(file)) copyFileSync(file, join(copy, `copy.db${suffix}`));
  }
  const sql = openSqlite(join(copy, 'copy.db'));
  // a process killed at its very first start may leave an empty file
  const isMade = sql.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'attempts'").get() !== undefined;
  const chats = isMade ? sql.prepare<[], StoredChat>(CHATS).all() : [];
  return {
    chats: new Map(chats.map((chat) => [chat.chatId, chat])),
    attempts: isMade ? sql.prepare<[], StoredAttempt>(ATTEMPTS).all() : [],
    integrity: () => String(sql.pragma('integrity_check', { simple: true })),
    contradictions: () => (isMade ? sql.prepare<[], string>(CONTRADICTIONS).pluck().all() : []),
    close() {
      sql.close();
      rmSync(copy, { recursive: true });
    },
  };
}

const CHATS = `SELECT chat_id AS chatId, line, service, first_outbound_at AS firstOutboundAt,
    last_outbound_at AS lastOutboundAt, last_inbound_at AS lastInboundAt, health, state, reason,
    share_count AS shareCount
  FROM chats JOIN chat_counts ON chat_counts.id = count_id LEFT JOIN lines ON lines.id = chats.line_id`;

const ATTEMPTS = `SELECT chat_id AS chatId, started_at AS startedAt, ended_at AS endedAt, outcome, trace_id AS traceId
  FROM (
    SELECT chat_row, started_at, ended_at, outcome, trace_id FROM attempts
    UNION ALL SELECT chat_row, started_at, NULL, NULL, NULL FROM leases
  ) JOIN chats ON chats.id = chat_row ORDER BY started_at`;

/** Rows say what is wrong; `IS NOT` since a sum over nothing is null. */
export const CONTRADICTIONS = `
  SELECT 'count ' || id || ' says ' || n || ', recounted ' || recount FROM (
    SELECT chat_counts.id, n, (SELECT count(*) FROM chats WHERE count_id = chat_counts.id) AS recount FROM chat_counts
  ) WHERE n IS NOT recount
  UNION ALL SELECT 'chat ' || chats.id || ' is counted with another line' FROM chats
    JOIN chat_counts ON chat_counts.id = count_id WHERE chats.line_id IS NOT chat_counts.line_id
  UNION ALL SELECT 'attempt ' || attempt_id || ' is both in progress and ended' FROM leases
    JOIN attempts USING (attempt_id)
  UNION ALL SELECT 'chat ' || chats.id || ' is stored as sharing' FROM chats
    JOIN chat_counts ON chat_counts.id = count_id WHERE state = 'sharing'
  UNION ALL SELECT 'total says ' || total || ' shares, recounted ' || recount FROM (
    SELECT (SELECT coalesce(sum(succeeded), 0) FROM share_totals) AS total,
      (SELECT count(*) FROM attempts WHERE outcome = 'shared') AS recount
  ) WHERE total <> recount
  UNION ALL SELECT 'a row of ' || "table" || ' refers to none of ' || parent FROM pragma_foreign_key_check`;

/** The service writes these by itself: heartbeats, and problems that open and close with time. */
const WRITTEN_UNASKED = ['meta', 'problems'];

/** Everything else that the service has stored; may be read while it runs. */
export function dumpRows(directory: string): Readonly<Record<string, readonly unknown[]>> {
  const sql = openSqlite(join(directory, DATABASE_PATH), { readonly: true });
  try {
    const tables = sql.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck();
    const isKept = (name: string) => !WRITTEN_UNASKED.includes(name) && !name.startsWith('sqlite_');
    const kept = tables.all().filter(isKept);
    return Object.fromEntries(kept.map((name) => [name, sql.prepare(`SELECT * FROM ${name}`).all()]));
  } finally {
    sql.close();
  }
}
