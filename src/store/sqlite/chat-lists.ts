import type { Statement } from 'better-sqlite3';
import { type ChatRecord, liveLease } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import {
  type ChatListRequest,
  KEY_COLUMNS,
  KEY_FACTS,
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
import type { ChatCount, ChatKey, ChatPage, PageStore } from '../store.ts';
import type { AttemptTable, Totals } from './attempt-table.ts';
import type { ChatTable } from './chat-table.ts';
import { BOUND_LIMIT, type Calls, type StoreContext } from './context.ts';
import { isLeased, type LeaseTable } from './lease-table.ts';

interface ChatList {
  counts(now: EpochMs): readonly ChatCount[];
  page(request: ChatListRequest, now: EpochMs): ChatPage;
}

/** What the chats of one line, state and reason are counted in. */
interface CountedRow extends ChatCount {
  readonly id: number;
  readonly lineId: number | null;
}

interface QueueRow extends Position {
  readonly countId: number;
}

export function createChatList(
  { sql }: StoreContext,
  chats: ChatTable,
  leases: Pick<LeaseTable, 'all'>,
): ChatList {
  const counted = sql.prepare<[], CountedRow>(
    `SELECT chat_counts.id, line_id AS lineId, line, state, reason, n AS count
      FROM chat_counts LEFT JOIN lines ON lines.id = chat_counts.line_id WHERE n > 0`,
  );
  const inBothDirections = <T>(prepare: (after: '>' | '<', direction: 'ASC' | 'DESC') => T) => {
    const [ascending, descending] = [prepare('>', 'ASC'), prepare('<', 'DESC')];
    return (isDescending: boolean) => (isDescending ? descending : ascending);
  };
  const firstSeen = inBothDirections((after, direction) =>
    sql.prepare<[number, number, number], Position>(
      `SELECT id, ${NO_KEY} AS at FROM chats WHERE count_id = ? AND id ${after} ? ORDER BY id ${direction} ${BOUND_LIMIT}`,
    ),
  );
  /** All chats that one row counts, with their key. */
  const allOf = new Map<ChatKey, Statement<[number], Position>>(
    Object.entries(KEY_COLUMNS).map(([key, column]) => [
      key as ChatKey,
      sql.prepare<[number], Position>(
        `SELECT id, coalesce(${column}, ${NO_KEY}) AS at FROM chats WHERE count_id = ?
          ${LISTS_ALL.has(key as ChatKey) ? '' : `AND ${column} IS NOT NULL`}`,
      ),
    ]),
  );
  const queue = inBothDirections((after, direction) =>
    sql.prepare<[{ lineId: number | null; at: number; id: number; limit: number }], QueueRow>(
      `SELECT id, next_attempt_at AS at, count_id AS countId FROM chats
        WHERE line_id IS @lineId AND next_attempt_at IS NOT NULL AND (next_attempt_at, id) ${after} (@at, @id)
        ORDER BY next_attempt_at ${direction}, id ${direction} LIMIT @limit + 0`,
    ),
  );
  /** The chats whose attempt is in progress: they are shown as `sharing`, whatever their row says. */
  function sharing(now: EpochMs): ReadonlyMap<number, Sharing> {
    const found = new Map<number, Sharing>();
    for (const chatRow of leases.all().keys()) {
      const stored = chats.get(chatRow);
      const lease = stored === null ? null : liveLease(stored.chat, now);
      if (stored === null || lease === null) continue;
      const { line, state, reason } = stored.chat;
      found.set(chatRow, { line, state, reason, trigger: lease.trigger });
    }
    return found;
  }

  /** The key of one chat; null: the list leaves it out. */
  function positionOf(id: number, by: ChatKey): Position | null {
    if (by === 'first_seen') return { id, at: NO_KEY };
    const chat = chats.get(id)?.chat;
    const at = chat?.[KEY_FACTS[by]] ?? null;
    return at === null && !LISTS_ALL.has(by) ? null : { id, at: at ?? NO_KEY };
  }

  function page({ filters, limit, cursor, order }: ChatListRequest, now: EpochMs) {
    const { by, isDescending } = order;
    const start = startOf(cursor, order);
    const busy = sharing(now);
    const wantedBusy = [...busy]
      .filter(([, { line, trigger }]) => matchesAny(filters, { line, state: 'sharing', reason: trigger }))
      .map(([id]) => id);
    const wanted = counted.all().filter((count) => matchesAny(filters, count));
    const size = wanted.reduce((sum, { count }) => sum + count, 0);
    if (by === 'next_attempt' && size > MAX_SORTED) {
      const countIds = new Set(wanted.map(({ id }) => id));
      const lineIds = [...new Set(counted.all().map(({ lineId }) => lineId))];
      const part = queuePart(lineIds.length);
      const queues = lineIds.map((lineId) => {
        const rows = queue(isDescending).all({ ...start, lineId, limit: part });
        return { rows, isCut: rows.length === part };
      });
      const isWanted = ({ id, countId }: QueueRow) =>
        busy.has(id) ? wantedBusy.includes(id) : countIds.has(countId);
      return pageOfQueues(queues, isWanted, { start, limit, order });
    }
    const all = wanted.flatMap(({ id }) =>
      by === 'first_seen'
        ? firstSeen(isDescending).all(id, start.id, limit + 1 + busy.size)
        : (allOf.get(by)?.all(id) ?? []),
    );
    const ofBusy = wantedBusy.map((id) => positionOf(id, by)).filter((position) => position !== null);
    return pageOf([...all.filter(({ id }) => !busy.has(id)), ...ofBusy], start, limit, order);
  }

  return {
    counts: (now) => shownCounts(counted.all(), [...sharing(now).values()]),
    page(request, now) {
      const { onPage, ...cursors } = page(request, now);
      const found = onPage.map(({ id }) => chats.get(id)?.chat).filter((chat) => chat !== undefined);
      return { ...cursors, chats: found };
    },
  };
}

interface PageParts {
  readonly chats: ChatTable;
  readonly attempts: AttemptTable;
  readonly totals: Totals;
}

export function createPageStore(
  { sql }: StoreContext,
  { chats, attempts, totals }: PageParts,
  { look, read }: Pick<Calls, 'look' | 'read'>,
): PageStore {
  const lines = sql.prepare<[], { id: number | null; line: string | null }>(
    'SELECT id, line FROM lines UNION ALL SELECT NULL, NULL',
  );
  // only the front of each line's queue: one may be a million chats long
  const front = sql.prepare<
    [{ lineId: number | null; now: EpochMs; limit: number }],
    { id: number; nextAttemptAt: EpochMs }
  >(
    `SELECT id, next_attempt_at AS nextAttemptAt FROM chats
      WHERE line_id IS @lineId AND next_attempt_at IS NOT NULL AND NOT ${isLeased('@now')}
      ORDER BY next_attempt_at, id LIMIT @limit + 0`,
  );
  const fromChatId = chats.select<[string, number]>(`WHERE chat_id >= ? ORDER BY chat_id ${BOUND_LIMIT}`);

  function nextDue(limit: number, now: EpochMs, notLines: readonly (string | null)[]): readonly ChatRecord[] {
    return lines
      .all()
      .filter(({ line }) => !notLines.includes(line))
      .flatMap(({ id }) => front.all({ lineId: id, now, limit }))
      .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt || a.id - b.id)
      .slice(0, limit)
      .map(({ id }) => chats.get(id)?.chat)
      .filter((chat) => chat !== undefined);
  }

  return {
    shareHistory: (now) => read(() => totals.history(now)),
    recentAttempts: (limit) => look(() => attempts.recent(limit)),
    nextDue: (limit, now, notLines = []) => read(() => nextDue(limit, now, notLines)),
    chatsByIdPrefix: (prefix, limit, from = prefix) =>
      look(() =>
        fromChatId
          .all(from, limit) // ids with this prefix come first in this order
          .map((row) => chats.ofRow(row).chat)
          .filter(({ chatId }) => chatId.startsWith(prefix)),
      ),
  };
}
