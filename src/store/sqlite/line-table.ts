import { and, eq, getTableColumns } from 'drizzle-orm';
import type { Hold, Line, StoredHoldReason } from '../../decide/holds.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { CardSharesChange, CardSharesRow } from '../plan/housekeeping.ts';
import { holds, lines } from '../schema/schema.ts';
import type { StoreContext } from './context.ts';

export interface LineTable {
  find(line: string): Line | null;
  /** Changes a line; creates it first if missing. */
  update(line: string, change: Partial<Omit<Line, 'line'>>): void;
  all(): readonly Line[];
}

/** @param onCardChange a card changed: what is known of the cards is outdated */
export function createLineTable({ orm }: StoreContext, onCardChange: () => void): LineTable {
  const { id: _id, ...columns } = getTableColumns(lines);
  return {
    find: (line) => orm.select(columns).from(lines).where(eq(lines.line, line)).get() ?? null,
    update(line, change) {
      if (change.cardChangedAt !== undefined) onCardChange();
      orm
        .insert(lines)
        .values({ ...change, line })
        .onConflictDoUpdate({ target: lines.line, set: { ...change, line } })
        .run();
    },
    all: () => orm.select(columns).from(lines).orderBy(lines.id).all(),
  };
}

export interface LineIds {
  /** The row of a line, created if missing; null for no line. */
  idOf(line: string | null): number | null;
  /** The row of a known line, else `undefined`; null for no line. */
  find(line: string | null): number | null | undefined;
  lineOf(id: number | null): string | null;
  /** Null also if the policy doesn't ask for it. */
  cardChangedAt(id: number | null): EpochMs | null;
  forgetCards(): void;
}

/** Maps numbers to rows of `lines`: there are few lines and many chats, so each is looked up once. */
export function createLineIds({ sql, transactions, policy }: StoreContext): LineIds {
  const ids = new Map<string, number>();
  const names = new Map<number, string>();
  const cards = new Map<number, EpochMs | null>();
  transactions.join({
    forget() {
      ids.clear();
      names.clear();
      cards.clear();
    },
  });
  const selectCard = sql
    .prepare<[number], EpochMs | null>('SELECT card_changed_at FROM lines WHERE id = ?')
    .pluck();
  const select = sql.prepare<[string], number>('SELECT id FROM lines WHERE line = ?').pluck();
  const selectName = sql.prepare<[number], string>('SELECT line FROM lines WHERE id = ?').pluck();
  const insert = sql.prepare<[string], number>('INSERT INTO lines (line) VALUES (?) RETURNING id').pluck();

  const learn = (line: string, id: number) => {
    ids.set(line, id);
    names.set(id, line);
    return id;
  };
  const find = (line: string | null) => {
    if (line === null) return null;
    const id = ids.get(line) ?? select.get(line);
    return id === undefined ? undefined : learn(line, id);
  };
  return {
    find,
    idOf(line) {
      const id = find(line);
      if (id !== undefined || line === null) return id ?? null;
      return learn(line, Number(insert.get(line)));
    },
    lineOf(id) {
      if (id === null) return null;
      const line = names.get(id) ?? selectName.get(id) ?? null;
      if (line !== null) learn(line, id);
      return line;
    },
    cardChangedAt(id) {
      if (id === null || !policy.reshareOnCardChange) return null;
      const known = cards.get(id);
      if (known !== undefined) return known;
      const changedAt = selectCard.get(id) ?? null;
      cards.set(id, changedAt);
      return changedAt;
    },
    forgetCards: () => cards.clear(),
  };
}

/** @see Store.cardShares; each in the current transaction */
export interface CardSharesTable {
  add(changes: readonly CardSharesChange[]): void;
  /** A pass over the chats begins: it counts those that have the card as it was. */
  restart(): void;
  all(): readonly CardSharesRow[];
}

export function createCardSharesTable({ sql }: StoreContext): CardSharesTable {
  const add = sql.prepare<[CardSharesChange]>(
    `INSERT INTO card_shares AS s (line_id, changed_at, chats, shared_again)
      SELECT id, @changedAt, @chats, @sharedAgain FROM lines WHERE line = @line
      ON CONFLICT (line_id) DO UPDATE SET changed_at = excluded.changed_at,
        chats = excluded.chats + iif(s.changed_at = excluded.changed_at, s.chats, 0),
        shared_again = excluded.shared_again + iif(s.changed_at = excluded.changed_at, s.shared_again, 0)`,
  );
  const restart = sql.prepare('UPDATE card_shares SET chats = shared_again');
  const all = sql.prepare<[], CardSharesRow>(
    `SELECT line, card_changed_at AS changedAt, chats, shared_again AS sharedAgain
      FROM lines LEFT JOIN card_shares ON line_id = lines.id AND changed_at = card_changed_at
      WHERE card_changed_at IS NOT NULL ORDER BY lines.id`,
  );
  return {
    add: (changes) => {
      for (const change of changes) add.run(change);
    },
    restart: () => void restart.run(),
    all: () => all.all(),
  };
}

export interface HoldTable {
  all(): readonly Hold[];
  put(hold: Hold): void;
  end(hold: Pick<Hold, 'scope' | 'reason'>): void;
}

/** Stands for the account in place of a line's number: a key can't be null. */
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
    end({ scope, reason }: { scope: string | null; reason: StoredHoldReason }) {
      orm
        .delete(holds)
        .where(and(eq(holds.scope, scope ?? ACCOUNT), eq(holds.reason, reason)))
        .run();
    },
  };
}
