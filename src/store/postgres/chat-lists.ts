import type { ChatRecord, Trigger } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import {
  type ChatListRequest,
  KEY_COLUMNS,
  LISTS_ALL,
  MAX_SORTED,
  matchesAny,
  NO_KEY,
  type Position,
  pageOf,
  pageOfQueues,
  queuePart,
  type Sharing,
  shownCounts,
  startOf,
} from '../plan/chat-lists.ts';
import { lastDayFrom, MINUTES } from '../plan/figures.ts';
import { quarantineExpiredUpTo } from '../plan/housekeeping.ts';
import { catchUpIn, deliveryNewsIn } from '../plan/meta.ts';
import type { ChatCount, ChatKey, ChatPage, PageStore, StoreSummary } from '../store.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { ChatTable } from './chat-table.ts';
import type { Calls, StoreContext } from './context.ts';
import { rowsOf, type Session } from './database.ts';
import { isLeased } from './lease-table.ts';
import { type MetaTable, metaIn } from './meta.ts';

export function createChatList({ schema }: Pick<StoreContext, 'schema'>, chats: ChatTable) {
  const keys = `${schema}.chat_counts k LEFT JOIN ${schema}.lines n ON n.id = k.line_id`;
  const counted = `SELECT k.id, k.line_id AS "lineId", line, state, reason, t.count FROM ${keys} JOIN (
      SELECT count_id, sum(n)::bigint AS count FROM ${schema}.chat_tallies GROUP BY count_id HAVING sum(n) > 0
    ) AS t ON t.count_id = k.id`;
  /** The chats whose attempt is in progress: they are shown as `sharing`, whatever their row says. */
  const sharingWith = (
    more: string,
  ) => `SELECT c.id, line, state, reason, l.trigger${more} FROM ${schema}.leases l
    JOIN ${schema}.chats c ON c.id = l.chat_row JOIN (${keys}) ON k.id = c.count_id WHERE l.until_at > $1`;
  const sharing = sharingWith(
    ', c.last_outbound_at AS "lastMessageAt", c.last_shared_at AS "lastShareAt", c.next_attempt_at AS "nextAttemptAt"',
  );
  /** SQL: what `shownIn` takes, at the instant `$1`. */
  const shown = `${rowsOf(counted)} AS counted, ${rowsOf(sharingWith(''))} AS sharing`;

  /** The chats of these rows whose attempt isn't in progress, at the front of a list. */
  async function front(
    session: Session,
    request: ChatListRequest,
    countIds: readonly number[],
    limit: number,
  ) {
    const { by, isDescending } = request.order;
    const { at, id } = startOf(request.cursor, request.order);
    const [after, direction] = isDescending ? ['<', 'DESC'] : ['>', 'ASC'];
    if (by === 'first_seen') {
      // only the front of what each count stands for: one may count a million chats
      return session.rows<Position>(
        `SELECT f.id, ${NO_KEY} AS at FROM unnest($1::bigint[]) AS q (count_id) CROSS JOIN LATERAL (
            SELECT id FROM ${schema}.chats c WHERE c.count_id = q.count_id AND id ${after} $2::bigint
              ORDER BY id ${direction} LIMIT $3) AS f
          ORDER BY f.id ${direction} LIMIT $3`,
        [countIds, id, limit],
      );
    }
    const column = KEY_COLUMNS[by];
    return session.rows<Position>(
      `SELECT id, at FROM (SELECT id, coalesce(${column}, ${NO_KEY}) AS at FROM ${schema}.chats
          WHERE count_id = ANY($1) ${LISTS_ALL.has(by) ? '' : `AND ${column} IS NOT NULL`}) AS f
        WHERE (at, id) ${after} ($2::bigint, $3::bigint) ORDER BY at ${direction}, id ${direction} LIMIT $4`,
      [countIds, at, id, limit],
    );
  }

  /** The front of each line's queue. */
  async function queues(session: Session, request: ChatListRequest, lineIds: readonly number[]) {
    const { at, id } = startOf(request.cursor, request.order);
    const [after, direction] = request.order.isDescending ? ['<', 'DESC'] : ['>', 'ASC'];
    const part = queuePart(lineIds.length);
    const rows = await session.rows<Position & { countId: number; lineId: number }>(
      `SELECT f.id, f.at, f.count_id AS "countId", q.id AS "lineId" FROM unnest($1::bigint[]) AS q (id) CROSS JOIN LATERAL (
          SELECT id, next_attempt_at AS at, count_id FROM ${schema}.chats c WHERE c.line_id = q.id
            AND next_attempt_at IS NOT NULL AND (next_attempt_at, id) ${after} ($2::bigint, $3::bigint)
            ORDER BY next_attempt_at ${direction}, id ${direction} LIMIT $4) AS f`,
      [lineIds, at, id, part],
    );
    return lineIds.map((lineId) => {
      const ofLine = rows.filter((row) => row.lineId === lineId);
      return { rows: ofLine, isCut: ofLine.length === part };
    });
  }

  return {
    shown,
    async counts(session: Session, now: EpochMs): Promise<readonly ChatCount[]> {
      const [row] = await session.rows<Shown>(`SELECT ${shown}`, [now]);
      return row === undefined ? [] : shownIn(row);
    },
    async page(session: Session, request: ChatListRequest, now: EpochMs): Promise<ChatPage> {
      const { filters, limit, order } = request;
      const start = startOf(request.cursor, order);
      const busy = await session.rows<SharingRow>(sharing, [now]);
      const busyIds = new Set(busy.map(({ id }) => id));
      const wantedBusy = busy.filter(({ line, trigger }) =>
        matchesAny(filters, { line, state: 'sharing', reason: trigger }),
      );
      const all = await session.rows<CountedRow>(counted);
      const wanted = all.filter((count) => matchesAny(filters, count));
      const countIds = wanted.map(({ id }) => id);
      const size = wanted.reduce((sum, { count }) => sum + count, 0);
      let found: ReturnType<typeof pageOf>;
      if (order.by === 'next_attempt' && size > MAX_SORTED) {
        const lineIds = [...new Set(all.map(({ lineId }) => lineId))];
        const isCounted = new Set(countIds);
        const isWantedBusy = new Set(wantedBusy.map(({ id }) => id));
        found = pageOfQueues(
          await queues(session, request, lineIds),
          ({ id, countId }) => (busyIds.has(id) ? isWantedBusy.has(id) : isCounted.has(countId)),
          { start, limit, order },
        );
      } else {
        const rest = await front(session, request, countIds, limit + 1 + busy.length);
        const ofBusy = wantedBusy.map((chat) => positionOf(chat, order.by)).filter((one) => one !== null);
        found = pageOf([...rest.filter(({ id }) => !busyIds.has(id)), ...ofBusy], start, limit, order);
      }
      const { onPage, ...cursors } = found;
      const ids = onPage.map(({ id }) => id);
      return { ...cursors, chats: await inOrder(session, chats, ids) };
    },
  };
}

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

interface CountedRow extends ChatCount {
  readonly id: number;
  readonly lineId: number;
}

interface SharingRow extends Sharing {
  readonly id: number;
  readonly trigger: Trigger;
  readonly lastMessageAt: EpochMs | null;
  readonly lastShareAt: EpochMs | null;
  readonly nextAttemptAt: EpochMs | null;
}

/** Where a chat is listed whose attempt is in progress; null: the list leaves it out. */
function positionOf(chat: SharingRow, by: ChatKey): Position | null {
  if (by === 'first_seen') return { id: chat.id, at: NO_KEY };
  const at = {
    last_message: chat.lastMessageAt,
    last_share: chat.lastShareAt,
    next_attempt: chat.nextAttemptAt,
  }[by];
  return at === null && !LISTS_ALL.has(by) ? null : { id: chat.id, at: at ?? NO_KEY };
}

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
    chatsByIdPrefix: (prefix, limit, from = prefix) =>
      look(async (session) => {
        // ids with this prefix come first in this order
        const ids = await session.rows<{ id: number }>(
          `SELECT id FROM ${schema}.chats WHERE chat_id >= $1 ORDER BY chat_id LIMIT $2`,
          [from, limit],
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
