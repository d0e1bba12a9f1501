import { count, desc, gt, inArray, lte, min, notInArray, or } from 'drizzle-orm';
import { DAY, type EpochMs } from '../decide/duration.ts';
import type { StoreContext } from './context.ts';
import { quarantine } from './schema.ts';
import type { QuarantinedDelivery } from './store.ts';

export interface QuarantineTable {
  put(delivery: QuarantinedDelivery): void;
  /** Deletes some of those that are kept no longer; again and again, it deletes them all. */
  expire(now: EpochMs): void;
  count(now: EpochMs): { count: number; oldestAt: EpochMs | null };
}

const KEPT_ROWS = 1_000;
const KEPT_MS = 7 * DAY;
/** Bodies are up to 1 MiB each: all at once could hold up deliveries. */
const EXPIRED_AT_ONCE = 50;

export function createQuarantineTable({ orm }: StoreContext): QuarantineTable {
  return {
    put(delivery) {
      orm.insert(quarantine).values(delivery).run();
      const newest = orm
        .select({ id: quarantine.id })
        .from(quarantine)
        .orderBy(desc(quarantine.id))
        .limit(KEPT_ROWS);
      const isTooOld = lte(quarantine.receivedAt, delivery.receivedAt - KEPT_MS);
      orm
        .delete(quarantine)
        .where(or(isTooOld, notInArray(quarantine.id, newest)))
        .run();
    },
    expire(now) {
      const expired = orm
        .select({ id: quarantine.id })
        .from(quarantine)
        .where(lte(quarantine.receivedAt, now - KEPT_MS))
        .orderBy(quarantine.receivedAt)
        .limit(EXPIRED_AT_ONCE);
      orm.delete(quarantine).where(inArray(quarantine.id, expired)).run();
    },
    count(now) {
      const row = orm
        .select({ count: count(), oldestAt: min(quarantine.receivedAt) })
        .from(quarantine)
        .where(gt(quarantine.receivedAt, now - KEPT_MS))
        .get();
      return { count: row?.count ?? 0, oldestAt: row?.oldestAt ?? null };
    },
  };
}
