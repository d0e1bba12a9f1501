import { and, eq } from 'drizzle-orm';
import type { EpochMs } from '../../decide/time.ts';
import { problems } from '../schema/schema.ts';
import type { Ways } from './catch-up-store.ts';
import type { StoreContext } from './context.ts';
import type { Meta } from './meta.ts';

/** A problem that was noticed, so that a restart neither forgets since when it is open nor what was told of it. */
export interface KnownProblem {
  readonly code: string;
  /** The line that it is about, or ''. */
  readonly scope: string;
  readonly since: EpochMs;
  /** When the alert that it opened was made which was taken; null: none was. */
  readonly toldAt: EpochMs | null;
  /** Null: it is open. */
  readonly closedAt: EpochMs | null;
}

/** How deliveries came in up to now, over all processes. */
export interface DeliveryNews {
  readonly lastAcceptedAt: EpochMs | null;
  /** For so long of the time that the service was up no delivery has been accepted. */
  readonly silentMs: number;
}

/** The part of the store that watching for problems needs. */
export interface ProblemStore {
  problems(): Promise<readonly KnownProblem[]>;
  /** In one commit. */
  changeProblems(
    put: readonly KnownProblem[],
    removed: readonly Pick<KnownProblem, 'code' | 'scope'>[],
  ): Promise<void>;
  deliveryNews(): Promise<DeliveryNews>;
  noteDeliveries(news: DeliveryNews): Promise<void>;
}

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
