import { expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { packageFile } from '../../src/package-files.ts';
import { readMigrationsIn } from '../../src/store/migrations.ts';
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

it('a database of the first version is taken over with all that it has', async () => {
  const home = createPostgresHome();
  const database = createDatabase(home.url, createSystemClock());
  await migrate(database, home.schema, readMigrationsIn(packageFile('migrations/postgres/')).slice(0, 1));
  await database.close();
  await withClient(home.url, (client) =>
    client.query(`SET search_path = "${home.schema.replaceAll('"', '""')}"; ${FIRST_VERSION}`),
  );
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
