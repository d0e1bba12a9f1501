import type pg from 'pg';
import { expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { packageFile } from '../../src/package-files.ts';
import { type Migration, readMigrationsIn } from '../../src/store/migrations.ts';
import { createDatabase } from '../../src/store/postgres/database.ts';
import { migrate } from '../../src/store/postgres/migrate.ts';
import { LINE, OTHER_LINE, outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import { claim, settle, verdictOf } from '../helpers/store/use-store.ts';

const MINUTE_OF_T = Math.floor(T / 60_000);
const HOUR_OF_T = Math.floor(T / 3_600_000);

/** Two chats of one line, one of them shared before, as the first version wrote them. */
const FIRST_VERSION = `
  INSERT INTO lines (line, card) VALUES ('${LINE}', 'active');
  INSERT INTO chat_counts (line_id, state, reason, n)
    VALUES (1, 'due', 'became_eligible', 1), (1, 'waiting', 'window', 1), (1, 'idle', 'no_recent_outbound', 0);
  INSERT INTO chats (count_id, line_id, chat_id, next_attempt_at, service, is_group, first_outbound_at, last_outbound_at,
      last_shared_at, share_count, rev)
    VALUES (1, 1, 'due', ${T}, 'iMessage', 0, ${T}, ${T}, NULL, 0, 1),
      (2, 1, 'shared', ${T + 86_400_000}, 'iMessage', 0, ${T}, ${T}, ${T}, 1, 1);
  INSERT INTO outcome_minutes VALUES (${MINUTE_OF_T}, 5, 2);
  INSERT INTO outcome_hours VALUES (${HOUR_OF_T}, 5, 2);
  INSERT INTO share_totals VALUES (1, 5, ${T});
  INSERT INTO holds VALUES ('', 'paused', ${T}, NULL, 0)`;

const KNOWN = readMigrationsIn(packageFile('migrations/postgres/'));
/** Of the statements of a migration, the last one and each third before it. */
const EVERY = 3;
const BREAKPOINT = '--> statement-breakpoint';
type Home = ReturnType<typeof createPostgresHome>;

async function migrateTo(home: Home, known: readonly Migration[]): Promise<void> {
  const database = createDatabase(home.url, createSystemClock());
  await migrate(database, home.schema, known).finally(() => database.close());
}

/** Runs statements in the schema of the tables. */
const inSchema = <T>(home: Home, body: (client: pg.Client) => Promise<T>): Promise<T> =>
  withClient(home.url, async (client) => {
    await client.query(`SET search_path = "${home.schema.replaceAll('"', '""')}"`);
    return body(client);
  });

async function leaveFirstVersion(): Promise<Home> {
  const home = createPostgresHome();
  await migrateTo(home, KNOWN.slice(0, 1));
  await inSchema(home, (client) => client.query(FIRST_VERSION));
  return home;
}

it('a database of the first version is taken over with all that it has', async () => {
  const home = await leaveFirstVersion();
  const store = await home.open(policyOf());
  try {
    expect(await store.counts(T)).toEqual([
      { line: LINE, state: 'due', reason: 'became_eligible', count: 1 },
      { line: LINE, state: 'waiting', reason: 'window', count: 1 },
    ]);
    const last24h = { succeeded: 5, failed: 2 };
    expect((await store.summary(T)).totals).toEqual({ succeeded: 5, lastSucceededAt: T, last24h });
    expect((await store.shareHistory(T)).hours.at(-1)).toMatchObject(last24h);
    expect(await store.holds()).toMatchObject([{ reason: 'paused' }]);
    expect(await store.sharedVersion()).toBe(0);

    await store.record([outboundOf(T, { chatId: 'new', line: OTHER_LINE })], T);
    const lines = [LINE, OTHER_LINE].map((line) => ({ line, limit: 5 }));
    const claims = await claim(store, T, { lines, ratePerLine: 2 });
    expect(claims.map(({ chat }) => chat.chatId).sort()).toEqual(['due', 'new']);
    for (const one of claims) await settle(store, { claim: one, endedAt: T, result: verdictOf() });
    expect((await store.summary(T)).totals).toMatchObject({
      succeeded: 7,
      last24h: { succeeded: 7, failed: 2 },
    });
    expect(await store.counts(T)).toMatchObject([
      { line: LINE, state: 'waiting', count: 2 },
      { line: OTHER_LINE, state: 'waiting', count: 1 },
    ]);
  } finally {
    await store.close();
  }
});

/** Tables, columns, constraints, indexes and rows. */
const readAll = (home: Home) =>
  inSchema(home, async (client) => {
    const all = async (text: string) => (await client.query(text, [home.schema])).rows;
    const tables = await all('SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1');
    const rowsOf = tables.map(({ name }) => `SELECT '${name}' AS name, t::text AS row FROM ${name} t`);
    const { rows } = await client.query(`${rowsOf.join(' UNION ALL ')} ORDER BY 1, 2`);
    return {
      tables,
      rows,
      columns: await all(
        `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
          WHERE table_schema = $1 ORDER BY 1, 2`,
      ),
      constraints: await all(
        `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
          WHERE connamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) ORDER BY 1, 2`,
      ),
      indexes: await all('SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY 1'),
    };
  });

it('an upgrade that is killed amid its statements or after the last one leaves all as it was, and is made up for', async () => {
  const home = await leaveFirstVersion();
  const before = await readAll(home);
  let kills = 0;
  for (const [index, { sql }] of KNOWN.entries()) {
    if (index === 0) continue;
    const statements = sql.split(BREAKPOINT);
    for (let hit = statements.length; hit > 0; hit -= EVERY) {
      const killed = statements.toSpliced(hit, 0, 'SELECT pg_terminate_backend(pg_backend_pid())');
      const known = KNOWN.map((one, at) => (at === index ? { ...one, sql: killed.join(BREAKPOINT) } : one));
      await expect(migrateTo(home, known)).rejects.toMatchObject({ fault: 'unavailable' });
      kills++;
      expect(await readAll(home)).toEqual(before);
    }
  }
  expect(kills).toBeGreaterThan(7);
  const store = await home.open(policyOf());
  expect(await store.counts(T)).toMatchObject([{ count: 1 }, { count: 1 }]);
  await store.close();
});

/** Records new chats as the first version did, until its statements no longer fit. */
const recordAsBefore = (home: Home, name: string, onRecorded: (chatId: string) => void) =>
  inSchema(home, async (client) => {
    for (let n = 0; ; n++) {
      const chatId = `${name}-${n}`;
      try {
        await client.query(`BEGIN;
          INSERT INTO chats (count_id, line_id, chat_id, next_attempt_at, service, is_group, first_outbound_at,
            last_outbound_at, share_count, rev) VALUES (1, 1, '${chatId}', ${T}, 'iMessage', 0, ${T}, ${T}, 0, 1);
          UPDATE chat_counts SET n = n + 1 WHERE id = 1;
          COMMIT`);
      } catch (error) {
        return String(error);
      }
      onRecorded(chatId);
    }
  });

it('a database of the first version is upgraded under its load, by replicas that start together', async () => {
  const home = await leaveFirstVersion();
  const recorded = new Set(['due', 'shared']);
  let begin = () => {};
  const some = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const old = ['one', 'two', 'three'].map((name) =>
    recordAsBefore(home, name, (chatId) => {
      recorded.add(chatId);
      if (recorded.size > 30) begin();
    }),
  );
  await some;
  const stores = await Promise.all([1, 2, 3].map(() => home.open(policyOf())));
  const [store] = stores;
  try {
    for (const ended of await Promise.all(old)) expect(ended).toContain('column "n"');
    await Promise.all(
      stores.map((one, index) =>
        one.record([outboundOf(T, { chatId: `new-${index}`, line: OTHER_LINE })], T),
      ),
    );
    const counts = (await store?.counts(T)) ?? [];
    expect(new Set(counts)).toEqual(
      new Set([
        { line: LINE, state: 'due', reason: 'became_eligible', count: recorded.size - 1 },
        { line: LINE, state: 'waiting', reason: 'window', count: 1 },
        { line: OTHER_LINE, state: 'due', reason: 'became_eligible', count: 3 },
      ]),
    );
    for (const chatId of recorded) expect(await store?.chat(chatId)).toMatchObject({ chatId });
  } finally {
    for (const one of stores) await one.close();
  }
});
