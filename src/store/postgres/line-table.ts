import type { Hold, Line } from '../../decide/holds.ts';
import type { CardSharesChange, CardSharesRow } from '../plan/housekeeping.ts';
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
  cardDigest: 'card_digest',
  cardChangedAt: 'card_changed_at',
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

/** @see Store.cardShares; each in the current transaction */
export interface CardSharesTable {
  /** In the order of their lines, which is the order of locks. */
  add(session: Session, changes: readonly CardSharesChange[]): Promise<void>;
  /** A pass over the chats begins: it counts those that have the card as it was. */
  restart(session: Session): Promise<void>;
  all(session: Session): Promise<readonly CardSharesRow[]>;
}

export function createCardSharesTable({
  schema,
  slot,
}: Pick<StoreContext, 'schema' | 'slot'>): CardSharesTable {
  const table = `${schema}.card_shares`;
  const sum = (column: string) =>
    `${column} = excluded.${column} + CASE WHEN s.changed_at = excluded.changed_at THEN s.${column} ELSE 0 END`;
  return {
    async add(session, changes) {
      if (changes.length === 0) return;
      await session.run(
        `INSERT INTO ${table} AS s (line_id, slot, changed_at, chats, shared_again)
          SELECT l.id, ${slot}, c."changedAt", sum(c.chats), sum(c."sharedAgain")
          FROM json_to_recordset($1::json) AS c (line text, "changedAt" bigint, chats bigint, "sharedAgain" bigint)
          JOIN ${schema}.lines l ON l.line = c.line GROUP BY l.id, c."changedAt" ORDER BY l.id
          ON CONFLICT (line_id, slot) DO UPDATE SET changed_at = excluded.changed_at, ${sum('chats')}, ${sum('shared_again')}`,
        [JSON.stringify(changes)],
      );
    },
    async restart(session) {
      await session.run(
        `UPDATE ${table} s SET chats = shared_again FROM (SELECT line_id, slot FROM ${table}
          ORDER BY line_id, slot FOR NO KEY UPDATE) AS o WHERE (s.line_id, s.slot) = (o.line_id, o.slot)`,
      );
    },
    all: (session) =>
      session.rows<CardSharesRow>(
        `SELECT line, card_changed_at AS "changedAt", sum(chats)::bigint AS chats,
            sum(shared_again)::bigint AS "sharedAgain"
          FROM ${schema}.lines l LEFT JOIN ${table} s ON s.line_id = l.id AND s.changed_at = card_changed_at
          WHERE card_changed_at IS NOT NULL GROUP BY l.id, line, card_changed_at ORDER BY l.id`,
      ),
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
