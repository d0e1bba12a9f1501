import { StoreError } from '../../errors.ts';
import { packageFile } from '../../package-files.ts';
import { type Migration, readMigrationsIn } from '../migrations.ts';
import type { Database, Session } from './database.ts';
import { toStoreError } from './faults.ts';

/** The oldest PostgreSQL that has what our statements use, and that is still maintained. */
const OLDEST_SERVER = 140_000;

/** The migrations that this program knows, oldest first. */
export const readMigrations = () => readMigrationsIn(packageFile('migrations/postgres/'));

/**
 * Replicas of two versions run on beside each other while one replaces the other. A migration says up to which of the
 * migrations a program must know to go on after it: `-- oldest: 3`. Without that line, none goes on that doesn't know it.
 */
function oldestBeside({ number, sql }: Pick<Migration, 'number' | 'sql'>): number {
  const [, oldest] = /^-- oldest: (\d+)$/m.exec(sql) ?? [];
  return oldest === undefined ? number : Number(oldest);
}

/**
 * SQL, for every transaction that writes: true once the tables were migrated beyond what a program may write to that knows
 * so many migrations. Reading it holds off such a migration until the transaction ends.
 */
export const outdatedIn = (schema: string, known: number): string =>
  `EXISTS (SELECT 1 FROM ${schema}.migrations m WHERE m.number > ${known} AND ${OLDEST} > ${known})`;

/** The column was added later. */
const OLDEST = `coalesce((to_jsonb(m) ->> 'oldest')::int, m.number)`;

/** SQL: a name in quotes. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Creates and migrates the tables as needed. Replicas that start together do this one after another.
 * @returns the number of the newest migration
 * @throws {StoreError} `newer` when it has a migration that this program doesn't know; `broken` when the server isn't
 * one to entrust promises to
 */
export async function migrate(
  database: Database,
  schema: string,
  known: readonly Migration[] = readMigrations(),
): Promise<number> {
  const pending = await database.look(async (session) => {
    await refuseUnfit(session);
    return pendingOf(session, schema, known);
  });
  if (pending.length === 0) return known.length;
  try {
    await database.writeLong((session) => apply(session, schema, known));
  } catch (error) {
    const failure = toStoreError(error);
    if (failure.fault !== 'denied') throw failure;
    const tags = pending.map(({ tag }) => tag).join(', ');
    throw new StoreError(
      'denied',
      `its user may not change the tables, which lack ${tags}; run \`contact-card-reactor migrate\` as the user who owns them`,
      { cause: failure },
    );
  }
  return known.length;
}

async function refuseUnfit(session: Session): Promise<void> {
  const [server] = await session.rows<{ version: number; sync: string; fsync: string }>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('synchronous_commit') AS sync,
      current_setting('fsync') AS fsync`,
  );
  if (server === undefined) return;
  if (server.version < OLDEST_SERVER)
    throw new StoreError(
      'broken',
      `the server is too old (${server.version}); PostgreSQL 14 is the oldest that works`,
    );
  for (const [name, value] of [
    ['synchronous_commit', server.sync],
    ['fsync', server.fsync],
  ] as const) {
    if (value === 'off') {
      throw new StoreError(
        'broken',
        `${name} is off, so that a crash of the server could lose what was answered; turn it on for this database`,
      );
    }
  }
}

/** @throws {StoreError} `newer` */
export async function pendingOf(
  session: Session,
  schema: string,
  known: readonly Migration[],
): Promise<readonly Migration[]> {
  const table = `${quoted(schema)}.migrations`;
  // not by `to_regclass`, which may still know from before the lock that there is none
  const [found] = await session.rows(
    `SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = 'migrations'`,
    [schema],
  );
  if (found === undefined) return known;
  const applied = await session.rows<{ tag: string; oldest: number }>(
    `SELECT tag, ${OLDEST} AS oldest FROM ${table} m ORDER BY number`,
  );
  const mayGoOn = applied.every(({ oldest }, index) => index < known.length || oldest <= known.length);
  const unknown = applied.find(
    ({ tag }, index) => known[index]?.tag !== tag && !(mayGoOn && index >= known.length),
  );
  if (unknown !== undefined) {
    throw new StoreError(
      'newer',
      `the database was migrated to "${unknown.tag}", which this version doesn’t know; run the newer version`,
    );
  }
  return known.slice(applied.length);
}

async function apply(session: Session, schema: string, known: readonly Migration[]): Promise<void> {
  await session.run('SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))', [
    'contact-card-reactor',
    schema,
  ]);
  const pending = await pendingOf(session, schema, known); // another replica may have been here meanwhile
  if (pending.length === 0) return;
  // who may not create schemas may use one that exists
  const [found] = await session.rows('SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema]);
  if (found === undefined) await session.run(`CREATE SCHEMA ${quoted(schema)}`);
  // the generated statements name no schema; this ends with the transaction
  await session.run(`SET LOCAL search_path = ${quoted(schema)}`);
  await session.run('CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, tag text NOT NULL)');
  // waits for older replicas that write; afterwards they find out whether they still may
  await session.run('LOCK TABLE migrations IN ACCESS EXCLUSIVE MODE');
  await session.run('ALTER TABLE migrations ADD COLUMN IF NOT EXISTS oldest integer');
  for (const migration of pending) {
    const { number, tag, sql } = migration;
    for (const statement of sql.split('--> statement-breakpoint')) await session.run(statement);
    await session.run('INSERT INTO migrations (number, tag, oldest) VALUES ($1, $2, $3)', [
      number,
      tag,
      oldestBeside(migration),
    ]);
  }
}
