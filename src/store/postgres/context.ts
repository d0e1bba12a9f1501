import type { Policy } from '../../decide/policy.ts';
import type { Around, CallOptions } from '../around.ts';
import type { Database, Session } from './database.ts';

export interface StoreContext {
  readonly database: Database;
  /** The tables' schema, quoted: every statement names it, since a pooler may hand out a connection with any path. */
  readonly schema: string;
  /** SQL: true if the tables were migrated beyond what this program may write. */
  readonly outdated: string;
  readonly policy: Policy;
  readonly newId: () => string;
  /** Where this process keeps its part of what is counted, so that replicas don't wait for each other's counts. */
  readonly slot: number;
}

/** Few, since readers add them up. */
export const SLOTS = 8;

type Body<T> = (session: Session) => Promise<T>;

/** How a call runs; each returns one promise of the store. Its faults surface as `StoreError`. */
export interface Calls {
  /** One statement. */
  readonly look: <T>(body: Body<T>) => Promise<T>;
  /** In one read transaction. */
  readonly read: <T>(body: Body<T>) => Promise<T>;
  /** In one durable transaction. */
  readonly write: <T>(body: Body<T>, options?: CallOptions) => Promise<T>;
}

export function createCalls(around: Around, { look, read, write }: Database): Calls {
  return {
    look: (body) => around(() => look(body)),
    read: (body) => around(() => read(body)),
    write: (body, options) => around(() => write(body), options),
  };
}
