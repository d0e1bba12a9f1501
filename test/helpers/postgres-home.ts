import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { CutAttempt } from './model/answers.ts';
import type { StoreHome } from './store/use-store.ts';

export interface PostgresHome extends StoreHome {
  readonly url: string;
  readonly schema: string;
  /** The open attempts by their chat, with what only their rows know. */
  leases(): Promise<ReadonlyMap<string, CutAttempt>>;
}

/** A schema of its own in the run's database, not made yet; it goes with the whole cluster at the end of the run. */
export function createPostgresHome(url = inject('postgresUrl')): PostgresHome {
  const schema = `home "${randomUUID()}`; // a name that has to be quoted everywhere
  return {
    url,
    schema,
    open: (policy) => openPostgresStore({ url, schema, policy }),
    leases: () => readLeases(url, schema),
    remove: async () => {},
  };
}

async function readLeases(url: string, schema: string): Promise<ReadonlyMap<string, CutAttempt>> {
  const tables = `"${schema.replaceAll('"', '""')}"`;
  const { rows } = await withClient(url, (client) =>
    client.query<{ chatId: string; attemptId: string; startedAt: string; mayHaveCalled: boolean }>(
      `SELECT chat_id AS "chatId", attempt_id AS "attemptId", started_at AS "startedAt",
        may_have_called = 1 AS "mayHaveCalled"
        FROM ${tables}.leases JOIN ${tables}.chats ON chats.id = chat_row`,
    ),
  );
  return new Map(rows.map((row) => [row.chatId, { ...row, startedAt: Number(row.startedAt) }]));
}

/** Runs statements beside the store, each committed alone unless they say otherwise. */
export async function withClient<T>(url: string, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // a server that goes away is told of by the next query
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end();
  }
}

/** The address of a new database of the cluster. */
export async function createDatabase(url: string): Promise<{ url: string; name: string }> {
  const name = `d${randomUUID().replaceAll('-', '')}`;
  await withClient(url, (client) => client.query(`CREATE DATABASE ${name}`));
  return { url: url.replace('/postgres?', `/${name}?`), name };
}
