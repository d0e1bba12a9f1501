import { randomInt, randomUUID } from 'node:crypto';
import { type Clock, createSystemClock } from '../../clock.ts';
import { wishFor } from '../../decide/catch-up.ts';
import { undoRefusal } from '../../decide/chat.ts';
import type { Policy } from '../../decide/policy.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { countEvents, createAround, NO_OBSERVER, type StoreObserver } from '../around.ts';
import { FIRST_SEEN } from '../plan/chat-lists.ts';
import { planSave } from '../plan/chat-row.ts';
import { cardSharesOf, planHeartbeat } from '../plan/housekeeping.ts';
import { redecidingIn } from '../plan/meta.ts';
import { mergeShared, planShared } from '../plan/shared.ts';
import type { Store } from '../store.ts';
import type { Claim, Turn, TurnResult } from '../turn.ts';
import { createAttemptTable } from './attempt-table.ts';
import { createCatchUpStore, createCatchUpTable } from './catch-up-table.ts';
import { createChatList, createPageStore, createSummary } from './chat-lists.ts';
import { createChatTable } from './chat-table.ts';
import { createRestoreMark, createShiftClock, createUpkeep, pruneAttempts } from './chat-upkeep.ts';
import { type Claimed, createClaims } from './claims.ts';
import { createCalls, SLOTS, type StoreContext } from './context.ts';
import { createControlTable } from './control-table.ts';
import { createCorrections } from './corrections.ts';
import { createDatabase, type Session } from './database.ts';
import { createDictionary } from './dictionary.ts';
import { toStoreError } from './faults.ts';
import { createGateTable } from './gate-table.ts';
import { createLeaseTable } from './lease-table.ts';
import { createCardSharesTable, createHoldTable, createLineTable } from './line-table.ts';
import { createMetaTable, type Meta } from './meta.ts';
import { migrate, outdatedIn, quoted, readMigrations } from './migrate.ts';
import { createProblemStore } from './problem-table.ts';
import { createQuarantineTable } from './quarantine-table.ts';
import { createRecord } from './record-events.ts';
import { createReplicaTable } from './replica-table.ts';
import { createUnits } from './unit-of-work.ts';

// All of it is raw SQL with qualified names: the schema is a setting, and a pooler may hand out connections with any path.
// drizzle has the tables only for the migrations. `store/plan/` decides what is written, as for SQLite. Only this
// folder imports pg, so import this file only when the store is opened.

export interface PostgresStoreOptions {
  /** `postgres://user:password@host/database`: a secret. */
  readonly url: string;
  /** The schema of the tables, created as needed. */
  readonly schema?: string;
  readonly policy: Policy;
  /** Creates the ids of attempts: unique and unguessable. */
  readonly newId?: () => string;
  readonly observer?: StoreObserver;
  readonly clock?: Pick<Clock, 'sleepUntil'>;
}

