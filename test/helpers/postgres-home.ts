import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { StoreHome } from './store/use-store.ts';

/** A schema of its own in the run's database, not made yet; it goes with the whole cluster at the end of the run. */
export function createPostgresHome(
  url = inject('postgresUrl'),
): StoreHome & { readonly url: string; readonly schema: string } {
  const schema = `home "${randomUUID()}`; // a name that has to be quoted everywhere
  return {
    url,
    schema,
    open: (policy) => openPostgresStore({ url, schema, policy }),
    remove: async () => {},
  };
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
