import { type CatchUpState, UNREAD } from '../../decide/catch-up.ts';
import { haveSameFacts } from '../../decide/facts.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { StoreObserver } from '../around.ts';
import { catchUpIn } from '../plan/meta.ts';
import type { ActiveChats, CatchUpReading, CatchUpStore } from '../store.ts';
import type { ChatTable } from './chat-table.ts';
import type { RestoreMark } from './chat-upkeep.ts';
import type { Calls, StoreContext } from './context.ts';
import type { Meta } from './meta.ts';
import type { RecordEvents } from './record-events.ts';

type CatchUpChange = (state: CatchUpState) => CatchUpState;
export type CatchUpTable = ReturnType<typeof createCatchUpTable>;

/** Rows scanned at once, active or not: few enough not to delay webhooks. */
const SCANNED = 1_000;

/** The stored state of catching up; each function runs in the current transaction. */
export function createCatchUpTable(
  { sql }: StoreContext,
  meta: Meta,
  chats: ChatTable,
  record: RecordEvents,
  restoreMark: RestoreMark,
) {
  const readAt = sql
    .prepare<[string], EpochMs>('SELECT read_at FROM catch_up_reads WHERE chat_id = ?')
    .pluck();
  const putRead = sql.prepare<[string, EpochMs]>('INSERT OR REPLACE INTO catch_up_reads VALUES (?, ?)');
  const deleteReads = sql.prepare('DELETE FROM catch_up_reads');
  const unread = sql
    .prepare<[], string>(`SELECT chat_id FROM catch_up_reads WHERE read_at = ${UNREAD}`)
    .pluck();
  const active = sql.prepare<[number, EpochMs], { id: number; chatId: string; isGroup: number | null }>(
    `SELECT id, chat_id AS chatId, is_group AS isGroup
       FROM (SELECT * FROM chats WHERE id > ? ORDER BY id LIMIT ${SCANNED}) WHERE last_outbound_at > ?`,
  );
  const lastScanned = sql
    .prepare<[number], number | null>(
      `SELECT max(id) FROM (SELECT id FROM chats WHERE id > ? ORDER BY id LIMIT ${SCANNED})`,
    )
    .pluck();

  /** @see CatchUpStore.changeCatchUp */
  function change(to: CatchUpChange, unread?: readonly string[]): CatchUpState {
    const before = catchUpIn(meta);
    const after = to(before);
    if (after !== before) meta.put('catch_up', JSON.stringify(after));
    if (unread === undefined) return after;
    deleteReads.run();
    for (const chatId of unread) putRead.run(chatId, UNREAD);
    return after;
  }

  return {
    state: () => catchUpIn(meta),
    change,
    /** Omits chats that were neither read nor have to be read. */
    readsOf(chatIds: readonly string[]): ReadonlyMap<string, EpochMs> {
      return new Map(
        chatIds.flatMap((chatId) => {
          const at = readAt.get(chatId);
          return at === undefined ? [] : [[chatId, at] as const];
        }),
      );
    },
    /** @see CatchUpStore.recordRead */
    recordRead({ chatId, events, readAt: at, isWhole, change: to }: CatchUpReading, now: EpochMs) {
      const before = chats.find(chatId);
      const results = record(events, now);
      const after = chats.find(chatId);
      const isNew = before.id === null ? after.id !== null : !haveSameFacts(before.chat, after.chat);
      if (at !== null) putRead.run(chatId, at);
      const unstorable = results.filter(({ kind }) => kind === 'unstorable').length;
      const isFreed = isWhole && unstorable === 0 && restoreMark.wasRead(chatId, now);
      return { unstorable, isNew, isFreed, state: change((known) => to(known, isNew)) };
    },
    /** @see CatchUpStore.activeChats */
    activeChats(after: number, since: EpochMs): ActiveChats {
      const rows = active.all(after, since);
      const found = rows.map(({ isGroup, ...row }) => ({
        ...row,
        isGroup: isGroup === null ? null : isGroup === 1,
      }));
      return { chats: found, scannedTo: lastScanned.get(after) ?? null };
    },
    /** The clock was corrected, so the progress of a run is no longer known. */
    restart(state: CatchUpState): void {
      // deleting all rows takes a tenth of the time that selecting among a million of them takes
      change(() => state, unread.all());
    },
  };
}

export function createCatchUpStore(
  table: CatchUpTable,
  { look, read, write }: Calls,
  observer: Pick<StoreObserver, 'recorded'>,
): CatchUpStore {
  return {
    catchUp: () => look(() => table.state()),
    changeCatchUp: (change, unread) => write(() => table.change(change, unread)),
    async recordRead(reading, now) {
      const result = await write(() => table.recordRead(reading, now), { kind: 'catch_up', roomAt: now });
      observer.recorded(reading.events.length - result.unstorable);
      return result;
    },
    catchUpReads: (chatIds) => read(() => table.readsOf(chatIds)),
    activeChats: (after, since) => read(() => table.activeChats(after, since)),
  };
}
