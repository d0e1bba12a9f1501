import { and, eq } from 'drizzle-orm';
import type { Hold, HoldReason } from '../../decide/holds.ts';
import { holds } from '../schema/schema.ts';
import type { StoreContext } from './context.ts';

export interface HoldTable {
  all(): readonly Hold[];
  put(hold: Hold): void;
  end(hold: Pick<Hold, 'scope' | 'reason'>): void;
}

/** How the account is written where a line's number stands: a key can't be null. */
const ACCOUNT = '';

export function createHoldTable({ orm }: StoreContext): HoldTable {
  return {
    all: () =>
      orm
        .select()
        .from(holds)
        .all()
        .map((hold) => ({ ...hold, scope: hold.scope === ACCOUNT ? null : hold.scope })),
    put({ scope, reason, since, until, step }) {
      orm
        .insert(holds)
        .values({ scope: scope ?? ACCOUNT, reason, since, until, step })
        .onConflictDoUpdate({ target: [holds.scope, holds.reason], set: { since, until, step } })
        .run();
    },
    end({ scope, reason }: { scope: string | null; reason: HoldReason }) {
      orm
        .delete(holds)
        .where(and(eq(holds.scope, scope ?? ACCOUNT), eq(holds.reason, reason)))
        .run();
    },
  };
}
