import { connect, type Socket } from 'node:net';
import pg from 'pg';
import type { Clock } from '../../clock.ts';
import { StoreError } from '../../errors.ts';
import { readAddress } from './address.ts';
import { isOfServer, isWorthRetrying } from './faults.ts';

/** One connection, for one call. Its errors are pg's; `toStoreError` converts them. */
export interface Session {
  /** Of several statements without values, the rows of the last one. */
  rows<R extends object>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** Rows as arrays, which cost half as much to read as objects. */
  arrays<R extends readonly unknown[]>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** Resolves to the number of rows that it changed. */
  run(text: string, values?: readonly unknown[]): Promise<number>;
}

/** SQL: the rows of a query as one value. One statement can read several such, of one moment and in one conversation. */
export const rowsOf = (query: string): string => `(SELECT coalesce(json_agg(r), '[]') FROM (${query}) AS r)`;

export interface Database {
  /** Statements that each commit alone. */
  look<T>(body: (session: Session) => Promise<T>): Promise<T>;
  /** Reads from one snapshot. */
  read<T>(body: (session: Session) => Promise<T>): Promise<T>;
  /**
   * One transaction, at READ COMMITTED; begun again when it failed only because of others, so the body has no other
   * effect than what it writes.
   */
  write<T>(body: (session: Session) => Promise<T>): Promise<T>;
  /** The same, however long its statements take: a migration may rewrite a large table. */
  writeLong<T>(body: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Statements that commit before the transaction in progress. On a connection of their own: those of the pool may all
   * be held by transactions that wait for this.
   */
  ahead<T>(body: (session: Session) => Promise<T>): Promise<T>;
  /** The same for what may wait for a transaction, which in turn may wait for `ahead`: on another connection. */
  aheadWaiting<T>(body: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const POOLED = 8;
const CONNECT_MS = 3_000;
const LIFE_SECONDS = 300;
/** After pg's own `query_timeout` its client isn't usable, so that a call that takes longer than this loses its client. */
const DEADLINE_MS = 10_000;
/** As long as a statement may take in a transaction. Then the server is asked to end it, and has the rest of the time for that. */
const CANCEL_MS = 8_000;
const TRIES = 3;

// set in each transaction: a pooler may hand its connection to others afterwards
const LIMITS = [
  "SET LOCAL statement_timeout = '8s'",
  "SET LOCAL lock_timeout = '2s'",
  "SET LOCAL idle_in_transaction_session_timeout = '10s'",
].join('; ');
const BEGIN_WRITE = `BEGIN ISOLATION LEVEL READ COMMITTED; ${LIMITS}`;
// the role may have limits of its own
const BEGIN_LONG = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0;
  SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'`;
const BEGIN_READ = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${LIMITS}`;

const INT8 = 20;
/** All our integers are below 2^53. */
const TYPES = {
  getTypeParser: (oid: number, format: string) =>
    oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig;

/**
 * Connects only when it is used.
 * @param outdated SQL: true if the tables were migrated beyond what this program may write
 * @throws {StoreError} when the address can't be parsed
 */
export function createDatabase(
  url: string,
  clock: Pick<Clock, 'sleepUntil'>,
  outdated: string | null = null,
): Database {
  const pool = createClients(url, POOLED, clock);
  const alone = createClients(url, 1, clock);
  const beginWrite = outdated === null ? BEGIN_WRITE : `${BEGIN_WRITE}; SELECT ${outdated} AS outdated`;
  const aloneWaiting = createClients(url, 1, clock);

  /** Runs the body with a client, which it loses after an error of the connection, and after the deadline. */
  async function withClient<T>(
    clients: Clients,
    body: (client: pg.PoolClient) => Promise<T>,
    deadlineMs = DEADLINE_MS,
  ): Promise<T> {
    const client = await clients.take();
    const done = new AbortController();
    let isLost = false;
    let isLate = false;
    const lose = (reason: Error) => {
      if (!isLost) clients.give(client, reason);
      isLost = true;
    };
    if (Number.isFinite(deadlineMs)) {
      void clock.sleepUntil(Number.POSITIVE_INFINITY, CANCEL_MS, done.signal).then(async () => {
        if (done.signal.aborted) return;
        isLate = true;
        const request = cancel(client);
        await clock.sleepUntil(Number.POSITIVE_INFINITY, deadlineMs - CANCEL_MS, done.signal);
        request.destroy();
        if (!done.signal.aborted) lose(LATE);
      });
    }
    try {
      const result = await body(client);
      // a commit that waits for a standby returns when it is cancelled: nothing says that the standby has it
      if (isLate) throw new StoreError('busy', TOO_LONG);
      return result;
    } catch (error) {
      if (isOfServer(error)) {
        clients.distrust();
        lose(error as Error);
      }
      throw error;
    } finally {
      done.abort();
      // the request to cancel may come late, and must not hit the next call
      if (!isLost) clients.give(client, isLate ? LATE : undefined);
    }
  }

  function transaction<T>(
    begin: string,
    body: (session: Session) => Promise<T>,
    deadlineMs?: number,
  ): Promise<T> {
    const run = async (client: pg.PoolClient) => {
      try {
        refuseOutdated(await client.query(begin));
        const result = await body(sessionOf(client));
        const { command } = await client.query('COMMIT');
        if (command !== 'COMMIT') throw new StoreError('broken', 'the transaction had failed before its end');
        return result;
      } catch (error) {
        // without a connection there is nothing to roll back, and the first error is the one to tell
        await client.query('ROLLBACK').catch(() => {});
        throw error;
      }
    };
    return withClient(pool, run, deadlineMs);
  }

  async function repeated<T>(body: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      try {
        return await body();
      } catch (error) {
        if (tried === TRIES || !isWorthRetrying(error)) throw error;
      }
    }
  }

  return {
    look: (body) => repeated(() => withClient(pool, (client) => body(sessionOf(client)))),
    read: (body) => repeated(() => transaction(BEGIN_READ, body)),
    write: (body) => repeated(() => transaction(beginWrite, body)),
    writeLong: (body) => repeated(() => transaction(BEGIN_LONG, body, Number.POSITIVE_INFINITY)),
    ahead: (body) => repeated(() => withClient(alone, (client) => body(sessionOf(client)))),
    aheadWaiting: (body) => repeated(() => withClient(aloneWaiting, (client) => body(sessionOf(client)))),
    async close() {
      await Promise.all([pool, alone, aloneWaiting].map((clients) => clients.close()));
    },
  };
}

const LATE = new Error('the call took too long');
const TOO_LONG =
  'a call took too long; look at the load of the server and its standbys, and for locks that others hold';

/**
 * Asks the server, as libpq does, to end what it does for this client. It doesn't notice that a client has left while it waits
 * for a lock: each call given up would leave a connection behind there, until none is left for anybody.
 */
function cancel(client: pg.PoolClient): Socket {
  const { host, port, processID, secretKey } = client as unknown as Cancellable;
  const [SIZE, CODE] = [16, 80_877_102];
  const request = Buffer.alloc(SIZE);
  for (const [index, value] of [SIZE, CODE, processID, secretKey].entries())
    request.writeInt32BE(value ?? 0, index * 4);
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.on('error', () => {}); // then the client is given up without
  return socket.on('connect', () => socket.end(request)).resume();
}

/** What pg knows of a connection, but doesn't declare. */
interface Cancellable {
  readonly host: string;
  readonly port: number;
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/** @param begun what the statements that begin a transaction returned: one result each */
function refuseOutdated(begun: pg.QueryResult | readonly pg.QueryResult[]): void {
  const [row] = [begun].flat().at(-1)?.rows ?? [];
  if (row?.outdated === true) throw outdatedError();
}

export const outdatedError = (): StoreError =>
  new StoreError(
    'newer',
    'a newer version migrated the database, and this one must not write to it any more; replace this replica',
  );

interface Clients {
  /** Waits while all are in use, and then until it is connected. */
  take(): Promise<pg.PoolClient>;
  /** @param reason why it isn't used again */
  give(client: pg.PoolClient, reason?: Error): void;
  /** The server failed: connections made before now are not used any more. */
  distrust(): void;
  close(): Promise<void>;
}

function createClients(url: string, max: number, clock: Pick<Clock, 'sleepUntil'>): Clients {
  let era = 0;
  let free = max;
  /** First come, first served. */
  const waiting = new Set<() => void>();
  const eras = new WeakMap<object, number>();
  const pool = new pg.Pool({
    connectionTimeoutMillis: CONNECT_MS,
    ...readAddress(url),
    max,
    maxLifetimeSeconds: LIFE_SECONDS,
    keepAlive: true,
    types: TYPES,
    onConnect: refuseReadonly,
  });
  pool.on('connect', (client) => {
    eras.set(client, era);
    client.on('error', () => {}); // a client in use is told by its query; without a listener the process would end
  });
  pool.on('error', () => {}); // an idle client is gone: the pool makes another

  /**
   * The pool itself would count this wait as time to connect, and a server whose load keeps all connections busy would seem
   * to be gone.
   */
  async function untilOneIsFree(): Promise<void> {
    if (free > 0) {
      free--;
      return;
    }
    const served = new AbortController();
    const isServed = await new Promise<boolean>((resolve) => {
      const serve = () => {
        served.abort();
        resolve(true);
      };
      waiting.add(serve);
      void clock.sleepUntil(Number.POSITIVE_INFINITY, DEADLINE_MS, served.signal).then(() => {
        if (waiting.delete(serve)) resolve(false);
      });
    });
    if (!isServed)
      throw new StoreError(
        'busy',
        'all our connections to the database are in use; look at the load of the server, and for locks that others hold',
      );
  }

  function oneIsFree(): void {
    const [next] = waiting;
    if (next === undefined) {
      free++;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    async take() {
      await untilOneIsFree();
      try {
        for (;;) {
          const client = await pool.connect();
          if (eras.get(client) === era) return client;
          client.release(true);
        }
      } catch (error) {
        oneIsFree();
        throw error;
      }
    },
    give(client, reason) {
      client.release(reason);
      oneIsFree();
    },
    distrust() {
      era++;
    },
    close: () => pool.end(),
  };
}

/** A former primary still answers reads. A pooler accepts connections for a server that is gone: it is given the same time. */
async function refuseReadonly(client: pg.ClientBase): Promise<void> {
  const question = { text: 'SHOW transaction_read_only', query_timeout: CONNECT_MS };
  const { rows } = await client.query(question);
  if (rows[0]?.transaction_read_only === 'on')
    throw new StoreError('readonly', 'the server only reads: it is a standby, or read-only by its settings');
}

function sessionOf(client: pg.PoolClient): Session {
  return {
    async rows(text, values = []) {
      const result: pg.QueryResult | pg.QueryResult[] = await client.query(text, [...values]);
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
    },
    async arrays(text, values = []) {
      return (await client.query({ text, values: [...values], rowMode: 'array' })).rows as never;
    },
    async run(text, values = []) {
      return (await client.query(text, [...values])).rowCount ?? 0;
    },
  };
}
