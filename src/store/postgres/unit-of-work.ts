import type { ChatRecord } from '../../decide/chat.ts';
import type { Writes } from '../plan/chat-row.ts';
import type { CardSharesChange } from '../plan/housekeeping.ts';
import type { Attempt } from '../turn.ts';
import type { AttemptTable, EndedRow } from './attempt-table.ts';
import { type ChatTable, idOf, type PgChat } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';
import type { Dictionary } from './dictionary.ts';
import { LostRaceError } from './faults.ts';
import type { LeaseTable } from './lease-table.ts';
import type { CardSharesTable } from './line-table.ts';

/**
 * The chats that a transaction has locked, and what it will write of them. Everybody locks in this order, and so waits for
 * nobody who waits for him:
 * 1. chats, in the order of their chat ids;
 * 2. `control`, and under it holds and lines: only transactions that change those. It comes late, so that none waits for it
 *    because of a chat;
 * 3. gates, and under them further chats, but only those that nobody else has locked: a manual share, which waits for the
 *    gate of its chat, and a corrected clock have nothing after it that others wait for;
 * 4. at the end, the figures of changed cards, the tallies and the other figures, each table in the order of its keys.
 *
 * Single values (`MetaTable`) are locked before all of it. New lines and keys are committed ahead on other connections: a
 * new line waits for `control`, so it is added before that is locked.
 */
export interface UnitOfWork {
  /**
   * Locks chats and reads them again: only what is read under the lock is certain to be current, leases above all.
   * @param statement yields the column `id`, locking its rows `FOR NO KEY UPDATE`
   * @returns in the order of the statement
   */
  lock(statement: string, values: readonly unknown[]): Promise<readonly PgChat[]>;
  /** Reads chats that a statement of this transaction, after a `flush`, has just locked; in the order given. */
  taken(ids: readonly number[]): Promise<readonly PgChat[]>;
  /** Locks these chats, and waits for transactions that hold them; those that aren't there are left out. */
  lockAll(rows: readonly number[], chatIds?: readonly string[]): Promise<void>;
  /** A locked chat as it is after all writes so far; null: it isn't there. */
  get(id: number): PgChat | null;
  find(chatId: string): PgChat | null;
  /** An attempt that ended in this transaction or before; null: there is none of this id. */
  ended(chatRow: number, attemptId: string): Promise<Attempt | null>;
  /** Takes over what a plan writes about locked chats. */
  write(writes: Partial<Writes<PgChat>>): void;
  /** Adds to the figures of a line's changed card. */
  countCards(changes: readonly CardSharesChange[]): void;
  /** Writes the chats and leases, so that statements see them. */
  flush(): Promise<void>;
  /** Writes the rest; afterwards only the commit is left. */
  finish(): Promise<void>;
}

interface Parts {
  readonly chats: ChatTable;
  readonly leases: LeaseTable;
  readonly attempts: AttemptTable;
  readonly dictionary: Dictionary;
  readonly cardShares: Pick<CardSharesTable, 'add'>;
}

export type InUnit = <T>(session: Session, body: (unit: UnitOfWork) => Promise<T>) => Promise<T>;

/** Runs a body with a unit of work in the current transaction, and writes all of it. */
export function createUnits({ schema }: Pick<StoreContext, 'schema'>, parts: Parts): InUnit {
  return async (session, body) => {
    const unit = createUnit(schema, parts, session);
    const result = await body(unit);
    await unit.finish();
    return result;
  };
}

