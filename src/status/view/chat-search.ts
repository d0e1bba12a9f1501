import type { Static } from 'typebox';
import { type ChatQuerySchema, parseChatQuery } from '../api/chat-query.ts';
import type { ChatView } from '../api/schemas.ts';
import { type ShownFilter, storedFilters } from './chat-filters.ts';
import { showChat } from './chat-view.ts';
import { momentOf, type StatusDeps } from './deps.ts';

export interface FoundChats {
  readonly filter: ShownFilter;
  /** Maybe fewer than asked for, though more pages follow. */
  readonly chats: readonly ChatView[];
  readonly nextCursor: string | null;
}

/** One page of the chats that match a query, or what is wrong with it. @throws {StoreError} */
export async function findChats(
  deps: StatusDeps,
  query: Static<typeof ChatQuerySchema>,
): Promise<FoundChats | { readonly wrong: string }> {
  const { store, dispatcher } = deps;
  const lines = dispatcher.view().lines.map(({ line }) => line.line);
  const parsed = parseChatQuery(query, lines);
  if ('wrong' in parsed) return parsed;
  const { filter, cursor } = parsed;
  const moment = momentOf(deps);
  const filters = filter.lines?.length === 0 ? [] : storedFilters(filter, moment.closures);
  if (filters.length === 0) return { filter, chats: [], nextCursor: null };
  const page = await store.chats(filters, query.limit, cursor);
  // a chat whose time came since it was stored is shown as it is now, so it may not match any more
  const chats = page.chats
    .map((chat) => showChat(chat, moment))
    .filter(({ state }) => filter.state === null || state === filter.state)
    .filter(({ reason }) => filter.reason === null || reason === filter.reason);
  return { filter, chats, nextCursor: page.nextCursor };
}
