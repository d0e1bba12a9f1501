import type Database from 'better-sqlite3';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';

/**
 * A limit to bind. Bare (`LIMIT ?`), SQLite plans by its value: it prepares the statement anew each time one is bound,
 * which costs more than all the rest.
 */
export const BOUND_LIMIT = 'LIMIT ? + 0';

/** A transaction's body is synchronous: what it awaited would run after the commit. */
type Sync<T> = T extends PromiseLike<unknown> ? never : T;

export interface Transactions {
  /** Reads, all of one moment. */
  read<T>(body: () => Sync<T>): T;
  /**
   * All or nothing; inside another `write`, a part that may fail alone. Takes the write lock at once: a read that turns
   * into a write may be refused whatever the timeout.
   */
  write<T>(body: () => Sync<T>): T;
  /** `flush` writes what was summed up before each commit; `forget` drops what was learnt before a rollback. */
  join(member: { flush?: () => void; forget: () => void }): void;
}

/** How the store does its work: in a transaction, with room made for it, errors told as its own. */
export interface Ways {
  readonly read: Transactions['read'];
  readonly write: Transactions['write'];
  readonly withRoom: <T>(now: EpochMs, body: () => T) => T;
  readonly guarded: <T>(body: () => T) => T;
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

/** Remembers its statements: the same query has the same text each time. */
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
