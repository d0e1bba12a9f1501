import { StoreError } from '../../errors.ts';
import type { ChatCount, ChatFilter, ChatPage } from '../store.ts';
import type { ChatTable } from './chat-table.ts';
import { BOUND_LIMIT, type StoreContext } from './context.ts';

export interface ChatList {
  counts(): readonly ChatCount[];
  page(filters: readonly ChatFilter[], limit: number, cursor: string | null): ChatPage;
}

/** The position that a cursor of `Store.chats` stands for; null when it isn't one. */
export function parseCursor(cursor: string): number | null {
  return /^[1-9][0-9]{0,14}$/.test(cursor) ? Number(cursor) : null;
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
      if (after === null) throw new StoreError('broken', 'a cursor must come from the page before');
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
