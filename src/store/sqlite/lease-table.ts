import type { Lease, Trigger } from '../../decide/chat.ts';
import { type ClockShift, shiftLease } from '../../decide/clock-shift.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { StoreContext } from './context.ts';

/**
 * The attempts in progress, in a narrow table of their own: claiming a chat adds one small row, and leaves the
 * chat's row and its indexes alone. There are about as many as concurrent calls, so they are also kept in memory.
 */
export interface LeaseTable {
  /** By row of the chat. */
  all(): ReadonlyMap<number, Lease>;
  of(chatRow: number): Lease | null;
  /** Null: the chat has none any more. */
  put(chatRow: number, lease: Lease | null): void;
  shift(shift: ClockShift): void;
}

interface LeaseRow {
  readonly chatRow: number;
  readonly attemptId: string;
  readonly trigger: Trigger;
  readonly startedAt: EpochMs;
  readonly until: EpochMs;
  readonly mayHaveCalled: number;
}

/** SQL: the chat has an attempt in progress. @param now the name of a bound instant */
export const isLeased = (now: string) =>
  `EXISTS (SELECT 1 FROM leases WHERE chat_row = chats.id AND until_at > ${now})`;

export function createLeaseTable({ sql, transactions }: StoreContext): LeaseTable {
  let known: Map<number, Lease> | null = null;
  const select = sql.prepare<[], LeaseRow>(
    `SELECT chat_row AS chatRow, attempt_id AS attemptId, trigger, started_at AS startedAt, until_at AS until,
      may_have_called AS mayHaveCalled FROM leases`,
  );
  const put = sql.prepare<[number, string, Trigger, EpochMs, EpochMs, number]>(
    `INSERT OR REPLACE INTO leases (chat_row, attempt_id, trigger, started_at, until_at, may_have_called)
      VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const remove = sql.prepare<[number]>('DELETE FROM leases WHERE chat_row = ?');
  transactions.join({
    forget() {
      known = null;
    },
  });

  function all(): Map<number, Lease> {
    known ??= new Map(
      select
        .all()
        .map(({ chatRow, mayHaveCalled, ...lease }) => [
          chatRow,
          { ...lease, mayHaveCalled: mayHaveCalled === 1 },
        ]),
    );
    return known;
  }

  const table: LeaseTable = {
    all,
    of: (chatRow) => all().get(chatRow) ?? null,
    put(chatRow, lease) {
      if (lease === null) {
        remove.run(chatRow);
        all().delete(chatRow);
        return;
      }
      const { attemptId, trigger, startedAt, until, mayHaveCalled } = lease;
      put.run(chatRow, attemptId, trigger, startedAt, until, Number(mayHaveCalled));
      all().set(chatRow, lease);
    },
    shift(shift) {
      for (const [chatRow, lease] of [...all()]) {
        const shifted = shiftLease(lease, shift);
        if (shifted !== lease) table.put(chatRow, shifted);
      }
    },
  };
  return table;
}
