import type { ChatRecord } from '../../decide/chat.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { parseCursor } from '../plan/chat-row.ts';
import type { ChatCount, ChatFilter, ChatPage, PageStore } from '../store.ts';
import type { AttemptTable, Totals } from './attempt-table.ts';
import type { ChatTable } from './chat-table.ts';
import { BOUND_LIMIT, type Calls, type StoreContext } from './context.ts';

interface ChatList {
  counts(): readonly ChatCount[];
  page(filters: readonly ChatFilter[], limit: number, cursor: string | null): ChatPage;
}

export function createChatList({ sql }: StoreContext, chats: ChatTable): ChatList {
  const counted = sql.prepare<[], ChatCount & { id: number }>(
    `SELECT chat_counts.id, line, state, reason, n AS count
      FROM chat_counts LEFT JOIN lines ON lines.id = chat_counts.line_id WHERE n > 0`,
  );
  const idsOf = sql
    .prepare<[number, number, number], number>(
      `SELECT id FROM chats WHERE count_id = ? AND id > ? ORDER BY id ${BOUND_LIMIT}`,
    )
    .pluck();
  const byId = chats.select<[number]>('WHERE id = ?');

  return {
    counts: () => counted.all().map(({ id: _id, ...count }) => count),
    page(filters, limit, cursor) {
      const after = cursor === null ? 0 : parseCursor(cursor);
      if (after === null) throw new StoreError('broken', 'a cursor must come from the previous page');
      const ids = counted
        .all()
        .filter((count) => filters.some((filter) => matches(filter, count)))
        .flatMap(({ id }) => idsOf.all(id, after, limit + 1))
        .sort((a, b) => a - b);
      const onPage = ids.slice(0, limit);
      const rows = onPage.map((id) => byId.get(id)).filter((row) => row !== undefined);
      const last = onPage.at(-1);
      return {
        chats: rows.map((row) => chats.ofRow(row).chat),
        nextCursor: ids.length > limit && last !== undefined ? String(last) : null,
      };
    },
  };
}

function matches({ states, reasons, lines, notLines }: ChatFilter, count: ChatCount): boolean {
  return (
    (states === null || states.includes(count.state)) &&
    (reasons === null || reasons.includes(count.reason)) &&
    (lines === null || lines.includes(count.line)) &&
    (notLines === null || !notLines.includes(count.line))
  );
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
  const front = sql.prepare<[number | null, number], { id: number; nextAttemptAt: EpochMs }>(
    `SELECT id, next_attempt_at AS nextAttemptAt FROM chats
      WHERE line_id IS ? AND next_attempt_at IS NOT NULL
        AND count_id NOT IN (SELECT id FROM chat_counts WHERE state = 'sharing')
      ORDER BY next_attempt_at, id ${BOUND_LIMIT}`,
  );
  const byId = chats.select<[number]>('WHERE id = ?');
  const fromChatId = chats.select<[string, number]>(`WHERE chat_id >= ? ORDER BY chat_id ${BOUND_LIMIT}`);

  function nextDue(limit: number, notLines: readonly (string | null)[]): readonly ChatRecord[] {
    return lines
      .all()
      .filter(({ line }) => !notLines.includes(line))
      .flatMap(({ id }) => front.all(id, limit))
      .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt || a.id - b.id)
      .slice(0, limit)
      .map(({ id }) => byId.get(id))
      .filter((row) => row !== undefined)
      .map((row) => chats.ofRow(row).chat);
  }

  return {
    shareHistory: (now) => read(() => totals.history(now)),
    recentAttempts: (limit) => look(() => attempts.recent(limit)),
    nextDue: (limit, notLines = []) => read(() => nextDue(limit, notLines)),
    chatsByIdPrefix: (prefix, limit) =>
      look(() =>
        fromChatId
          .all(prefix, limit) // ids with this prefix come first in this order
          .map((row) => chats.ofRow(row).chat)
          .filter(({ chatId }) => chatId.startsWith(prefix)),
      ),
  };
}
