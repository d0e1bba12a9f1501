import { randomUUID } from 'node:crypto';
import { wishFor } from '../../decide/catch-up.ts';
import { type ChatRecord, undoRefusal } from '../../decide/chat.ts';
import type { Starts } from '../../decide/pacing.ts';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import { countEvents, createAround, NO_OBSERVER, type StoreObserver } from '../around.ts';
import { FIRST_SEEN } from '../plan/chat-lists.ts';
import { cardSharesOf, isDecidedBy, planHeartbeat } from '../plan/housekeeping.ts';
import { catchUpIn, DECIDED_KEYS, deliveryNewsIn, redecidingIn } from '../plan/meta.ts';
import { planLines } from '../plan/settle.ts';
import { NOTHING_REPORTED, type Store } from '../store.ts';
import type { Turn, TurnResult } from '../turn.ts';
import { createAttemptPruning, createAttemptTable, createTotals } from './attempt-table.ts';
import { createCatchUpStore, createCatchUpTable } from './catch-up-table.ts';
import { createChatList, createPageStore } from './chat-lists.ts';
import { createChatTable, createCounts } from './chat-table.ts';
import { createRestoreMark, createShiftClock, createUpkeep } from './chat-upkeep.ts';
import { createCheckpoints } from './checkpoints.ts';
import { createClaims } from './claims.ts';
import { createCalls, createContext } from './context.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { toStoreError } from './faults.ts';
import { createMakeRoom, sizeOf, spaceAround } from './files.ts';
import { createLeaseTable } from './lease-table.ts';
import { createCardSharesTable, createHoldTable, createLineIds, createLineTable } from './line-table.ts';
import { createMeta } from './meta.ts';
import { createProblemStore } from './problem-table.ts';
import { createQuarantineTable } from './quarantine-table.ts';
import { createRecord } from './record-events.ts';
import { createShiftPass } from './shift-pass.ts';

// Chats, attempts and claims use raw SQL: rows as arrays, and updates that name only changed columns, make
// them twice as fast as drizzle, and every webhook and every share waits for them. The rest, and the
// migrations, use drizzle. `store/plan/` decides what is written; the files here read and write.

export interface SqliteStoreOptions {
  /** The database file; it and its directory are created as needed, accessible to our user only. */
  readonly path: string;
  readonly policy: Policy;
  /** Creates the ids of attempts: unique and unguessable. */
  readonly newId?: () => string;
  readonly observer?: StoreObserver;
}

/**
 * The store in a SQLite file, exclusively for this process.
 * @throws {StoreError} `locked` when another process has the file; `newer` when a newer version wrote it (it
 * is left unchanged); and the storage's own faults
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const { path, policy, newId = randomUUID, observer = NO_OBSERVER } = options;
  try {
    const database = openDatabase(path);
    try {
      return createSqliteStore(database, policy, newId, observer);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw toStoreError(error);
  }
}

/** No other replica changes anything. */
const ALONE = { version: 0, starts: new Map<string, Starts>(), isContended: false };

