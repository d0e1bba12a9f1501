import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { StoreHome } from './store/use-store.ts';

/** A directory of its own with a database file in it, not made yet. */
export function createSqliteHome(): StoreHome & { readonly path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-store-'));
  const path = join(directory, 'data', 'reactor.db');
  return {
    path,
    open: async (policy) => openSqliteStore({ path, policy }),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  };
}
