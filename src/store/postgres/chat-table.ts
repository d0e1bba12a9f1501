import { getTableColumns } from 'drizzle-orm';
import { type Lease, newChat, type Trigger } from '../../decide/chat.ts';
import { shiftChat } from '../../decide/clock-shift.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import type { ChatWrite, StoredChat } from '../plan/chat-row.ts';
import { isAhead, type PendingShift, type Restored } from '../plan/housekeeping.ts';
import { pendingShiftOf } from '../plan/meta.ts';
import { CHAT_COLUMNS, type ChatRow, chatOf, rowOf } from '../schema/chat-row.ts';
import { chats as columns } from '../schema/schema.ts';
import type { StoreContext } from './context.ts';
import type { Session } from './database.ts';
import type { Dictionary } from './dictionary.ts';

/** A chat as stored in the database. */
export interface PgChat extends StoredChat {
  /** Null while it isn't there. */
  readonly row: ChatRow | null;
  /** How often its row was written; 0: it isn't there. */
  readonly rev: number;
  /** The lease as stored. */
  readonly lease: Lease | null;
  /** A pending correction of the clock hasn't reached its row. */
  readonly isAhead: boolean;
}

export interface ChatRows {
  readonly chats: readonly PgChat[];
  readonly restored: Restored;
}

export interface Written {
  readonly id: number;
  readonly chatId: string;
}

export interface ChatTable {
  /** Reads without locks, in one statement. @param condition over `c`, the chats */
  read(session: Session, condition: string, values: readonly unknown[]): Promise<ChatRows>;
  /** A chat that isn't stored is a new one without a row. */
  find(
    session: Session,
    chatIds: readonly string[],
  ): Promise<ChatRows & { byId: ReadonlyMap<string, PgChat> }>;
  /**
   * Writes rows that nobody has written since they were read, all in one statement in the order of their ids.
   * @param isCounted also counts them, in the same statement
   * @returns those written; the others lost the race, and have to be read and decided again
   */
  put(
    session: Session,
    changes: readonly ChatWrite<PgChat>[],
    isCounted: boolean,
  ): Promise<readonly Written[]>;
  /** The row that a change makes; its line and count must be in the dictionary. */
  rowAfter(change: ChatWrite<PgChat>): ChatRow;
  /** Adds to the tallies of our slot, in the order of their numbers, which is the order of locks. */
  addToCounts(session: Session, changes: ReadonlyMap<number, number>): Promise<void>;
}

type ReadRow = readonly unknown[];

const TYPES = Object.values(getTableColumns(columns)).map(({ dataType }) =>
  dataType === 'number' ? 'bigint' : 'text',
);
/** Columns before those of the chat in what is read: the restore mark and a pending clock correction. */
const MARKS = 3;
const CHAT_ID = 3;
/** Written in every statement: the key, and what a new row can't be without. */
const NEEDED = new Set([1, 2, CHAT_ID]);

