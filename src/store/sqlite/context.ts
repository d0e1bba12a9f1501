import type Database from 'better-sqlite3';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import type { Policy } from '../../decide/policy.ts';
import type { Around, CallOptions } from '../around.ts';

/**
 * A limit to bind. With a bare `LIMIT ?`, SQLite plans by the value: it prepares the statement again each
 * time one is bound, which costs more than all the rest.
 */
export const BOUND_LIMIT = 'LIMIT ? + 0';

/** A transaction's body is synchronous: anything that it awaited would run after the commit. */
type Sync<T> = T extends PromiseLike<unknown> ? never : T;

export interface Transactions {
  /** Reads from one snapshot. */
  read<T>(body: () => Sync<T>): T;
  /**
   * All or nothing; inside another `write`, a part that may fail alone. Takes the write lock at once: a read
   * that turns into a write may be refused regardless of the timeout.
   */
  write<T>(body: () => Sync<T>): T;
  /** `flush` writes accumulated changes before each commit; `forget` drops cached state after a rollback. */
  join(member: { flush?: () => void; forget: () => void }): void;
}

/** How a call runs; each returns one promise of the store. Its faults surface as `StoreError`. */
export interface Calls {
  /** One statement, or none. */
  readonly look: <T>(body: () => Sync<T>) => Promise<T>;
  /** In one read transaction. */
  readonly read: <T>(body: () => Sync<T>) => Promise<T>;
  /** In one durable transaction. */
  readonly write: <T>(body: () => Sync<T>, options?: Omit<CallOptions, 'isWrite'>) => Promise<T>;
}

export function createCalls(around: Around, transactions: Transactions): Calls {
  return {
    look: (body) => around(body),
    read: (body) => around(() => transactions.read(body)),
    write: (body, options) => around(() => transactions.write(body), { ...options, isWrite: true }),
  };
}

export interface StoreContext {
  readonly sql: Database.Database;
  readonly orm: BetterSQLite3Database;
  readonly transactions: Transactions;
  readonly policy: Policy;
  readonly newId: () => string;
}

export function createContext(sql: Database.Database, policy: Policy, newId: () => string): StoreContext {
  return { sql, orm: createOrm(sql), transactions: createTransactions(sql), policy, newId };
}

/** Caches its statements: the same query has the same text each time. */
function createOrm(sql: Database.Database): BetterSQLite3Database {
  const statements = new Map<string, Database.Statement>();
  const prepare = (text: string) => {
    const known = statements.get(text) ?? sql.prepare(text);
    statements.set(text, known);
    return known;
  };
  return drizzle({ client: Object.create(sql, { prepare: { value: prepare } }) });
}

function createTransactions(sql: Database.Database): Transactions {
  const members: { flush?: () => void; forget: () => void }[] = [];
  const flush = () => {
    for (const member of members) member.flush?.();
  };
  return {
    read: (body) => sql.transaction(body).deferred(),
    write(body) {
      if (sql.inTransaction) flush();
      const flushed = sql.transaction(() => {
        const result = body();
        flush();
        return result;
      });
      try {
        return flushed.immediate();
      } catch (error) {
        for (const member of members) member.forget();
        throw error;
      }
    },
    join(member) {
      members.push(member);
    },
  };
}
