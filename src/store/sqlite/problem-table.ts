import { and, eq } from 'drizzle-orm';
import { problems } from '../schema/schema.ts';
import type { KnownProblem, ProblemStore } from '../store.ts';
import type { StoreContext, Ways } from './context.ts';
import type { Meta } from './meta.ts';

export function createProblemStore(
  { orm }: StoreContext,
  meta: Meta,
  { write, guarded }: Pick<Ways, 'write' | 'guarded'>,
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
    problems: async () => guarded(() => orm.select().from(problems).all()),
    changeProblems: async (changed, removed) =>
      guarded(() =>
        write(() => {
          changed.forEach(put);
          removed.forEach(remove);
        }),
      ),
    deliveryNews: async () =>
      guarded(() => ({
        lastAcceptedAt: meta.number('delivery_accepted_at'),
        silentMs: meta.number('deliveries_silent_ms') ?? 0,
      })),
    noteDeliveries: async ({ lastAcceptedAt, silentMs }) =>
      guarded(() =>
        write(() => {
          if (lastAcceptedAt !== null) meta.put('delivery_accepted_at', lastAcceptedAt);
          meta.put('deliveries_silent_ms', silentMs);
        }),
      ),
  };
}