export function createChatTable(
  { schema, outdated, slot, policy }: Pick<StoreContext, 'schema' | 'outdated' | 'slot' | 'policy'>,
  dictionary: Dictionary,
): ChatTable {
  // read anew each time: another replica may have seen it change
  const cardChangedAt = policy.reshareOnCardChange
    ? `(SELECT card_changed_at FROM ${schema}.lines WHERE id = c.line_id)`
    : 'NULL::bigint';
  const meta = (key: string) => `(SELECT value FROM ${schema}.meta WHERE key = '${key}')`;
  // one row of marks even if no chat is found
  const select = `SELECT m.*, ${CHAT_COLUMNS.map((name) => `c.${name}`).join(', ')}, c.rev,
      l.attempt_id, l.trigger, l.started_at, l.until_at, l.may_have_called, n.chat_row IS NOT NULL,
      ${cardChangedAt}
    FROM (SELECT ${meta('clock_shift')}, ${meta('restored_at')}, ${meta('restored_last_row')}) AS m
    LEFT JOIN (${schema}.chats c LEFT JOIN ${schema}.leases l ON l.chat_row = c.id
      LEFT JOIN ${schema}.shifted_chats n ON n.chat_row = c.id) ON `;

  /** When the latest attempts of these chats ended. */
  async function lastEnds(session: Session, ids: readonly number[]): Promise<ReadonlyMap<number, EpochMs>> {
    if (ids.length === 0) return new Map();
    const rows = await session.arrays<[number, number]>(
      `SELECT DISTINCT ON (chat_row) chat_row, ended_at FROM ${schema}.attempts
        WHERE chat_row = ANY($1) ORDER BY chat_row, id DESC`,
      [ids],
    );
    return new Map(rows);
  }

  function storedOf(found: ReadRow, shift: PendingShift | null, ends: ReadonlyMap<number, EpochMs>): PgChat {
    const row = found.slice(MARKS, MARKS + CHAT_COLUMNS.length) as unknown as ChatRow;
    const [rev, attemptId, trigger, startedAt, until, mayHaveCalled, isNoted, changedAt] = found.slice(
      MARKS + CHAT_COLUMNS.length,
    ) as [number, string | null, Trigger, number, number, number, boolean, EpochMs | null];
    const lease =
      attemptId === null
        ? null
        : { attemptId, trigger, startedAt, until, mayHaveCalled: mayHaveCalled === 1 };
    const written = chatOf(row, dictionary.keyOf(row[1]), changedAt);
    const id = row[0];
    const isToShift = shift !== null && isAhead(shift, id) && !isNoted;
    // the last end is unknown while an attempt is in progress
    const endedAt = lease === null && written.retryAt !== null ? (ends.get(id) ?? null) : null;
    const shifted = isToShift ? shiftChat(written, endedAt, shift) : written;
    const chat = lease === null ? shifted : { ...shifted, lease };
    return { id, row, rev, lease, chat, isShifted: shifted !== written, isAhead: isToShift };
  }

  const table: ChatTable = {
    async read(session, condition, values) {
      const found = await session.arrays<ReadRow>(`${select}${condition}`, values);
      const [shiftText, restoredAt, lastRow] = (found[0] ?? []) as (string | null)[];
      const shift = pendingShiftOf(shiftText ?? null);
      const rows = found.filter((row) => row[MARKS] !== null);
      await dictionary.readKeys(rows.map((row) => row[MARKS + 1] as number));
      const ends = await lastEnds(session, shift === null ? [] : rows.map((row) => row[MARKS] as number));
      return {
        chats: rows.map((row) => storedOf(row, shift, ends)),
        restored: { at: numberIn(restoredAt), lastRow: numberIn(lastRow) },
      };
    },
    async find(session, chatIds) {
      const rows = await table.read(session, 'c.chat_id = ANY($1)', [chatIds]);
      const byId = new Map(chatIds.map((chatId) => [chatId, unstored(chatId)]));
      for (const stored of rows.chats) byId.set(stored.chat.chatId, stored);
      return { ...rows, byId };
    },
    rowAfter: ({ stored, chat }) =>
      rowOf(chat, stored.id ?? 0, dictionary.countIdOf(chat), dictionary.lineIdOf(chat.line)),
    async put(session, changes, isCounted) {
      const written = new Set<number>(NEEDED);
      const rows = changes.map((change) => {
        const after = table.rowAfter(change);
        const before = change.stored.row;
        for (let column = 1; column < after.length; column++)
          if (after[column] !== (before === null ? null : before[column])) written.add(column);
        return { change, after };
      });
      const set = [...written].sort((a, b) => a - b);
      const hasAhead = changes.some(({ stored }) => stored.isAhead);
      const text = putStatement({ schema, outdated }, set, hasAhead, isCounted ? slot : null);
      const values = rows.map(({ change: { stored }, after }) => ({
        id: stored.id,
        rev: stored.rev + 1,
        was: stored.row?.[1] ?? null,
        ahead: stored.isAhead,
        ...Object.fromEntries(set.map((column) => [`x${column}`, after[column]])),
      }));
      return session.rows<Written>(text, [JSON.stringify(values)]);
    },
    async addToCounts(session, changes) {
      const moved = [...changes].filter(([, by]) => by !== 0);
      if (moved.length === 0) return;
      await session.run(
        `WITH d AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS d (id, by)) ${addTallies(schema, slot)}`,
        [moved.map(([id]) => id), moved.map(([, by]) => by)],
      );
    },
  };
  return table;
}

