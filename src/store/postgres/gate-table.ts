import type { Starts } from '../../decide/pacing.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';

export interface StoredGate {
  readonly lineId: number;
  readonly starts: Starts;
}

/** A row for each line, added with it. Who has locked it claims from the line's queue. */
export interface GateTable {
  /** Locks those of these gates that nobody else has locked. */
  lockFree(session: Session, lineIds: readonly number[]): Promise<readonly StoredGate[]>;
  /** Locks one, and waits for its holder. */
  lock(session: Session, lineId: number): Promise<StoredGate | null>;
  /** Writes gates that are locked. */
  put(session: Session, gates: readonly StoredGate[]): Promise<void>;
  /** The clock was corrected: the starts of a wrong time say nothing. */
  forgetStarts(session: Session): Promise<void>;
}

interface GateRow {
  readonly lineId: number;
  readonly starts: readonly number[];
}

export function createGateTable({ schema }: Pick<StoreContext, 'schema'>): GateTable {
  const table = `${schema}.line_gates`;
  const select = `SELECT line_id AS "lineId", starts FROM ${table} WHERE line_id = ANY($1)
    ORDER BY line_id FOR NO KEY UPDATE`;
  const gateOf = ({ lineId, starts }: GateRow): StoredGate => ({ lineId, starts: fromRuns(starts) });
  return {
    async lockFree(session, lineIds) {
      return (await session.rows<GateRow>(`${select} SKIP LOCKED`, [lineIds])).map(gateOf);
    },
    async lock(session, lineId) {
      return (await session.rows<GateRow>(select, [[lineId]])).map(gateOf)[0] ?? null;
    },
    async put(session, gates) {
      if (gates.length === 0) return;
      const rows = gates.map(({ lineId, starts }) => ({ i: lineId, s: toRuns(starts) }));
      await session.run(
        `UPDATE ${table} AS g SET starts = j.s FROM json_to_recordset($1::json) AS j (i bigint, s jsonb) WHERE g.line_id = j.i`,
        [JSON.stringify(rows)],
      );
    },
    async forgetStarts(session) {
      await session.run(
        `WITH k AS MATERIALIZED (SELECT line_id FROM ${table} ORDER BY line_id FOR NO KEY UPDATE)
          UPDATE ${table} AS g SET starts = '[]' FROM k WHERE k.line_id = g.line_id AND g.starts <> '[]'`,
      );
    },
  };
}

/** Chats start several at once, and up to a thousand a second: pairs of an instant and how many started at it. */
function toRuns(starts: Starts): readonly number[] {
  const runs = new Map<EpochMs, number>();
  for (const at of starts) runs.set(at, (runs.get(at) ?? 0) + 1);
  return [...runs].flat();
}

function fromRuns(runs: readonly number[]): Starts {
  return runs.flatMap((at, index) =>
    index % 2 === 0 ? Array.from({ length: runs[index + 1] ?? 0 }, () => at) : [],
  );
}