/**
 * The store in a PostgreSQL database, which other processes may use at the same time.
 * @throws {StoreError} `newer` when a newer version migrated it; `broken` when the server isn't fit; and its own faults
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, policy, newId = randomUUID, observer = NO_OBSERVER } = options;
  const { schema = 'public', clock = createSystemClock() } = options;
  const known = readMigrations();
  const outdated = outdatedIn(quoted(schema), known.length);
  const database = createDatabase(url, clock, outdated);
  try {
    const schemaVersion = await migrate(database, schema, known);
    const context = { database, schema: quoted(schema), outdated, policy, newId, slot: randomInt(SLOTS) };
    return createStore(context, schemaVersion, observer);
  } catch (error) {
    await database.close();
    throw toStoreError(error);
  }
}

function createStore(context: StoreContext, schemaVersion: number, observer: StoreObserver): Store {
  const { database, policy } = context;
  const around = createAround({ observer, toStoreError, afterWrite() {}, makeRoom() {} });
  const calls = createCalls(around, database);
  const { look, read, write } = calls;
  const dictionary = createDictionary(context);
  const meta = createMetaTable(context);
  const leases = createLeaseTable(context);
  const attempts = createAttemptTable(context);
  const chats = createChatTable(context, dictionary);
  const lines = createLineTable(context);
  const holds = createHoldTable(context);
  const control = createControlTable(context);
  const corrections = createCorrections(context, dictionary.forget);
  const gates = createGateTable(context);
  const cardShares = createCardSharesTable(context);
  const inUnit = createUnits(context, { chats, leases, attempts, dictionary, cardShares });
  const claims = createClaims(context, dictionary, gates, meta);
  const upkeep = createUpkeep(context, inUnit, cardShares);
  const restoreMark = createRestoreMark(context, inUnit);
  const list = createChatList(context, chats);
  const summary = createSummary(context, list, attempts, meta, upkeep.fronts);
  const { put, ...keepQuarantine } = createQuarantineTable(context, calls);
  const { record, recordIn } = createRecord(context, chats, lines, control, dictionary, { put });
  const catchUp = createCatchUpTable(context, chats, { recordIn }, restoreMark);
  const shiftClock = createShiftClock(context, {
    control,
    corrections,
    gates,
    leases,
    lines,
    holds,
    attempts,
    restartCatchUp: catchUp.restart,
  });

  /** A transaction that changes single values, too. */
  const keep = <T>(body: (session: Session, values: Meta) => Promise<T>) =>
    write((session) => meta.change(session, (values) => body(session, values)));

  /** A body that depends on our time. */
  const inTime =
    <A extends readonly unknown[], T>(body: (session: Session, ...more: A) => Promise<T>) =>
    async (session: Session, ...more: A): Promise<T> => {
      await corrections.hold(session);
      return body(session, ...more);
    };

  const shared = async (session: Session) => ({
    holds: await holds.all(session),
    lines: await lines.all(session),
  });

  /** Changes holds and lines under their lock. Null: the turn was planned without knowing all that others changed. */
  async function share(session: Session, turn: Turn): Promise<number | null> {
    const planned = planShared(turn);
    const isChange = planned.lines.length + planned.ended.length + planned.holds.length > 0;
    if (!isChange) {
      const version = await control.version(session);
      return turn.version === undefined || turn.version === version ? version : null;
    }
    const version = await control.change(session);
    const isCurrent = turn.version === undefined || turn.version === version - 1;
    const checked = turn.cards.map(({ line }) => line);
    const known = checked.length === 0 ? [] : await lines.find(session, checked);
    const current = planShared(turn, known, policy.reshareOnCardChange);
    const changes = isCurrent ? current : mergeShared(current, await shared(session));
    for (const [line, change] of changes.lines) await lines.update(session, line, change);
    for (const hold of changes.ended) await holds.end(session, hold);
    for (const hold of changes.holds) await holds.put(session, hold);
    return isCurrent ? version : null;
  }

  async function turn(session: Session, all: Turn, now: EpochMs): Promise<TurnResult> {
    const { settlements, ...turn } = all;
    await corrections.hold(session);
    await dictionary.addLines(planShared(turn).lines.map(([line]) => line));
    return inUnit(session, async (unit) => {
      await unit.lockAll(
        settlements.map(({ claim }) => claim.chatRow),
        turn.undone,
      );
      const settled = [];
      for (const settlement of settlements) settled.push(await claims.settle(session, unit, settlement, now));
      for (const chatId of turn.undone) {
        const stored = unit.find(chatId);
        if (stored !== null) unit.write(planSave(stored, undoRefusal(stored.chat), policy, now));
      }
      const version = await share(session, all);
      const claim = version === null ? null : turn.claim;
      const claimed = claim === null ? NO_CLAIMS : await claims.due(session, unit, claim, now);
      return { settled, version, ...claimed };
    });
  }

  /** Claims whose commit may have succeeded without our hearing of it: nobody makes their calls. */
  const unanswered: Claim[] = [];

  /**
   * Remembers the claims of a call that fails, so that the next turn withdraws them. Otherwise their leases would run out,
   * and count as attempts that were cut off.
   */
  async function doubting<T>(call: (doubt: (claims: readonly Claim[]) => void) => Promise<T>): Promise<T> {
    let claimed: readonly Claim[] = [];
    try {
      return await call((made) => {
        claimed = made;
      });
    } catch (error) {
      unanswered.push(...claimed);
      throw error;
    }
  }

  return {
    kind: 'postgres',
    schemaVersion,
    async record(entries, now) {
      const results = await around(
        () => {
          corrections.refuseReverted();
          return record(entries, now);
        },
        { kind: 'events' },
      );
      observer.recorded(countEvents(entries, results));
      return results;
    },
    turn: (all, now) =>
      doubting(async (doubt) => {
        const doubtful = unanswered.splice(0);
        doubt(doubtful);
        const withdrawn = doubtful.map((claim) => ({
          claim,
          endedAt: now,
          result: { kind: 'withdrawn' } as const,
        }));
        const settlements = [...all.settlements, ...withdrawn];
        const result = await write(
          async (session) => {
            const done = await turn(session, { ...all, settlements }, now);
            doubt([...doubtful, ...done.claims]);
            return done;
          },
          { kind: 'shares' },
        );
        return { ...result, settled: result.settled.slice(0, all.settlements.length) };
      }),
    claimManually: (chatId, leaseUntil, now) =>
      doubting((doubt) =>
        write(async (session) => {
          await corrections.hold(session);
          const done = await inUnit(session, (unit) => claims.manual(session, unit, chatId, leaseUntil, now));
          if (done !== null && 'claim' in done) doubt([done.claim]);
          return done;
        }),
      ),
    addLookedUp: (claim, facts, now) =>
      write((session) => inUnit(session, (unit) => claims.addLookedUp(unit, claim, facts, now))),
    // an open attempt may be another replica's; the claim that takes an expired lease records the interruption
    recoverInterrupted: async () => ({ interrupted: 0, parked: 0 }),
    wakeChats: (now, limit) => write(inTime((session) => upkeep.wake(session, now, limit))),
    nextWakeAt: (now) => look((session) => upkeep.nextWakeAt(session, now)),
    agenda: (now) => look((session) => upkeep.agenda(session, now)),
    nextDueAfter: (now) => look((session) => upkeep.nextDueAfter(session, now)),
    recentEnds: (limit) => look((session) => attempts.recentEnds(session, limit)),
    redecide: (fingerprint, limit, now) =>
      keep(inTime((session, values) => upkeep.redecide(session, values, fingerprint, limit, now))),
    async shiftClock(byMs, now) {
      const made = await keep((session, values) => shiftClock(session, values, byMs, now));
      if (made !== null) corrections.follow(made);
      return made !== null;
    },
    releaseRestored: async (limit, now) =>
      (await look(async (session) => restoreMark.isReleasable(await meta.read(session), now))) &&
      keep(inTime((session, values) => restoreMark.release(session, values, limit, now))),
    updateChat: (chatId, change, now) =>
      write((session) =>
        inUnit(session, async (unit) => {
          await unit.lockAll([], [chatId]);
          const stored = unit.find(chatId);
          if (stored === null) return null;
          const { chat, chats } = planSave(stored, change(stored.chat), policy, now);
          unit.write({ chats });
          return chat;
        }),
      ),
    chat: (chatId) =>
      look(async (session) => (await chats.read(session, 'c.chat_id = $1', [chatId])).chats[0]?.chat ?? null),
    attempts: (chatId, limit) => read((session) => attempts.ofChat(session, chatId, limit)),
    chats: (filters, limit, cursor, now, order = FIRST_SEEN) =>
      read((session) => list.page(session, { filters, limit, cursor, order }, now)),
    counts: (now) => look((session) => list.counts(session, now)),
    summary: (now) => look((session) => summary(session, now)),
    lines: () => look((session) => lines.all(session)),
    cardShares: async (now) =>
      policy.reshareOnCardChange
        ? read(async (session) => {
            const redeciding = redecidingIn(await meta.read(session));
            return (await cardShares.all(session)).map((row) => cardSharesOf(row, redeciding, now));
          })
        : [],
    holds: () => look((session) => holds.all(session)),
    putHold: (hold) =>
      write(async (session) => {
        await control.change(session);
        const merged = mergeShared({ lines: [], ended: [], holds: [hold] }, await shared(session));
        for (const put of merged.holds) await holds.put(session, put);
      }),
    endHold: (scope, reason) =>
      write(async (session) => {
        await control.change(session);
        await holds.end(session, { scope, reason });
      }),
    ...createCatchUpStore(catchUp, meta, calls, observer),
    ...createPageStore(context, chats, attempts, calls),
    ...createProblemStore(context, meta, calls),
    ...keepQuarantine,
    ...createReplicaTable(context, meta, calls),
    sharedVersion: () => look(control.version),
    serverNow: () => look(corrections.read),
    followedCorrections: corrections.followed,
    followCorrections: corrections.follow,
    heartbeat: (now, toleratedMs) =>
      keep(
        inTime(async (session, values) => {
          if (values.text('restore_marking') !== null)
            throw new StoreError(
              'locked',
              '`restore --mark` is at work, or was cut off, so that some chats may be shared too early; run it to its end first',
            );
          const before = values.number('heartbeat_at');
          const rows = { heartbeatAt: before, isRestored: values.number('restored_unread') !== null };
          const { heartbeatAt, requestsCatchUp } = planHeartbeat(rows, now, toleratedMs);
          if (requestsCatchUp) {
            values.set('restored_unread', null);
            await catchUp.change(session, values, (known) => wishFor(known, 'away', now));
          }
          values.set('heartbeat_at', heartbeatAt);
          return before;
        }),
      ),
    pruneAttempts: (retentionMs, limit, now) =>
      keep(
        inTime((session, values) => pruneAttempts(session, values, attempts, { retentionMs, limit, now })),
      ),
    lastBackupAt: () => look(async (session) => (await meta.read(session)).number('last_backup_at')),
    noteBackup: (startedAt) => keep(async (_session, values) => values.set('last_backup_at', startedAt)),
    probe: (now) =>
      look((session) => {
        corrections.refuseReverted();
        return meta.note(session, 'probed_at', now);
      }),
    diskSpace: async () => null, // the server's disk can't be seen from here
    close: () => around(() => database.close()),
  };
}

const NO_CLAIMS: Claimed = { claims: [], lacksLookUps: false, starts: new Map(), isContended: false };
