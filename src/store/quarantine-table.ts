import { count, desc, gt, lte, min, notInArray, or } from 'drizzle-orm';
import { DAY, type EpochMs } from '../decide/duration.ts';
import type { StoreContext } from './context.ts';
import { quarantine } from './schema.ts';
import type { QuarantinedDelivery } from './store.ts';

export interface QuarantineTable {
  put(delivery: QuarantinedDelivery): void;
  count(now: EpochMs): { count: number; oldestAt: EpochMs | null };
}

const KEPT_ROWS = 1_000;
const KEPT_MS = 7 * DAY;

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
