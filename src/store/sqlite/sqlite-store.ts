import { randomUUID } from 'node:crypto';
import { type ChatRecord, undoRefusal } from '../../decide/chat.ts';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import type { Store } from '../store.ts';
import type { Turn, TurnResult } from '../turn.ts';
import { createAttemptPruning, createAttemptTable } from './attempt-table.ts';
import { createCatchUpStore, createCatchUpTable } from './catch-up-table.ts';
import { createChatList, createPageStore } from './chat-lists.ts';
import { createChatTable } from './chat-table.ts';
import { createClaims } from './claims.ts';
import { createContext } from './context.ts';
import { createCounts } from './counts.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { toStoreError } from './faults.ts';
import { sizeOf, spaceAround } from './files.ts';
import { createHoldTable, createLineIds, createLineTable } from './line-table.ts';
import { createMeta } from './meta.ts';
import { createProblemStore } from './problem-table.ts';
import { createQuarantineTable } from './quarantine-table.ts';
import { createRecord } from './record.ts';
import { createRestoreMark } from './restore-mark.ts';
import { createWithRoom } from './room.ts';
import { createTotals } from './share-totals.ts';
import { createShiftClock } from './shift-clock.ts';
import { createShiftPass } from './shift-pass.ts';
import { createUpkeep } from './upkeep.ts';

export interface SqliteStoreOptions {
  /** The database's file; it and its directory are made as needed, for our user alone. */
  readonly path: string;
  readonly policy: Policy;
  /** Makes the ids of attempts and leases: no two alike, not to be guessed. */
  readonly newId?: () => string;
}

/**
 * The store in a SQLite file, for this process alone.
 * @throws {StoreError} `locked` when another process has the file; `newer` when a newer version wrote it (it stays as
 *   it is); and what the storage says
 */
