import { and, eq } from 'drizzle-orm';
import { problems } from '../schema/schema.ts';
import type { KnownProblem, ProblemStore } from '../store.ts';
import type { Calls, StoreContext } from './context.ts';
import type { Meta } from './meta.ts';

export function createProblemStore(
  { orm }: StoreContext,
  meta: Meta,
  { look, write }: Pick<Calls, 'look' | 'write'>,
): ProblemStore {
  function put({ code, scope, ...set }: KnownProblem): void {
    orm
      .insert(problems)
      .values({ code, scope, ...set })
      .onConflictDoUpdate({ target: [problems.code, problems.scope], set })
      .run();
  }

  function remove({ code, scope }: Pick<KnownProblem, 'code' | 'scope'>): void {
    orm
      .delete(problems)
      .where(and(eq(problems.code, code), eq(problems.scope, scope)))
      .run();
  }

  return {
    problems: () => look(() => orm.select().from(problems).all()),
    changeProblems: (changed, removed) =>
      write(() => {
        changed.forEach(put);
        removed.forEach(remove);
      }),
    noteDeliveries: ({ lastAcceptedAt, silentMs }) =>
      write(() => {
        if (lastAcceptedAt !== null) meta.put('delivery_accepted_at', lastAcceptedAt);
        meta.put('deliveries_silent_ms', silentMs);
      }),
  };
}
