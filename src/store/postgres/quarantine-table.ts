import { EXPIRED_AT_ONCE, QUARANTINE_ROWS, quarantineExpiredUpTo } from '../plan/housekeeping.ts';
import type { QuarantinedDelivery, QuarantinedRow, QuarantineKey, QuarantineStore } from '../store.ts';
import type { Calls, StoreContext } from './context.ts';
import type { Session } from './database.ts';

export interface QuarantineTable extends QuarantineStore {
  /** Adds some in the current transaction. The newest 1,000 are kept. */
  put(session: Session, deliveries: readonly QuarantinedDelivery[]): Promise<void>;
}

/** Bodies are up to 1 MiB each, and sent as hexadecimal digits. */
const PUT_AT_ONCE = 50;

export function createQuarantineTable(
  { schema }: Pick<StoreContext, 'schema'>,
  { look, write }: Pick<Calls, 'look' | 'write'>,
): QuarantineTable {
  const table = `${schema}.quarantine`;

  async function insert(session: Session, deliveries: readonly QuarantinedDelivery[]): Promise<void> {
    await session.run(
      `INSERT INTO ${table} (received_at, webhook_id, event_type, cause, sealed)
        SELECT at, webhook, type, cause, sealed
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[]) WITH ORDINALITY
          AS d (at, webhook, type, cause, sealed, o) ORDER BY o`,
      [
        deliveries.map(({ receivedAt }) => receivedAt),
        deliveries.map(({ webhookId }) => webhookId),
        deliveries.map(({ eventType }) => eventType),
        deliveries.map(({ cause }) => cause),
        deliveries.map(({ sealed }) => sealed),
      ],
    );
  }

  return {
    async put(session, deliveries) {
      const kept = deliveries.slice(-QUARANTINE_ROWS);
      for (let i = 0; i < kept.length; i += PUT_AT_ONCE)
        await insert(session, kept.slice(i, i + PUT_AT_ONCE));
      await session.run(
        `DELETE FROM ${table} WHERE id <= (SELECT id FROM ${table} ORDER BY id DESC OFFSET ${QUARANTINE_ROWS} LIMIT 1)`,
      );
    },
    quarantined: (now) =>
      look((session) =>
        session.rows<QuarantinedRow>(
          `SELECT id, received_at AS "receivedAt", webhook_id AS "webhookId", event_type AS "eventType", cause
            FROM ${table} WHERE received_at > $1 ORDER BY id DESC`,
          [quarantineExpiredUpTo(now)],
        ),
      ),
    sealedDelivery: ({ id, receivedAt }: QuarantineKey) =>
      look(async (session) => {
        const [row] = await session.rows<{ sealed: Buffer }>(
          `SELECT sealed FROM ${table} WHERE id = $1 AND received_at = $2`,
          [id, receivedAt],
        );
        return row?.sealed ?? null;
      }),
    endQuarantine: ({ id, receivedAt }) =>
      write(async (session) => {
        await session.run(`DELETE FROM ${table} WHERE id = $1 AND received_at = $2`, [id, receivedAt]);
      }),
    recauseQuarantined: ({ id, receivedAt }, { cause, eventType }) =>
      write(async (session) => {
        await session.run(
          `UPDATE ${table} SET cause = $3, event_type = $4 WHERE id = $1 AND received_at = $2`,
          [id, receivedAt, cause, eventType],
        );
      }),
    expireQuarantined: (now) =>
      write((session) =>
        session.run(
          `DELETE FROM ${table} WHERE id = ANY(ARRAY(
            SELECT id FROM ${table} WHERE received_at <= $1 ORDER BY received_at LIMIT ${EXPIRED_AT_ONCE}))`,
          [quarantineExpiredUpTo(now)],
        ),
      ),
  };
}