/** SQL: adds what `d` has for each count, locking them in the order of their numbers. */
const addTallies = (schema: string, slot: number) =>
  `INSERT INTO ${schema}.chat_tallies AS n (count_id, slot, n) SELECT id, ${slot}, by FROM d ORDER BY id
    ON CONFLICT (count_id, slot) DO UPDATE SET n = n.n + excluded.n`;

/**
 * The rows come as JSON: it costs less than an array for each column. They are written in the order of their chat ids, as
 * everybody locks chats, so that no two wait for each other; but new ones are numbered in the order given. None is written
 * if a newer version has made the tables others': as if others had written all of them meanwhile.
 * @param set the columns to write
 * @param slot where the chats are counted; null: nowhere
 */
function putStatement(
  { schema, outdated }: Pick<StoreContext, 'schema' | 'outdated'>,
  set: readonly number[],
  hasAhead: boolean,
  slot: number | null,
): string {
  const names = set.map((column) => CHAT_COLUMNS[column]).join(', ');
  const given = set.map((column) => `x${column}`).join(', ');
  const types = set.map((column) => `x${column} ${TYPES[column]}`).join(', ');
  const updates = set.filter((column) => column !== CHAT_ID).map((column) => CHAT_COLUMNS[column]);
  const assigned = updates.map((name) => `${name} = excluded.${name}`).join(', ');
  const parts = [
    `r AS MATERIALIZED (SELECT coalesce(j.id, nextval('${schema.replaceAll("'", "''")}.chats_id_seq')) AS row_id, j.*
      FROM json_to_recordset($1::json) AS j (id bigint, rev bigint, was bigint, ahead boolean, ${types})
      WHERE NOT ${outdated})`,
    `w AS (INSERT INTO ${schema}.chats AS t (id, rev, ${names}) SELECT row_id, rev, ${given} FROM r ORDER BY x${CHAT_ID}
      ON CONFLICT (chat_id) DO UPDATE SET rev = excluded.rev, ${assigned} WHERE t.rev = excluded.rev - 1
      RETURNING t.id, t.chat_id)`,
  ];
  if (hasAhead) {
    parts.push(`s AS (INSERT INTO ${schema}.shifted_chats SELECT w.id FROM w JOIN r ON r.x${CHAT_ID} = w.chat_id
      WHERE r.ahead ON CONFLICT DO NOTHING)`);
  }
  if (slot !== null) {
    parts.push(
      `d AS (SELECT v.id, sum(v.by)::bigint AS by FROM w JOIN r ON r.x${CHAT_ID} = w.chat_id
        CROSS JOIN LATERAL (VALUES (r.x1, 1), (r.was, -1)) AS v (id, by)
        WHERE v.id IS NOT NULL GROUP BY v.id HAVING sum(v.by) <> 0)`,
      `u AS (${addTallies(schema, slot)})`,
    );
  }
  return `WITH ${parts.join(', ')} SELECT id, chat_id AS "chatId" FROM w`;
}

function unstored(chatId: string): PgChat {
  return { id: null, row: null, rev: 0, lease: null, chat: newChat(chatId), isAhead: false };
}

function numberIn(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}

/** The row number of a chat that is stored. */
export function idOf({ id }: StoredChat): number {
  if (id === null) throw new StoreError('broken', 'the chat is not stored');
  return id;
}
