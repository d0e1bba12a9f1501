import { createSystemClock } from '../../clock.ts';
import type { EpochMs } from '../../decide/time.ts';
import { StoreError } from '../../errors.ts';
import { DECIDED_KEYS } from '../plan/meta.ts';
import { createControlTable } from './control-table.ts';
import { createDatabase, type Database, type Session } from './database.ts';
import { toStoreError } from './faults.ts';
import { createMetaTable, type Meta } from './meta.ts';
import { migrate, pendingOf, quoted, readMigrations } from './migrate.ts';

// What the command line does to the database without a service.

export interface DatabaseAddress {
  /** `postgres://user:password@host/database`: a secret. */
  readonly url: string;
  readonly schema: string;
}

/** The tables, compared with this version of the program. */
export interface MigrationState {
  readonly state: 'current' | 'pending' | 'newer';
  /** Number of the newest migration applied; 0: there are no tables; null: unknown to this version. */
  readonly schemaVersion: number | null;
  /** The newest migration of this version. */
  readonly latest: number;
  /** Names of the missing migrations, in order. */
  readonly pending: readonly string[];
}

/** Changes nothing. @throws {StoreError} when the database can't be read */
export function readMigrationState(address: DatabaseAddress): Promise<MigrationState> {
  return withDatabase(address, (database) => database.look((session) => stateIn(session, address.schema)));
}

/** @throws {StoreError} */
export function migrateByHand(address: DatabaseAddress): Promise<number> {
  return withDatabase(address, (database) => migrate(database, address.schema));
}

export async function stateIn(session: Session, schema: string): Promise<MigrationState> {
  const known = readMigrations();
  const latest = known.length;
  try {
    const pending = (await pendingOf(session, schema, known)).map(({ tag }) => tag);
    const state = pending.length === 0 ? 'current' : 'pending';
    return { state, schemaVersion: latest - pending.length, latest, pending };
  } catch (error) {
    if (!(error instanceof StoreError) || error.fault !== 'newer') throw error;
    return { state: 'newer', schemaVersion: null, latest, pending: [] };
  }
}

export interface Marked {
  readonly chats: number;
  /** From this instant each chat waits one window. */
  readonly restoredAt: EpochMs;
}

/** How far it has come. */
interface Marking extends Marked {
  /** The latest heartbeat that the database knew. */
  readonly backupAt: EpochMs;
  readonly lastRow: number;
}

/** Chats in one transaction: they take a fraction of a statement's time. */
const MARKED_AT_ONCE = 10_000;

/**
 * After the database was brought back to an earlier moment: every chat waits one window from now, since the shares made
 * after that moment are unknown. In batches; until the last one no replica starts, and what was cut off goes on when it is
 * called again.
 * @param onMarked told how many chats are marked so far, by this call and by one that was cut off
 * @param limit chats in one transaction
 * @throws {StoreError} `locked` while a replica runs
 */
export function markRestored(
  address: DatabaseAddress,
  onMarked: (chats: number) => void = () => {},
  limit = MARKED_AT_ONCE,
): Promise<Marked> {
  const schema = quoted(address.schema);
  const control = createControlTable({ schema });
  const meta = createMetaTable({ schema });

  async function begin(session: Session, values: Meta): Promise<Marking> {
    const backupAt = values.number('heartbeat_at') ?? 0;
    // a clock that reads earlier than the database's past is slow, and a wait from there would end too soon
    return { chats: 0, restoredAt: Math.max(await serverNow(session), backupAt), backupAt, lastRow: 0 };
  }

  /** Null: all were marked. */
  async function markSome(
    session: Session,
    { lastRow, restoredAt, ...so }: Marking,
  ): Promise<Marking | null> {
    // a clock correction in progress belongs to the past: the wait keeps everything from being early anyway
    const [some] = await session.rows<{ chats: number; lastRow: number | null }>(
      `WITH b AS MATERIALIZED (SELECT id FROM ${schema}.chats WHERE id > $1 ORDER BY id LIMIT $2),
        s AS (DELETE FROM ${schema}.shifted_chats WHERE chat_row IN (SELECT id FROM b)),
        u AS (UPDATE ${schema}.chats AS c SET restored_at = $3, rev = rev + 1 FROM b WHERE c.id = b.id)
        SELECT count(*)::int AS chats, max(id) AS "lastRow" FROM b`,
      [lastRow, limit, restoredAt],
    );
    if (some === undefined || some.lastRow === null) return null;
    return { ...so, restoredAt, chats: so.chats + some.chats, lastRow: some.lastRow };
  }

  async function finish(session: Session, values: Meta, { restoredAt, backupAt, lastRow }: Marking) {
    await control.change(session); // who runs all the same learns that there is something new
    await session.run(`DELETE FROM ${schema}.shifted_chats`);
    for (const key of FORGOTTEN) values.set(key, null);
    values.set('restored_at', restoredAt);
    values.set('restored_backup_at', backupAt);
    values.set('restored_last_row', lastRow);
    values.set('restored_unread', 1);
  }

  return withDatabase(address, async (database) => {
    await database.look(async (session) => {
      await refuseOtherSchema(session, address.schema);
      const cutOff = (await meta.read(session)).text('restore_marking');
      if (cutOff !== null) onMarked((JSON.parse(cutOff) as Marking).chats);
    });
    for (;;) {
      const { marking, isDone } = await database.write((session) =>
        meta.change(session, async (values) => {
          await refuseRunning(session, schema);
          const underWay = values.text('restore_marking');
          const before = underWay === null ? await begin(session, values) : (JSON.parse(underWay) as Marking);
          const after = await markSome(session, before);
          if (after === null) await finish(session, values, before);
          else values.set('restore_marking', JSON.stringify(after));
          return { marking: after ?? before, isDone: after === null };
        }),
      );
      const { chats, restoredAt } = marking;
      onMarked(chats);
      if (isDone) return { chats, restoredAt };
    }
  });
}

async function serverNow(session: Session): Promise<EpochMs> {
  const [clock] = await session.rows<{ at: number }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at',
  );
  if (clock === undefined) throw new StoreError('broken', 'the server has no time');
  return clock.at;
}

const FORGOTTEN = ['restore_marking', 'clock_shift', ...DECIDED_KEYS] as const;

async function refuseOtherSchema(session: Session, schema: string): Promise<void> {
  const { state } = await stateIn(session, schema);
  if (state === 'pending')
    throw new StoreError(
      'broken',
      'its tables are of an older version, or missing; run `contact-card-reactor migrate` first',
    );
  if (state === 'newer')
    throw new StoreError(
      'newer',
      'its tables are of a newer version of contact-card-reactor; run that version',
    );
}

/** A replica is seen every 10 s. */
async function refuseRunning(session: Session, schema: string): Promise<void> {
  const [running] = await session.rows(
    `SELECT 1 FROM ${schema}.replicas WHERE seen_at > clock_timestamp() - interval '30 s' LIMIT 1`,
  );
  if (running !== undefined)
    throw new StoreError('locked', 'a replica used it within the last 30 s; stop all of them, and try again');
}

async function withDatabase<T>(
  { url }: DatabaseAddress,
  body: (database: Database) => Promise<T>,
): Promise<T> {
  const database = createDatabase(url, createSystemClock());
  try {
    return await body(database);
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await database.close();
  }
}