function createUnit(
  schema: string,
  { chats, leases, attempts, dictionary, cardShares }: Parts,
  session: Session,
): UnitOfWork {
  const known = new Map<number, PgChat>();
  const rowOf = new Map<string, number>();
  /** The chats to write, as they will be. */
  const changed = new Map<number, ChatRecord>();
  const counts = new Map<number, number>();
  const ended: EndedRow[] = [];
  const cards: CardSharesChange[] = [];

  const count = (id: number, by: number) => counts.set(id, (counts.get(id) ?? 0) + by);

  async function putChats(): Promise<void> {
    const all = [...changed].flatMap(([id, chat]) => {
      const stored = known.get(id);
      return stored === undefined ? [] : [{ stored, chat }];
    });
    await dictionary.addCounts(all.map(({ chat }) => chat));
    const rows = all.map((change) => ({ change, after: chats.rowAfter(change) }));
    const differing = rows.filter(({ change: { stored }, after }) =>
      after.some((value, column) => value !== stored.row?.[column]),
    );
    if (differing.length > 0) {
      const changes = differing.map(({ change }) => change);
      const written = await chats.put(session, changes, false);
      if (written.length < changes.length) throw new LostRaceError();
    }
    for (const { change, after } of differing) {
      const { stored, chat } = change;
      const before = stored.row?.[1];
      if (before !== undefined) count(before, -1);
      count(after[1], 1);
      const current = { row: after, rev: stored.rev + 1, isShifted: false, isAhead: false };
      known.set(idOf(stored), { ...stored, ...current, chat });
    }
  }

  async function putLeases(): Promise<void> {
    const removed: number[] = [];
    const put = new Map<number, NonNullable<PgChat['lease']>>();
    for (const [id, chat] of changed) {
      const stored = known.get(id);
      if (stored === undefined || stored.lease === chat.lease) continue;
      if (chat.lease === null) removed.push(id);
      else put.set(id, chat.lease);
      known.set(id, { ...stored, lease: chat.lease, chat });
    }
    await leases.remove(session, removed);
    await leases.put(session, put);
  }

  const unit: UnitOfWork = {
    async lock(statement, values) {
      await unit.flush();
      const locked = await session.rows<{ id: number }>(statement, values);
      return unit.taken(locked.map(({ id }) => id));
    },
    async taken(ids) {
      if (ids.length === 0) return [];
      const read = await chats.read(session, 'c.id = ANY($1)', [ids]);
      for (const stored of read.chats) {
        known.set(idOf(stored), stored);
        rowOf.set(stored.chat.chatId, idOf(stored));
      }
      return ids.map((id) => known.get(id)).filter((stored) => stored !== undefined);
    },
    async lockAll(rows, chatIds = []) {
      if (rows.length + chatIds.length === 0) return;
      await unit.lock(
        `SELECT id FROM ${schema}.chats WHERE id = ANY($1) OR chat_id = ANY($2) ORDER BY chat_id FOR NO KEY UPDATE`,
        [rows, chatIds],
      );
    },
    get(id) {
      const stored = known.get(id);
      if (stored === undefined) return null;
      const chat = changed.get(id);
      return chat === undefined ? stored : { ...stored, chat };
    },
    find(chatId) {
      const id = rowOf.get(chatId);
      return id === undefined ? null : unit.get(id);
    },
    async ended(chatRow, attemptId) {
      const own = ended.find(({ lease }) => lease.attemptId === attemptId);
      if (own === undefined) return attempts.find(session, chatRow, attemptId);
      const { trigger, startedAt } = own.lease;
      const chatId = known.get(chatRow)?.chat.chatId ?? '';
      return { attemptId, chatId, trigger, startedAt, ...own.end };
    },
    write(writes) {
      for (const { stored, lease, end } of writes.attempts ?? [])
        ended.push({ chatRow: idOf(stored), lease, end });
      for (const { stored, chat } of writes.chats ?? []) changed.set(idOf(stored), chat);
    },
    countCards: (changes) => void cards.push(...changes),
    async flush() {
      if (changed.size === 0) return;
      await putChats();
      await putLeases();
      changed.clear();
    },
    async finish() {
      await unit.flush();
      await cardShares.add(session, cards);
      await chats.addToCounts(session, counts);
      await attempts.add(session, ended);
    },
  };
  return unit;
}
