import type { CatchUpStore } from '../store.ts';
import type { CatchUpTable } from './catch-up-table.ts';
import type { Ways } from './context.ts';

export function createCatchUpStore(
  table: CatchUpTable,
  { read, write, withRoom, guarded }: Ways,
): CatchUpStore {
  return {
    catchUp: async () => guarded(() => table.state()),
    changeCatchUp: async (change, unread) => guarded(() => write(() => table.change(change, unread))),
    recordRead: async (reading, now) =>
      guarded(() => withRoom(now, () => write(() => table.recordRead(reading, now)))),
    catchUpReads: async (chatIds) => guarded(() => read(() => table.readsOf(chatIds))),
    activeChats: async (after, since) => guarded(() => read(() => table.activeChats(after, since))),
  };
}
