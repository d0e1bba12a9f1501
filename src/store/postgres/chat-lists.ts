import type { ChatRecord } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { matchesAny, type Sharing, shownCounts } from '../plan/chat-lists.ts';
import { parseCursor } from '../plan/chat-row.ts';
import { lastDayFrom, MINUTES } from '../plan/figures.ts';
import { quarantineExpiredUpTo } from '../plan/housekeeping.ts';
import { catchUpIn, deliveryNewsIn } from '../plan/meta.ts';
import type { ChatCount, ChatFilter, ChatPage, PageStore, StoreSummary } from '../store.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { ChatTable } from './chat-table.ts';
import type { Calls, StoreContext } from './context.ts';
import type { Session } from './database.ts';
import { isLeased } from './lease-table.ts';
import { type MetaTable, metaIn } from './meta.ts';

export function createChatList({ schema }: Pick<StoreContext, 'schema'>, chats: ChatTable) {
  const keys = `${schema}.chat_counts k LEFT JOIN ${schema}.lines n ON n.id = k.line_id`;
  const counted = `SELECT k.id, line, state, reason, t.count FROM ${keys} JOIN (
      SELECT count_id, sum(n)::bigint AS count FROM ${schema}.chat_tallies GROUP BY count_id HAVING sum(n) > 0
    ) AS t ON t.count_id = k.id`;
  /** The chats whose attempt is in progress: they are shown as `sharing`, whatever their row says. */
  const sharing = `SELECT c.id, line, state, reason, l.trigger FROM ${schema}.leases l
    JOIN ${schema}.chats c ON c.id = l.chat_row JOIN (${keys}) ON k.id = c.count_id WHERE l.until_at > $1`;
  /** SQL: what `shownIn` takes, at the instant `$1`. */
  const shown = `${rowsOf(counted)} AS counted, ${rowsOf(sharing)} AS sharing`;

  return {
    shown,
    async counts(session: Session, now: EpochMs): Promise<readonly ChatCount[]> {
      const [row] = await session.rows<Shown>(`SELECT ${shown}`, [now]);
      return row === undefined ? [] : shownIn(row);
    },
    async page(
      session: Session,
      filters: readonly ChatFilter[],
      limit: number,
      cursor: string | null,
      now: EpochMs,
    ) {
      const after = cursor === null ? 0 : parseCursor(cursor);
      if (after === null) throw new StoreError('broken', 'a cursor must come from the previous page');
      const busy = await session.rows<Sharing & { id: number }>(sharing, [now]);
      const isWantedBusy = ({ line, trigger }: Sharing) =>
        matchesAny(filters, { line, state: 'sharing', reason: trigger });
      const countIds = (await session.rows<ChatCount & { id: number }>(counted))
        .filter((count) => matchesAny(filters, count))
        .map(({ id }) => id);
      // only the front of what each count stands for: one may count a million chats
      const found = await session.rows<{ id: number }>(
        `SELECT f.id FROM unnest($1::bigint[]) AS q (count_id) CROSS JOIN LATERAL (
            SELECT id FROM ${schema}.chats c WHERE c.count_id = q.count_id AND id > $2 ORDER BY id LIMIT $3) AS f
          ORDER BY f.id LIMIT $3`,
        [countIds, after, limit + 1 + busy.length],
      );
      const busyIds = new Set(busy.map(({ id }) => id));
      const ids = found
        .map(({ id }) => id)
        .filter((id) => !busyIds.has(id))
        .concat(busy.filter((chat) => chat.id > after && isWantedBusy(chat)).map(({ id }) => id))
        .sort((a, b) => a - b);
      const onPage = ids.slice(0, limit);
      const last = onPage.at(-1);
      const page: ChatPage = {
        chats: await inOrder(session, chats, onPage),
        nextCursor: ids.length > limit && last !== undefined ? String(last) : null,
      };
      return page;
    },
  };
}

/** SQL: the rows of a query as one value. One statement can read several such, of one moment. */
const rowsOf = (query: string) => `(SELECT coalesce(json_agg(r), '[]') FROM (${query}) AS r)`;

interface Shown {
  readonly counted: readonly ChatCount[];
  readonly sharing: readonly Sharing[];
}

