import type { KnownProblem, ProblemStore } from '../store.ts';
import type { Calls, StoreContext } from './context.ts';
import type { Session } from './database.ts';
import type { MetaTable } from './meta.ts';

export function createProblemStore(
  { schema }: Pick<StoreContext, 'schema'>,
  meta: MetaTable,
  { look, write }: Pick<Calls, 'look' | 'write'>,
): ProblemStore {
  async function put(
    session: Session,
    { code, scope, since, alertedAt, closedAt }: KnownProblem,
  ): Promise<void> {
    await session.run(
      `INSERT INTO ${schema}.problems (code, scope, since_at, told_at, closed_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (code, scope) DO UPDATE
        SET since_at = excluded.since_at, told_at = excluded.told_at, closed_at = excluded.closed_at`,
      [code, scope, since, alertedAt, closedAt],
    );
  }

  return {
    problems: () =>
      look((session) =>
        session.rows<KnownProblem>(
          `SELECT code, scope, since_at AS since, told_at AS "alertedAt", closed_at AS "closedAt"
            FROM ${schema}.problems ORDER BY code, scope`,
        ),
      ),
    changeProblems: (changed, removed) =>
      write(async (session) => {
        for (const problem of changed) await put(session, problem);
        for (const { code, scope } of removed)
          await session.run(`DELETE FROM ${schema}.problems WHERE code = $1 AND scope = $2`, [code, scope]);
      }),
    noteDeliveries: ({ lastAcceptedAt, silentMs }) =>
      write((session) =>
        meta.change(session, async ({ number, set }) => {
          const known = number('delivery_accepted_at');
          if (known !== null && known > (lastAcceptedAt ?? 0)) return; // another replica accepted a later one
          if (lastAcceptedAt !== null) set('delivery_accepted_at', lastAcceptedAt);
          set('deliveries_silent_ms', silentMs);
        }),
      ),
  };
}
