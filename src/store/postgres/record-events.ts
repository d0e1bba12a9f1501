import type { Line } from '../../decide/holds.ts';
import type { EpochMs } from '../../decide/time.ts';
import { namedIn, planRecord, type RecordPlan } from '../plan/record.ts';
import { whyUnstorable } from '../plan/storable.ts';
import type { Recordable, Recorded } from '../store.ts';
import type { ChatTable, PgChat } from './chat-table.ts';
import type { StoreContext } from './context.ts';
import type { ControlTable } from './control-table.ts';
import type { Session } from './database.ts';
import type { Dictionary } from './dictionary.ts';
import { isUnstorable, LostRaceError, unstorableCause } from './faults.ts';
import type { LineTable } from './line-table.ts';
import type { QuarantineTable } from './quarantine-table.ts';

export interface RecordEvents {
  /** @see Store.record; commits by itself */
  record(entries: readonly Recordable[], now: EpochMs): Promise<readonly Recorded[]>;
  /** The same in a transaction in progress. */
  recordIn(session: Session, entries: readonly Recordable[], now: EpochMs): Promise<readonly Recorded[]>;
}

/** So often a group is read and written without locks, each time only what others wrote meanwhile. */
const ROUNDS = 5;

export function createRecord(
  { database, schema, policy }: StoreContext,
  chats: ChatTable,
  lines: LineTable,
  control: ControlTable,
  dictionary: Dictionary,
  quarantine: Pick<QuarantineTable, 'put'>,
): RecordEvents {
  async function planFor(session: Session, entries: readonly Recordable[], now: EpochMs) {
    const named = namedIn(entries);
    const { byId, restored } = await chats.find(session, [...named.chatIds]);
    const known = named.handles.size === 0 ? [] : await lines.find(session, [...named.handles]);
    const byLine = new Map<string, Line>(known.map((line) => [line.line, line]));
    return planRecord(entries, { chats: byId, lines: byLine, restored }, policy, now);
  }

  const addCounts = (plan: RecordPlan<PgChat>) => dictionary.addCounts(plan.chats.map(({ chat }) => chat));

  /** Reads without locks, decides, and writes in one statement what nobody else has written meanwhile. */
  async function recordFreely(entries: readonly Recordable[], now: EpochMs): Promise<void> {
    let left = entries;
    for (let round = 0; round < ROUNDS; round++) {
      const lost = await database.look(async (session) => {
        const plan = await planFor(session, left, now);
        if (plan.chats.length === 0) return new Set<string>();
        // unless it is locked, its note may come after the correction has ended, and the next one would skip it
        if (plan.chats.some(({ stored }) => stored.isAhead)) return null;
        await addCounts(plan);
        const written = new Set((await chats.put(session, plan.chats, true)).map(({ chatId }) => chatId));
        return new Set(plan.chats.map(({ chat }) => chat.chatId).filter((chatId) => !written.has(chatId)));
      });
      if (lost === null) break;
      left = left.filter((entry) => !('sealed' in entry) && entry.kind === 'chat' && lost.has(entry.chatId));
      if (left.length === 0) return;
    }
    await database.write((session) => recordLocked(session, left, now));
  }

  /** The same under locks, with the lines and the deliveries to quarantine. */
  async function recordLocked(session: Session, entries: readonly Recordable[], now: EpochMs): Promise<void> {
    const named = namedIn(entries);
    const told = entries.flatMap((entry) => ('sealed' in entry || entry.kind !== 'line' ? [] : [entry.line]));
    await dictionary.addLines(told);
    await session.run(
      `SELECT 1 FROM ${schema}.chats WHERE chat_id = ANY($1) ORDER BY chat_id FOR NO KEY UPDATE`,
      [[...named.chatIds]],
    );
    let plan = await planFor(session, entries, now);
    await addCounts(plan); // new lines are added before `control` is locked
    if (entries.some(isOfLines)) {
      await control.lock(session);
      plan = await planFor(session, entries, now);
      if (plan.lines.length > 0) await control.change(session);
      for (const line of plan.lines) await lines.update(session, line.line, line);
      await addCounts(plan);
    }
    if (plan.unreadable.length > 0) await quarantine.put(session, plan.unreadable);
    if (plan.chats.length === 0) return;
    const written = await chats.put(session, plan.chats, true);
    if (written.length < plan.chats.length) throw new LostRaceError(); // a chat was new to two at once
  }

  /** A card's event changes a line only if it says when that card changed. */
  const isOfLines = (entry: Recordable) =>
    !('sealed' in entry) &&
    (entry.kind === 'line' ||
      (entry.kind === 'card' && entry.changedAt !== null && policy.reshareOnCardChange));
  const isOfChats = (entry: Recordable) => !('sealed' in entry) && !isOfLines(entry);

  /** By halves, if something in it can't be stored after all. */
  async function recordAll(entries: readonly Recordable[], now: EpochMs): Promise<readonly Recorded[]> {
    try {
      if (entries.every(isOfChats)) await recordFreely(entries, now);
      else await database.write((session) => recordLocked(session, entries, now));
      return entries.map(() => STORED);
    } catch (error) {
      if (!isUnstorable(error)) throw error;
      if (entries.length === 1) return [{ kind: 'unstorable', cause: unstorableCause(error) }];
      const half = Math.ceil(entries.length / 2);
      const first = await recordAll(entries.slice(0, half), now);
      return [...first, ...(await recordAll(entries.slice(half), now))];
    }
  }

  /** Sorts out what no database can hold. */
  async function storing(
    entries: readonly Recordable[],
    store: (storable: readonly Recordable[]) => Promise<readonly Recorded[]>,
  ): Promise<readonly Recorded[]> {
    const causes = entries.map(whyUnstorable);
    const storable = entries.filter((_, index) => causes[index] === null);
    const stored = storable.length === 0 ? [] : await store(storable);
    let next = 0;
    return causes.map((cause) =>
      cause === null ? (stored[next++] ?? STORED) : { kind: 'unstorable', cause },
    );
  }

  return {
    record: (entries, now) => storing(entries, (storable) => recordAll(storable, now)),
    recordIn: (session, entries, now) =>
      storing(entries, async (storable) => {
        await recordLocked(session, storable, now);
        return storable.map(() => STORED);
      }),
  };
}

const STORED: Recorded = Object.freeze({ kind: 'stored' });
