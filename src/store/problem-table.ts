import { and, eq } from 'drizzle-orm';
import type { StoreContext } from './context.ts';
import { problems } from './schema.ts';
import type { KnownProblem } from './store.ts';

export interface ProblemTable {
  all(): readonly KnownProblem[];
  put(problem: KnownProblem): void;
  remove(problem: Pick<KnownProblem, 'code' | 'scope'>): void;
}

export function createProblemTable({ orm }: StoreContext): ProblemTable {
  return {
    all: () => orm.select().from(problems).all(),
    put({ code, scope, ...set }) {
      orm
        .insert(problems)
        .values({ code, scope, ...set })
        .onConflictDoUpdate({ target: [problems.code, problems.scope], set })
        .run();
    },
    remove({ code, scope }) {
      orm
        .delete(problems)
        .where(and(eq(problems.code, code), eq(problems.scope, scope)))
        .run();
    },
  };
}