const shownIn = ({ counted, sharing }: Shown) => shownCounts(counted, sharing);

/** @see Store.summary; in one statement, since each further one waits for another answer of the server. */
export function createSummary(
  { schema }: Pick<StoreContext, 'schema'>,
  list: Pick<ReturnType<typeof createChatList>, 'shown'>,
  attempts: Pick<AttemptTable, 'totals'>,
  meta: Pick<MetaTable, 'asJson'>,
  fronts: string,
) {
  const statement = `SELECT ${list.shown}, ${rowsOf(fronts)} AS heads, ${attempts.totals('$2')} AS totals,
    ${meta.asJson} AS meta,
    (SELECT json_build_object('count', count(*), 'oldestAt', min(received_at)) FROM ${schema}.quarantine
      WHERE received_at > $3) AS quarantined,
    (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
      WHERE relnamespace = to_regnamespace($4) AND relkind = 'r') AS "sizeBytes"`;

  return async (session: Session, now: EpochMs): Promise<StoreSummary> => {
    const since = lastDayFrom(now) / MINUTES.spanMs;
    const [row] = await session.rows<SummaryRow>(statement, [now, since, quarantineExpiredUpTo(now), schema]);
    if (row === undefined) throw new StoreError('broken', 'the summary has no row');
    const { counted, sharing, meta: stored, ...read } = row;
    const values = metaIn(stored);
    return {
      ...read,
      counts: shownIn({ counted, sharing }),
      deliveryNews: deliveryNewsIn(values),
      catchUp: catchUpIn(values),
      lastBackupAt: values.number('last_backup_at'),
    };
  };
}

type SummaryRow = Shown &
  Pick<StoreSummary, 'heads' | 'totals' | 'quarantined' | 'sizeBytes'> & {
    readonly meta: Parameters<typeof metaIn>[0];
  };

/** The chats of these rows, in the order given. */
async function inOrder(
  session: Session,
  chats: ChatTable,
  ids: readonly number[],
): Promise<readonly ChatRecord[]> {
  if (ids.length === 0) return [];
  const rows = await chats.read(session, 'c.id = ANY($1)', [ids]);
  const byId = new Map(rows.chats.map(({ id, chat }) => [id, chat]));
  return ids.map((id) => byId.get(id)).filter((chat) => chat !== undefined);
}

export function createPageStore(
  { schema }: Pick<StoreContext, 'schema'>,
  chats: ChatTable,
  attempts: AttemptTable,
  { look, read }: Pick<Calls, 'look' | 'read'>,
): PageStore {
  // only the front of each line's queue: one may be a million chats long
  const fronts = `SELECT f.id, line FROM (SELECT id, line FROM ${schema}.lines UNION ALL SELECT 0, NULL) AS q
    CROSS JOIN LATERAL (SELECT x.id, x.next_attempt_at FROM ${schema}.chats x
      WHERE x.line_id = q.id AND x.next_attempt_at IS NOT NULL AND NOT ${isLeased(schema, 'x', '$1')}
      ORDER BY x.next_attempt_at, x.id LIMIT $2) AS f
    WHERE NOT (coalesce(line, '') = ANY($3)) ORDER BY f.next_attempt_at, f.id LIMIT $2`;

  return {
    shareHistory: (now) => look((session) => attempts.history(session, now)),
    recentAttempts: (limit) => read((session) => attempts.recent(session, limit)),
    nextDue: (limit, now, notLines = []) =>
      read(async (session) => {
        const without = notLines.map((line) => line ?? '');
        const found = await session.rows<{ id: number }>(fronts, [now, limit, without]);
        return inOrder(
          session,
          chats,
          found.map(({ id }) => id),
        );
      }),
    chatsByIdPrefix: (prefix, limit) =>
      look(async (session) => {
        // ids with this prefix come first in this order
        const ids = await session.rows<{ id: number }>(
          `SELECT id FROM ${schema}.chats WHERE chat_id >= $1 ORDER BY chat_id LIMIT $2`,
          [prefix, limit],
        );
        const found = await inOrder(
          session,
          chats,
          ids.map(({ id }) => id),
        );
        return found.filter(({ chatId }) => chatId.startsWith(prefix));
      }),
  };
}