/** The store in an already open database; closing the one closes the other. */
export function createSqliteStore(
  database: OpenDatabase,
  policy: Policy,
  newId: () => string,
  observer: StoreObserver = NO_OBSERVER,
): Store {
  const { path, sql, schemaVersion, checkPlace, close } = database;
  const context = createContext(sql, policy, newId);
  const checkpoints = createCheckpoints(database);
  const afterWrite = () => {
    checkPlace();
    checkpoints.afterWrite();
  };
  const around = createAround({ observer, toStoreError, afterWrite, makeRoom: createMakeRoom(sql) });
  const calls = createCalls(around, context.transactions);
  const { look, read, write } = calls;
  const lineIds = createLineIds(context);
  const meta = createMeta(context);
  const totals = createTotals(context);
  const leases = createLeaseTable(context);
  const attempts = createAttemptTable(context, leases, totals);
  const shiftPass = createShiftPass(context, meta, attempts);
  const chats = createChatTable(context, lineIds, createCounts(context, lineIds), shiftPass, leases);
  const lines = createLineTable(context, lineIds.forgetCards);
  const cardShares = createCardSharesTable(context);
  const holds = createHoldTable(context);
  const parts = { chats, attempts, leases, totals, lineIds, cardShares };
  const claims = createClaims(context, parts, meta);
  const upkeep = createUpkeep(context, parts, meta, shiftPass);
  const list = createChatList(context, chats, leases);
  const { put, counted: quarantined, ...keepQuarantine } = createQuarantineTable(context, calls);
  const restoreMark = createRestoreMark(context, meta, chats);
  const record = createRecord(context, chats, lines, { put }, restoreMark);
  const pruning = createAttemptPruning(context, meta);
  const catchUp = createCatchUpTable(context, meta, chats, record, restoreMark);
  const shiftClock = createShiftClock(context, {
    shiftPass,
    leases,
    lines,
    holds,
    totals,
    pruning,
    restoreMark,
    meta,
    restartCatchUp: catchUp.restart,
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
    const checked = turn.cards.flatMap(({ line }) => lines.find(line) ?? []);
    for (const [line, change] of planLines(turn, checked, policy.reshareOnCardChange))
      lines.update(line, change);
    const nothing = { claims: [], lacksLookUps: false };
    const claimed = turn.claim === null ? nothing : claims.due(turn.claim, now);
    return { ...ALONE, settled, ...claimed };
  }

  return {
    kind: 'sqlite',
    schemaVersion,
    async record(entries, now) {
      // it manages its own transactions: an entry that violates a constraint must not keep the others out
      const options = { isWrite: true, kind: 'events', roomAt: now } as const;
      const results = await around(() => record(entries, now), options);
      observer.recorded(countEvents(entries, results));
      return results;
    },
    turn: (all, now) => write(() => turn(all, now), { kind: 'shares', roomAt: now }),
    claimManually: (chatId, leaseUntil, now) => write(() => claims.manual(chatId, leaseUntil, now)),
    addLookedUp: (claim, facts, now) => write(() => claims.addLookedUp(claim, facts, now)),
    async recoverInterrupted(now) {
      const recovered = await write(() => claims.recoverInterrupted(now));
      observer.interrupted(recovered.interrupted);
      return recovered;
    },
    wakeChats: (now, limit) => write(() => upkeep.wake(now, limit)),
    nextWakeAt: (now) => look(() => upkeep.nextWakeAt(now)),
    agenda: (now) =>
      look(() => ({
        version: ALONE.version,
        heads: upkeep.nextAttempts(now),
        wakeAt: upkeep.nextWakeAt(now),
        isShifting: shiftPass.isPending(),
        isRestored: restoreMark.read().lastRow !== null,
        decidedAs: meta.text('decided_fingerprint'),
      })),
    nextDueAfter: (now) => look(() => upkeep.nextDueAfter(now)),
    recentEnds: (limit) => look(() => attempts.recentEnds(limit)),
    redecide: (fingerprint, limit, now) => write(() => upkeep.redecide(fingerprint, limit, now)),
    shiftClock: (byMs, now) =>
      write(() => {
        shiftClock(byMs, now);
        return true;
      }),
    releaseRestored: async (limit, now) =>
      (await look(() => restoreMark.isReleasable(now))) && write(() => restoreMark.release(limit, now)),
    updateChat: (chatId, change, now) => write(() => updateChat(chatId, change, now)),
    chat: (chatId) =>
      look(() => {
        const { id, chat } = chats.find(chatId);
        return id === null ? null : chat;
      }),
    attempts: (chatId, limit) => look(() => attempts.ofChat(chatId, limit)),
    chats: (filters, limit, cursor, now, order = FIRST_SEEN) =>
      read(() => list.page({ filters, limit, cursor, order }, now)),
    counts: (now) => read(() => list.counts(now)),
    summary: (now) =>
      read(() => ({
        counts: list.counts(now),
        heads: upkeep.nextAttempts(now),
        totals: totals.read(now),
        quarantined: quarantined(now),
        deliveryNews: deliveryNewsIn(meta),
        catchUp: catchUpIn(meta),
        lastBackupAt: meta.number('last_backup_at'),
        sizeBytes: sizeOf(path),
      })),
    lines: () => look(() => lines.all()),
    cardShares: (now) =>
      read(() =>
        policy.reshareOnCardChange
          ? cardShares.all().map((row) => cardSharesOf(row, redecidingIn(meta), now))
          : [],
      ),
    holds: () => look(() => holds.all()),
    putHold: (hold) => write(() => holds.put(hold)),
    endHold: (scope, reason) => write(() => holds.end({ scope, reason })),
    ...createCatchUpStore(catchUp, calls, observer),
    ...createPageStore(context, parts, calls),
    ...createProblemStore(context, meta, calls),
    ...keepQuarantine,
    beat: (replica, now, { report = NOTHING_REPORTED } = {}) =>
      write(() => {
        if (!isDecidedBy(redecidingIn(meta), replica.fingerprint)) meta.remove(...DECIDED_KEYS);
        return [{ ...replica, seenAt: now, report, isLeader: true }];
      }),
    leave: async () => {},
    sharedVersion: async () => ALONE.version,
    serverNow: async () => null,
    followedCorrections: () => 0,
    followCorrections() {},
    heartbeat: (now, toleratedMs) =>
      write(() => {
        const before = meta.number('heartbeat_at');
        const rows = { heartbeatAt: before, isRestored: meta.number('restored_unread') !== null };
        const { heartbeatAt, requestsCatchUp } = planHeartbeat(rows, now, toleratedMs);
        if (requestsCatchUp) {
          meta.remove('restored_unread');
          catchUp.change((known) => wishFor(known, 'away', now));
        }
        meta.put('heartbeat_at', heartbeatAt);
        return before;
      }),
    pruneAttempts: (retentionMs, limit, now) => write(() => pruning.prune(retentionMs, limit, now)),
    lastBackupAt: () => look(() => meta.number('last_backup_at')),
    noteBackup: (startedAt) => write(() => meta.put('last_backup_at', startedAt)),
    probe: (now) => write(() => meta.put('probed_at', now), { roomAt: now }),
    diskSpace: () => look(() => spaceAround(path)),
    close: () =>
      around(async () => {
        await checkpoints.stop();
        try {
          checkPlace();
        } finally {
          close();
        }
      }),
  };
}
