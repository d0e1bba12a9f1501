import pg from 'pg';
import { SECOND } from '../../decide/time.ts';
import { readAddress } from './address.ts';
import { type DatabaseAddress, type MigrationState, stateIn } from './by-hand.ts';
import type { Session } from './database.ts';
import { toStoreError } from './faults.ts';

/** What can be seen of a server and its tables, without changing anything. */
export interface ServerState {
  /** As in `SHOW server_version`. */
  readonly version: string;
  readonly versionNumber: number;
  readonly user: string;
  /** Null: the user may not read which there are. */
  readonly migrations: MigrationState | null;
  /** Null: the schema doesn't exist. */
  readonly mayUseSchema: boolean | null;
  readonly mayCreateSchema: boolean;
  /** Names of the tables and sequences that the user may not read and write. */
  readonly forbidden: readonly string[];
  readonly synchronousCommit: string;
  readonly fsync: boolean;
  /** The database's clock minus this machine's, in ms, as far as it is certain: by at least so much. */
  readonly clockAheadMs: number;
  /** What is between us and the server. */
  readonly pooler: 'none' | 'session' | 'transaction';
  /** How long the oldest open transaction has lasted, in seconds; null: none is seen. */
  readonly oldestTransactionSeconds: number | null;
  readonly tls: 'checked' | 'unchecked' | 'none';
  /** Through a socket or on this machine. */
  readonly isLocal: boolean;
}

/** The longest wait for a connection, and for an answer. */
const WAIT_MS = 4 * SECOND;

/** @param now the machine's time @throws {StoreError} */
export async function examineServer(
  { url, schema }: DatabaseAddress,
  now: () => number,
): Promise<ServerState> {
  const { host = '', ssl, ...rest } = readAddress(url);
  const settings = { ...rest, host, ssl, connectionTimeoutMillis: WAIT_MS, query_timeout: WAIT_MS };
  const [client, other] = [new pg.Client(settings), new pg.Client(settings)];
  for (const one of [client, other]) one.on('error', () => {}); // its query tells
  try {
    await client.connect();
    const session = sessionOf(client);
    const [seen] = await session.rows<Row>(LOOK, [schema]);
    if (seen === undefined) throw new Error('the server gave no row');
    const isReadable = seen.mayUseSchema !== false && !seen.forbidden.includes('migrations');
    return {
      ...seen,
      migrations: isReadable ? await stateIn(session, schema) : null,
      clockAheadMs: await clockAhead(session, now),
      pooler: await lookForPooler(client, other),
      tls: typeof ssl !== 'object' ? 'none' : ssl.rejectUnauthorized === false ? 'unchecked' : 'checked',
      isLocal: /^(\/|localhost$|127\.|::1$)/.test(host),
    };
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await Promise.all([client, other].map((one) => one.end().catch(() => {})));
  }
}

type Row = Omit<ServerState, 'migrations' | 'clockAheadMs' | 'pooler' | 'tls' | 'isLocal'>;

const LOOK = `SELECT current_setting('server_version') AS version,
  current_setting('server_version_num')::int AS "versionNumber",
  current_user AS user,
  (SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1) AS "mayUseSchema",
  has_database_privilege(current_database(), 'CREATE') AS "mayCreateSchema",
  coalesce((SELECT array_agg(relname::text ORDER BY relname) FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND
    CASE WHEN relkind = 'S' THEN NOT has_sequence_privilege(oid, 'USAGE')
      WHEN relname = 'migrations' THEN NOT has_table_privilege(oid, 'SELECT')
      WHEN relkind = 'r' THEN NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
        AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
      ELSE false END), '{}') AS forbidden,
  current_setting('synchronous_commit') AS "synchronousCommit",
  current_setting('fsync') = 'on' AS fsync,
  (SELECT extract(epoch FROM max(clock_timestamp() - xact_start))::float8 FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid())
    AS "oldestTransactionSeconds"`;

/** Zero if the two clocks may agree: the answer took its time. */
async function clockAhead(session: Session, now: () => number): Promise<number> {
  const before = now();
  const [clock] = await session.rows<{ at: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS at',
  );
  const after = now();
  const at = clock?.at ?? before;
  if (at < before) return Math.round(at - before);
  return at > after + 1 ? Math.round(at - after) : 0; // ours counts whole milliseconds
}

/**
 * A pooler tells its clients numbers of its own in place of the server's processes. If it hands the process that served one
 * client to another while both are connected, it does so by transactions.
 */
async function lookForPooler(client: pg.Client, other: pg.Client): Promise<ServerState['pooler']> {
  const pidOf = async (one: pg.Client) => (await one.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  const told = 'processID' in client ? client.processID : null;
  const pid = await pidOf(client);
  if (told === pid) return 'none';
  await other.connect();
  await other.query('BEGIN');
  const isShared = (await pidOf(other)) === pid || (await pidOf(client)) !== pid;
  await other.query('ROLLBACK');
  return isShared ? 'transaction' : 'session';
}

function sessionOf(client: pg.Client): Session {
  return {
    rows: async (text, values = []) => (await client.query(text, [...values])).rows,
    arrays: async (text, values = []) =>
      (await client.query({ text, values: [...values], rowMode: 'array' })).rows as never,
    run: async (text, values = []) => (await client.query(text, [...values])).rowCount ?? 0,
  };
}
