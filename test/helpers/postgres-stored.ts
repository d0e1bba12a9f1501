import type { StoredAttempt, StoredChat } from './database.ts';
import { withClient } from './postgres-home.ts';

/** What several replicas have stored together, read from one snapshot. */
export interface SharedStored {
  readonly chats: ReadonlyMap<string, StoredChat>;
  /** In the order of their start; those in progress have no outcome. */
  readonly attempts: readonly StoredAttempt[];
  /** What doesn't fit together. */
  readonly contradictions: () => readonly string[];
}

/** Works beside replicas that run. Of the usual schema. */
export function readStored(url: string): Promise<SharedStored> {
  return withClient(url, async (client) => {
    await client.query(
      'SET search_path = contact_card_reactor; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
    );
    const rows = async (text: string) => (await client.query(text)).rows;
    const chats = (await rows(CHATS)).map(toNumbers<StoredChat>);
    const attempts = (await rows(ATTEMPTS)).map(toNumbers<StoredAttempt>);
    const wrong = (await rows(CONTRADICTIONS)).map(({ wrong }) => String(wrong));
    return {
      chats: new Map(chats.map((chat) => [chat.chatId, chat])),
      attempts,
      contradictions: () => wrong,
    };
  });
}

/** pg reads a bigint as text. */
const NUMERIC = /(At|Count)$/;

function toNumbers<T>(row: Record<string, unknown>): T {
  const entries = Object.entries(row).map(([name, value]) => {
    return [name, NUMERIC.test(name) && value !== null ? Number(value) : value];
  });
  return Object.fromEntries(entries) as T;
}

const CHATS = `SELECT c.chat_id AS "chatId", line, service, first_outbound_at AS "firstOutboundAt",
    last_outbound_at AS "lastOutboundAt", last_inbound_at AS "lastInboundAt", health, state, reason,
    share_count AS "shareCount"
  FROM chats c JOIN chat_counts k ON k.id = count_id LEFT JOIN lines l ON l.id = c.line_id`;

const ATTEMPTS = `SELECT chat_id AS "chatId", started_at AS "startedAt", ended_at AS "endedAt", outcome,
    trace_id AS "traceId"
  FROM (
    SELECT id AS n, chat_row, started_at, ended_at, outcome, trace_id FROM attempts
    UNION ALL SELECT NULL, chat_row, started_at, NULL, NULL, NULL FROM leases
  ) a JOIN chats c ON c.id = chat_row ORDER BY started_at, n`;

/** Rows say what is wrong. */
const CONTRADICTIONS = `
  SELECT 'count ' || id || ' says ' || n || ', recounted ' || recount AS wrong FROM (
    SELECT k.id, coalesce((SELECT sum(n) FROM chat_tallies t WHERE t.count_id = k.id), 0) AS n,
      (SELECT count(*) FROM chats WHERE count_id = k.id) AS recount FROM chat_counts k
  ) q WHERE n <> recount
  UNION ALL SELECT 'chat ' || c.id || ' is counted with another line' FROM chats c
    JOIN chat_counts k ON k.id = count_id WHERE c.line_id <> k.line_id
  UNION ALL SELECT 'chat ' || c.id || ' has a count that is not there' FROM chats c
    WHERE NOT EXISTS (SELECT 1 FROM chat_counts k WHERE k.id = count_id)
  UNION ALL SELECT 'attempt ' || attempt_id || ' is both in progress and ended' FROM leases JOIN attempts USING (attempt_id)
  UNION ALL SELECT 'attempt ' || attempt_id || ' ended ' || count(*) || ' times' FROM attempts
    GROUP BY attempt_id HAVING count(*) > 1
  UNION ALL SELECT 'a lease or an attempt refers to no chat' FROM (
    SELECT chat_row FROM leases UNION ALL SELECT chat_row FROM attempts
  ) r WHERE NOT EXISTS (SELECT 1 FROM chats c WHERE c.id = r.chat_row)
  UNION ALL SELECT 'chat ' || c.id || ' is stored as sharing' FROM chats c
    JOIN chat_counts k ON k.id = count_id WHERE state = 'sharing'
  UNION ALL SELECT 'line ' || id || ' has no gate' FROM lines l
    WHERE NOT EXISTS (SELECT 1 FROM line_gates g WHERE g.line_id = l.id)
  UNION ALL SELECT 'total says ' || total || ' shares, recounted ' || recount FROM (
    SELECT (SELECT coalesce(sum(succeeded), 0) FROM share_totals) AS total,
      (SELECT count(*) FROM attempts WHERE outcome = 'shared') AS recount
  ) q WHERE total <> recount`;
