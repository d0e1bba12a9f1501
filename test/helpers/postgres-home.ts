import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { StoreHome } from './store/use-store.ts';

/** A schema of its own in the run's database, not made yet; it goes with the whole cluster at the end of the run. */
export function createPostgresHome(): StoreHome & { readonly url: string; readonly schema: string } {
  const url = inject('postgresUrl');
  const schema = `home "${randomUUID()}`; // a name that has to be quoted everywhere
  return {
    url,
    schema,
    open: (policy) => openPostgresStore({ url, schema, policy }),
    remove: async () => {},
  };
}
