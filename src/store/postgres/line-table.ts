import type { Hold, Line } from '../../decide/holds.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';

export interface LineTable {
  /** Those of these numbers that are our lines. */
  find(session: Session, lines: readonly string[]): Promise<readonly Line[]>;
  /** Changes a line, which must be in the dictionary; `ControlTable` must be locked. */
  update(session: Session, line: string, change: Partial<Omit<Line, 'line'>>): Promise<void>;
  all(session: Session): Promise<readonly Line[]>;
}

const COLUMNS = {
  status: 'status',
  statusAt: 'status_at',
  reputation: 'reputation',
  reputationAt: 'reputation_at',
  card: 'card',
  cardCheckedAt: 'card_checked_at',
  clearedAt: 'cleared_at',
} as const satisfies Record<keyof Omit<Line, 'line'>, string>;

export function createLineTable({ schema }: Pick<StoreContext, 'schema'>): LineTable {
  const named = Object.entries(COLUMNS).map(([name, column]) => `${column} AS "${name}"`);
  const select = `SELECT line, ${named.join(', ')} FROM ${schema}.lines`;
  return {
    find: (session, lines) => session.rows<Line>(`${select} WHERE line = ANY($1)`, [lines]),
    async update(session, line, change) {
      const names = (Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]).filter((name) => name in change);
      const set = names.map((name, index) => `${COLUMNS[name]} = $${index + 2}`).join(', ');
      if (names.length === 0) return;
      const values = names.map((name) => change[name]);
      await session.run(`UPDATE ${schema}.lines SET ${set} WHERE line = $1`, [line, ...values]);
    },
    all: (session) => session.rows<Line>(`${select} ORDER BY id`),
  };
}

/** Its changes need `ControlTable` locked. */
export interface HoldTable {
  all(session: Session): Promise<readonly Hold[]>;
  put(session: Session, hold: Hold): Promise<void>;
  end(session: Session, hold: Pick<Hold, 'scope' | 'reason'>): Promise<void>;
}

/** Stands for the account in place of a line's number: a key can't be null. */
const ACCOUNT = '';

export function createHoldTable({ schema }: Pick<StoreContext, 'schema'>): HoldTable {
  return {
    async all(session) {
      const rows = await session.rows<Hold>(
        `SELECT scope, reason, since_at AS since, until_at AS until, step FROM ${schema}.holds ORDER BY scope, reason`,
      );
      return rows.map((hold) => ({ ...hold, scope: hold.scope === ACCOUNT ? null : hold.scope }));
    },
    async put(session, { scope, reason, since, until, step }) {
      await session.run(
        `INSERT INTO ${schema}.holds (scope, reason, since_at, until_at, step) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (scope, reason) DO UPDATE
          SET since_at = excluded.since_at, until_at = excluded.until_at, step = excluded.step`,
        [scope ?? ACCOUNT, reason, since, until, step],
      );
    },
    async end(session, { scope, reason }) {
      await session.run(`DELETE FROM ${schema}.holds WHERE scope = $1 AND reason = $2`, [
        scope ?? ACCOUNT,
        reason,
      ]);
    },
  };
}
