import { and, count, desc, eq, gt, inArray, lte, min } from 'drizzle-orm';
import type { EpochMs } from '../../decide/time.ts';
import { EXPIRED_AT_ONCE, QUARANTINE_ROWS, quarantineExpiredUpTo } from '../plan/housekeeping.ts';
import { quarantine } from '../schema/schema.ts';
import type { QuarantinedDelivery, QuarantineKey, QuarantineStore, StoreSummary } from '../store.ts';
import type { Calls, StoreContext } from './context.ts';

export interface QuarantineTable extends QuarantineStore {
  /** Adds some in the current transaction. The newest 1,000 are kept. */
  put(deliveries: readonly QuarantinedDelivery[]): void;
  counted(now: EpochMs): StoreSummary['quarantined'];
}

export function createQuarantineTable(
  { orm }: StoreContext,
  { look, write }: Pick<Calls, 'look' | 'write'>,
): QuarantineTable {
  const isRow = ({ id, receivedAt }: QuarantineKey) =>
    and(eq(quarantine.id, id), eq(quarantine.receivedAt, receivedAt));
  const isKept = (now: EpochMs) => gt(quarantine.receivedAt, quarantineExpiredUpTo(now));

  function put(deliveries: readonly QuarantinedDelivery[]): void {
    for (const delivery of deliveries) orm.insert(quarantine).values(delivery).run();
    const oneTooMany = orm
      .select({ id: quarantine.id })
      .from(quarantine)
      .orderBy(desc(quarantine.id))
      .limit(1)
      .offset(QUARANTINE_ROWS);
    orm.delete(quarantine).where(lte(quarantine.id, oneTooMany)).run();
  }

  const { sealed, ...listed } = {
    id: quarantine.id,
    receivedAt: quarantine.receivedAt,
    webhookId: quarantine.webhookId,
    eventType: quarantine.eventType,
    cause: quarantine.cause,
    sealed: quarantine.sealed,
  };

  return {
    put,
    counted(now) {
      const row = orm
        .select({ count: count(), oldestAt: min(quarantine.receivedAt) })
        .from(quarantine)
        .where(isKept(now))
        .get();
      return { count: row?.count ?? 0, oldestAt: row?.oldestAt ?? null };
    },
    quarantined: (now) =>
      look(() => orm.select(listed).from(quarantine).where(isKept(now)).orderBy(desc(quarantine.id)).all()),
    sealedDelivery: (key) =>
      look(() => orm.select({ sealed }).from(quarantine).where(isRow(key)).get()?.sealed ?? null),
    endQuarantine: (key) => write(() => void orm.delete(quarantine).where(isRow(key)).run()),
    recauseQuarantined: (key, found) =>
      write(() => void orm.update(quarantine).set(found).where(isRow(key)).run()),
    expireQuarantined: (now) =>
      write(() => {
        const expired = orm
          .select({ id: quarantine.id })
          .from(quarantine)
          .where(lte(quarantine.receivedAt, quarantineExpiredUpTo(now)))
          .orderBy(quarantine.receivedAt)
          .limit(EXPIRED_AT_ONCE);
        return orm.delete(quarantine).where(inArray(quarantine.id, expired)).run().changes;
      }),
  };
}
