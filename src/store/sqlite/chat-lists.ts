import { type ChatRecord, liveLease } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { matchesAny, type Sharing, shownCounts } from '../plan/chat-lists.ts';
import { parseCursor } from '../plan/chat-row.ts';
import type { ChatCount, ChatFilter, ChatPage, PageStore } from '../store.ts';
import type { AttemptTable, Totals } from './attempt-table.ts';
import type { ChatTable } from './chat-table.ts';
import { BOUND_LIMIT, type Calls, type StoreContext } from './context.ts';
import { isLeased, type LeaseTable } from './lease-table.ts';

interface ChatList {
  counts(now: EpochMs): readonly ChatCount[];
  page(filters: readonly ChatFilter[], limit: number, cursor: string | null, now: EpochMs): ChatPage;
}

export function createChatList(
  { sql }: StoreContext,
  chats: ChatTable,
  leases: Pick<LeaseTable, 'all'>,
): ChatList {
  const counted = sql.prepare<[], ChatCount & { id: number }>(
    `SELECT chat_counts.id, line, state, reason, n AS count
      FROM chat_counts LEFT JOIN lines ON lines.id = chat_counts.line_id WHERE n > 0`,
  );
  const idsOf = sql
    .prepare<[number, number, number], number>(
      `SELECT id FROM chats WHERE count_id = ? AND id > ? ORDER BY id ${BOUND_LIMIT}`,
    )
    .pluck();
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

  return {
    counts: (now) => shownCounts(counted.all(), [...sharing(now).values()]),
    page(filters, limit, cursor, now) {
      const after = cursor === null ? 0 : parseCursor(cursor);
      if (after === null) throw new StoreError('broken', 'a cursor must come from the previous page');
      const busy = sharing(now);
      const wantedBusy = [...busy]
        .filter(
          ([id, { line, trigger }]) =>
            id > after && matchesAny(filters, { line, state: 'sharing', reason: trigger }),
        )
        .map(([id]) => id);
      const ids = counted
        .all()
        .filter((count) => matchesAny(filters, count))
        .flatMap(({ id }) => idsOf.all(id, after, limit + 1 + busy.size))
        .filter((id) => !busy.has(id))
        .concat(wantedBusy)
        .sort((a, b) => a - b);
      const onPage = ids.slice(0, limit);
      const last = onPage.at(-1);
      return {
        chats: onPage.map((id) => chats.get(id)?.chat).filter((chat) => chat !== undefined),
        nextCursor: ids.length > limit && last !== undefined ? String(last) : null,
      };
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
    chatsByIdPrefix: (prefix, limit) =>
      look(() =>
        fromChatId
          .all(prefix, limit) // ids with this prefix come first in this order
          .map((row) => chats.ofRow(row).chat)
          .filter(({ chatId }) => chatId.startsWith(prefix)),
      ),
  };
}
