import { type CatchUpState, UNREAD } from '../../decide/catch-up.ts';
import { haveSameFacts } from '../../decide/facts.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { StoreObserver } from '../around.ts';
import { catchUpIn } from '../plan/meta.ts';
import type { ActiveChats, CatchUpReading, CatchUpStore } from '../store.ts';
import type { ChatTable } from './chat-table.ts';
import type { createRestoreMark } from './chat-upkeep.ts';
import type { Calls, StoreContext } from './context.ts';
import type { Session } from './database.ts';
import type { Meta, MetaTable } from './meta.ts';
import type { RecordEvents } from './record-events.ts';

type CatchUpChange = (state: CatchUpState) => CatchUpState;
export type CatchUpTable = ReturnType<typeof createCatchUpTable>;

/** Rows scanned at once, active or not: few enough not to delay webhooks. */
const SCANNED = 1_000;

/** The stored state of catching up; each function runs in the current transaction. */
export function createCatchUpTable(
  { schema }: StoreContext,
  chats: ChatTable,
  { recordIn }: Pick<RecordEvents, 'recordIn'>,
  restoreMark: Pick<ReturnType<typeof createRestoreMark>, 'wasRead'>,
) {
  const reads = `${schema}.catch_up_reads`;

  async function putReads(session: Session, chatIds: readonly string[], at: EpochMs): Promise<void> {
    await session.run(
      `INSERT INTO ${reads} (chat_id, read_at) SELECT DISTINCT chat_id, $2::bigint FROM unnest($1::text[]) AS d (chat_id)
        ON CONFLICT (chat_id) DO UPDATE SET read_at = excluded.read_at`,
      [chatIds, at],
    );
  }

  /** @see CatchUpStore.changeCatchUp */
  async function change(session: Session, meta: Meta, to: CatchUpChange, unread?: readonly string[]) {
    const before = catchUpIn(meta);
    const after = to(before);
    if (after !== before) meta.set('catch_up', JSON.stringify(after));
    if (unread === undefined) return after;
    await session.run(`DELETE FROM ${reads}`);
    await putReads(session, unread, UNREAD);
    return after;
  }

  return {
    change,
    /** Omits chats that were neither read nor have to be read. */
    async readsOf(session: Session, chatIds: readonly string[]): Promise<ReadonlyMap<string, EpochMs>> {
      const found = new Map(
        await session.arrays<[string, EpochMs]>(
          `SELECT chat_id, read_at FROM ${reads} WHERE chat_id = ANY($1)`,
          [chatIds],
        ),
      );
      return new Map(
        chatIds.flatMap((chatId) => {
          const at = found.get(chatId);
          return at === undefined ? [] : [[chatId, at] as const];
        }),
      );
    },
    /** @see CatchUpStore.recordRead */
    async recordRead(session: Session, meta: Meta, reading: CatchUpReading, now: EpochMs) {
      const { chatId, events, readAt, isWhole, change: to } = reading;
      const one = async () => (await chats.read(session, 'c.chat_id = $1', [chatId])).chats[0] ?? null;
      // locked, so that nobody else's event counts as told by this reading
      await session.run(`SELECT 1 FROM ${schema}.chats WHERE chat_id = $1 FOR NO KEY UPDATE`, [chatId]);
      const before = await one();
      const results = await recordIn(session, events, now);
      const after = await one();
      const isNew =
        before === null ? after !== null : after !== null && !haveSameFacts(before.chat, after.chat);
      if (readAt !== null) await putReads(session, [chatId], readAt);
      const unstorable = results.filter(({ kind }) => kind === 'unstorable').length;
      const isFreed = isWhole && unstorable === 0 && (await restoreMark.wasRead(session, meta, chatId, now));
      const state = await change(session, meta, (known) => to(known, isNew));
      return { unstorable, isNew, isFreed, state };
    },
    /** @see CatchUpStore.activeChats */
    async activeChats(session: Session, after: number, since: EpochMs): Promise<ActiveChats> {
      const scanned = `SELECT id, chat_id, is_group, last_outbound_at FROM ${schema}.chats
        WHERE id > $1 ORDER BY id LIMIT ${SCANNED}`;
      const found = await session.rows<{ id: number; chatId: string; isGroup: boolean | null }>(
        `SELECT id, chat_id AS "chatId", is_group = 1 AS "isGroup" FROM (${scanned}) AS s
          WHERE last_outbound_at > $2 ORDER BY id`,
        [after, since],
      );
      const [last] = await session.rows<{ id: number | null }>(
        `SELECT max(id) AS id FROM (${scanned}) AS s`,
        [after],
      );
      return { chats: found, scannedTo: last?.id ?? null };
    },
    /** The clock was corrected, so the progress of a run is no longer known. */
    async restart(session: Session, meta: Meta, state: CatchUpState): Promise<void> {
      const unread = await session.rows<{ chatId: string }>(
        `SELECT chat_id AS "chatId" FROM ${reads} WHERE read_at = ${UNREAD}`,
      );
      await change(
        session,
        meta,
        () => state,
        unread.map(({ chatId }) => chatId),
      );
    },
  };
}

export function createCatchUpStore(
  table: CatchUpTable,
  meta: MetaTable,
  { look, read, write }: Calls,
  observer: Pick<StoreObserver, 'recorded'>,
): CatchUpStore {
  return {
    catchUp: () => look(async (session) => catchUpIn(await meta.read(session))),
    changeCatchUp: (change, unread) =>
      write((session) => meta.change(session, (values) => table.change(session, values, change, unread))),
    async recordRead(reading, now) {
      const result = await write(
        (session) => meta.change(session, (values) => table.recordRead(session, values, reading, now)),
        { kind: 'catch_up' },
      );
      observer.recorded(reading.events.length - result.unstorable);
      return result;
    },
    catchUpReads: (chatIds) => look((session) => table.readsOf(session, chatIds)),
    activeChats: (after, since) => read((session) => table.activeChats(session, after, since)),
  };
}
