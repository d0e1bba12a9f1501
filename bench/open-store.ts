import type { Store } from '../src/store/store.ts';
import type { Program } from './program.ts';
import { POLICY } from './settings.ts';

/** A SQLite file, or a schema of a PostgreSQL, which is made if it isn't there. */
export type Database = { readonly path: string } | { readonly url: string; readonly schema: string };

export async function openStore(program: Program, database: Database): Promise<Store> {
  if ('path' in database) return program.sqliteStore.openSqliteStore({ ...database, policy: POLICY });
  const { openPostgresStore } = await program.loadPostgresStore();
  return await openPostgresStore({ ...database, policy: POLICY });
}
