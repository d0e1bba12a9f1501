import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';

/**
 * One row, by which replicas notice what others changed of holds, lines and their cards. Whoever changes any of them locks
 * it first, so that they are read, decided and written by one at a time, and a version is never seen before what it counts.
 */
export interface ControlTable {
  /** The version of holds and lines. */
  version(session: Session): Promise<number>;
  /** Until the end of the transaction nobody else changes holds or lines. */
  lock(session: Session): Promise<void>;
  /** The same, and counts a change; resolves to the version that it makes. */
  change(session: Session): Promise<number>;
}

export function createControlTable({ schema }: Pick<StoreContext, 'schema'>): ControlTable {
  const table = `${schema}.control`;
  const versionOf = async (session: Session, statement: string) =>
    (await session.rows<{ version: number }>(statement))[0]?.version ?? 0;
  return {
    version: (session) => versionOf(session, `SELECT version FROM ${table}`),
    async lock(session) {
      await session.run(`SELECT 1 FROM ${table} FOR NO KEY UPDATE`);
    },
    change: (session) => versionOf(session, countChange(table)),
  };
}

/** SQL: counts a change of holds or lines. */
export const countChange = (table: string, condition = 'true') =>
  `UPDATE ${table} SET version = version + 1 WHERE ${condition} RETURNING version`;
