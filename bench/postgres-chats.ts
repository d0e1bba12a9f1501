import pg from 'pg';
import { makePrototypes } from './chats-database.ts';
import { openStore } from './open-store.ts';
import { loadProgram } from './program.ts';
import { LINES } from './settings.ts';

const HOUR = 3_600_000;
const SPREAD_MS = 16 * HOUR;

interface ManyChats {
  readonly url: string;
  readonly schema: string;
  readonly chats: number;
  readonly say: (line: string) => void;
}

/** Makes a schema with so many chats, each shared once and inside its window: those that deliveries are about. */
export async function manyChats({ url, schema, chats, say }: ManyChats): Promise<void> {
  say(`postgres: making ${chats.toLocaleString('en')} chats`);
  const program = await loadProgram();
  const prototypes = await makePrototypes(await openStore(program, { url, schema }), program);
  const client = new pg.Client({ connectionString: `${url}&options=-csearch_path%3D${schema}` });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = $1 AND table_name = 'chats' AND column_name <> 'id'`,
      [schema],
    );
    const columns = rows.map(({ name }) => name);
    const values = columns.map((name) => {
      if (name === 'chat_id') return `md5('chat ' || (n * ${LINES.length} + id - 1))::uuid::text`;
      return /_(at|until)$/.test(name) ? `${name} - (n * 7919) % ${SPREAD_MS}` : name;
    });
    await client.query(
      `INSERT INTO chats (${columns.join(', ')}) SELECT ${values.join(', ')}
        FROM generate_series(1, $1::bigint) n, chats WHERE id <= ${LINES.length}`,
      [Math.ceil(chats / prototypes) - 1],
    );
    await client.query(
      `INSERT INTO attempts (attempt_id, chat_row, trigger, started_at, ended_at, outcome, http_status)
        SELECT gen_random_uuid()::text, id, 'became_eligible', last_share_started_at, last_shared_at, 'shared', 204
          FROM chats WHERE id > ${LINES.length}`,
    );
    await client.query('DELETE FROM chat_tallies');
    await client.query(
      'INSERT INTO chat_tallies (count_id, slot, n) SELECT count_id, 0, count(*) FROM chats GROUP BY count_id',
    );
    await client.query('VACUUM (ANALYZE) chats');
    await client.query('VACUUM (ANALYZE) attempts');
    await client.query('CHECKPOINT');
  } finally {
    await client.end();
  }
}
