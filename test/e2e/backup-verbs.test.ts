import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readMigrations } from '../../src/store/sqlite/migrate.ts';
import { DATABASE_PATH } from '../helpers/database.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { writeReleased } from '../helpers/released-database.ts';
import { createSeeded } from '../helpers/seed.ts';
import { listChats, readOverview } from '../helpers/status.ts';
import { askVerb, runVerb } from '../helpers/verb.ts';

const KNOWN = readMigrations();

/** What else they do, and say, is in `integration/cli/`: there it doesn't take a process each. */
it('migrate, backup and restore work beside a running service, or refuse to disturb it', async () => {
  const directory = createWorkDir();
  writeReleased(directory, KNOWN.slice(0, 1), createSeeded('npm run test:e2e -- backup-verbs'), 30);
  expect(await runVerb(directory, ['migrate', '--check'])).toMatchObject({ code: 1, stderr: '' });
  const pending = KNOWN.slice(1).map(({ tag }) => tag);
  expect(await askVerb(directory, ['migrate'])).toMatchObject({ state: 'current', applied: pending });
  expect(existsSync(`${join(directory, DATABASE_PATH)}.before-migration-2`)).toBe(true);

  const reactor = await startReactor(directory);
  const noSecrets = { LINQ_API_KEY: '', LINQ_WEBHOOK_SECRET: '' };
  const [backup, migration] = await Promise.all([
    askVerb<object>(directory, ['backup', 'here.db'], noSecrets),
    askVerb<object>(directory, ['migrate', '--check']),
  ]);
  const sizeBytes = statSync(join(directory, 'here.db')).size;
  expect(backup).toEqual({ file: 'here.db', chats: 30, schemaVersion: KNOWN.length, sizeBytes });
  expect(migration).toMatchObject({ state: 'current', pending: [] });
  expect(await runVerb(directory, ['restore', 'here.db'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^Not restored: another process is using .*\n$/),
  });
  expect((await readOverview(reactor.url)).chats.total).toBe(30);
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });

  expect(await runVerb(directory, ['restore', 'here.db'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/is kept as \S+/),
  });
  const { url } = await startReactor(directory);
  expect((await listChats(url, 'reason=restored')).length).toBeGreaterThan(0);
});
