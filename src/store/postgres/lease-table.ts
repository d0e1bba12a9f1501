import type { Lease } from '../../decide/chat.ts';
import { type ClockShift, shiftLease } from '../../decide/clock-shift.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';

/**
 * The attempts in progress, in a narrow table of their own: claiming a chat adds one small row, and leaves the
 * chat's row and its indexes alone. Only who has locked a chat changes its lease.
 */
export interface LeaseTable {
  put(session: Session, leases: ReadonlyMap<number, Lease>): Promise<void>;
  remove(session: Session, chatRows: readonly number[]): Promise<void>;
  /** @see Store.shiftClock */
  shift(session: Session, shift: ClockShift): Promise<void>;
}

/** SQL: the chat has an attempt in progress. @param chat the name of the chats; @param now a bound instant */
export const isLeased = (schema: string, chat: string, now: string) =>
  `EXISTS (SELECT 1 FROM ${schema}.leases l WHERE l.chat_row = ${chat}.id AND l.until_at > ${now})`;

export function createLeaseTable({ schema }: Pick<StoreContext, 'schema'>): LeaseTable {
  const table = `${schema}.leases`;
  const leases: LeaseTable = {
    async put(session, put) {
      if (put.size === 0) return;
      const rows = [...put].map(([c, { attemptId, trigger, startedAt, until, mayHaveCalled }]) => {
        return { c, a: attemptId, t: trigger, s: startedAt, u: until, m: Number(mayHaveCalled) };
      });
      await session.run(
        `INSERT INTO ${table} (chat_row, attempt_id, trigger, started_at, until_at, may_have_called)
          SELECT c, a, t, s, u, m FROM json_to_recordset($1::json) AS j (c bigint, a text, t text, s bigint, u bigint, m bigint)
          ON CONFLICT (chat_row) DO UPDATE SET attempt_id = excluded.attempt_id, trigger = excluded.trigger,
            started_at = excluded.started_at, until_at = excluded.until_at, may_have_called = excluded.may_have_called`,
        [JSON.stringify(rows)],
      );
    },
    async remove(session, chatRows) {
      if (chatRows.length > 0) await session.run(`DELETE FROM ${table} WHERE chat_row = ANY($1)`, [chatRows]);
    },
    async shift(session, shift) {
      const rows = await session.rows<Lease & { chatRow: number }>(
        `SELECT chat_row AS "chatRow", attempt_id AS "attemptId", trigger, started_at AS "startedAt", until_at AS until,
            may_have_called = 1 AS "mayHaveCalled" FROM ${table} ORDER BY chat_row FOR UPDATE`,
      );
      const shifted = rows.flatMap(({ chatRow, ...lease }) => {
        const after = shiftLease(lease, shift);
        return after === lease ? [] : [[chatRow, after] as const];
      });
      await leases.put(session, new Map(shifted));
    },
  };
  return leases;
}