export function openSqliteStore({ path, policy, newId = randomUUID }: SqliteStoreOptions): Store {
  return guarded(() => {
    const database = openDatabase(path);
    try {
      return createSqliteStore(database, policy, newId);
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** The store in a database that is open already; closing the one closes the other. */
export function createSqliteStore(
  { path, sql, schemaVersion, checkPlace, close }: OpenDatabase,
  policy: Policy,
  newId: () => string,
): Store {
  const context = createContext(sql, policy, newId);
  const { read } = context.transactions;
  /** Checked after the commit: what is told as done is in the file that the next start finds. */
  const inPlace = <T>(result: T): T => {
    checkPlace();
    return result;
  };
  const write: typeof context.transactions.write = (body) => inPlace(context.transactions.write(body));
  const withRoom = createWithRoom(sql);
  const lineIds = createLineIds(context);
  const meta = createMeta(context);
  const totals = createTotals(context);
  const attempts = createAttemptTable(context, totals);
  const shiftPass = createShiftPass(context, meta, attempts);
  const chats = createChatTable(context, lineIds, createCounts(context, lineIds), shiftPass);
  const lines = createLineTable(context);
  const holds = createHoldTable(context);
  const parts = { chats, attempts, totals, lineIds };
  const claims = createClaims(context, parts);
  const upkeep = createUpkeep(context, chats, meta, shiftPass);
  const list = createChatList(context, chats);
  const ways = { read, write, withRoom, guarded };
  const { put, expire, ...keepQuarantine } = createQuarantineTable(context, ways);
  const restoreMark = createRestoreMark(context, meta, chats);
  const record = createRecord(context, chats, lines, { put }, restoreMark);
  const pruning = createAttemptPruning(context, meta);
  const catchUp = createCatchUpTable(context, meta, chats, record, restoreMark);
  const shiftClock = createShiftClock(context, {
    shiftPass,
    lines,
    holds,
    totals,
    pruning,
    restoreMark,
    meta,
    catchUp,
  });

  function updateChat(chatId: string, change: (chat: ChatRecord) => ChatRecord, now: EpochMs) {
    const stored = chats.find(chatId);
    return stored.id === null ? null : chats.save(stored, change(stored.chat), now);
  }

  function turn({ settlements: ended, ...turn }: Turn, now: EpochMs): TurnResult {
    const settled = ended.map((settlement) => claims.settle(settlement, now));
    for (const chatId of turn.undone) updateChat(chatId, undoRefusal, now);
    for (const hold of turn.endedHolds) holds.end(hold);
    for (const hold of turn.holds) holds.put(hold);
    for (const { line, ...card } of turn.cards) lines.update(line, card);
    for (const { line, clearedAt } of turn.cleared) lines.update(line, { clearedAt });
    const nothing = { claims: [], lacksLookUps: false };
    return { settled, ...(turn.claim === null ? nothing : claims.due(turn.claim, now)) };
  }

  return {
    kind: 'sqlite',
    schemaVersion,
    record: async (entries, now) => guarded(() => inPlace(withRoom(now, () => record(entries, now)))),
    turn: async (all, now) => guarded(() => withRoom(now, () => write(() => turn(all, now)))),
    claimManually: async (chatId, leaseUntil, now) =>
      guarded(() => write(() => claims.manual(chatId, leaseUntil, now))),
    addLookedUp: async (claim, facts, now) =>
      guarded(() => write(() => claims.addLookedUp(claim, facts, now))),
    recoverInterrupted: async (now) => guarded(() => write(() => claims.interruptAll(now))),
    wakeChats: async (now, limit) =>
      guarded(() => (upkeep.isWakeDue(now) ? write(() => upkeep.wake(now, limit)) : 0)),
    nextWakeAt: async () => guarded(() => upkeep.nextWakeAt()),
    nextAttempts: async () => guarded(() => upkeep.nextAttempts()),
    nextDueAfter: async (now) => guarded(() => upkeep.nextDueAfter(now)),
    recentEnds: async (limit) => guarded(() => attempts.recentEnds(limit)),
    redecide: async (fingerprint, limit, now) =>
      guarded(() => write(() => upkeep.redecide(fingerprint, limit, now))),
    shiftClock: async (byMs, now) => guarded(() => write(() => shiftClock(byMs, now))),
    isShifting: async () => guarded(() => shiftPass.isPending()),
    releaseRestored: async (limit, now) =>
      guarded(() => restoreMark.isReleasable(now) && write(() => restoreMark.release(limit, now))),
    updateChat: async (chatId, change, now) => guarded(() => write(() => updateChat(chatId, change, now))),
    chat: async (chatId) =>
      guarded(() => {
        const { id, chat } = chats.find(chatId);
        return id === null ? null : chat;
      }),
    attempts: async (chatId, limit) => guarded(() => attempts.ofChat(chatId, limit)),
    chats: async (filters, limit, cursor) => guarded(() => read(() => list.page(filters, limit, cursor))),
    counts: async () => guarded(() => list.counts()),
    shareTotals: async (now) => guarded(() => read(() => totals.read(now))),
    lines: async () => guarded(() => lines.all()),
    holds: async () => guarded(() => holds.all()),
    putHold: async (hold) => guarded(() => write(() => holds.put(hold))),
    endHold: async (scope, reason) => guarded(() => write(() => holds.end({ scope, reason }))),
    ...createCatchUpStore(catchUp, ways),
    ...createPageStore(context, parts, ways),
    ...createProblemStore(context, meta, ways),
    ...keepQuarantine,
    heartbeat: async (now, toleratedMs) =>
      guarded(() =>
        write(() => {
          const before = meta.number('heartbeat_at');
          if (toleratedMs !== undefined) catchUp.beat(before, now, toleratedMs);
          meta.put('heartbeat_at', Math.max(before ?? now, now));
          expire(now); // here, so that it can't be forgotten
          return before;
        }),
      ),
    pruneAttempts: async (retentionMs, limit, now) =>
      guarded(() => write(() => pruning.prune(retentionMs, limit, now))),
    lastBackupAt: async () => guarded(() => meta.number('last_backup_at')),
    noteBackup: async (startedAt) => guarded(() => write(() => meta.put('last_backup_at', startedAt))),
    probe: async (now) => guarded(() => withRoom(now, () => write(() => meta.put('probed_at', now)))),
    sizeBytes: async () => guarded(() => sizeOf(path)),
    diskSpace: async () => guarded(() => spaceAround(path)),
    close: async () =>
      guarded(() => {
        try {
          checkPlace();
        } finally {
          close();
        }
      }),
  };
}

/** What the storage throws leaves the store as a `StoreError`. */
function guarded<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw toStoreError(error);
  }
}
