import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isDatabaseInUse, lookAtDatabase, readQuickCheck } from '../../../src/doctor/look/database-state.ts';
import { openDatabase } from '../../../src/store/sqlite/database.ts';
import { openSqlite } from '../../../src/store/sqlite/native.js';
import { createWorkDir } from '../../helpers/process.ts';

function createDatabase(): string {
  const path = join(createWorkDir(), 'reactor.db');
  openDatabase(path).close();
  return path;
}

/** Names, sizes and bytes. */
const contentOf = (path: string) =>
  readdirSync(join(path, '..')).map((name) => [
    name,
    readFileSync(join(path, '..', name)).toString('base64'),
  ]);

describe('looking at a database', () => {
  it('that nobody uses finds it sound, and leaves everything as it was', async () => {
    const path = createDatabase();
    const before = contentOf(path);
    expect(await lookAtDatabase(path)).toMatchObject({ kind: 'read', pending: [], quickCheck: 'ok' });
    expect(isDatabaseInUse(path)).toBe(false);
    expect(contentOf(path)).toEqual(before);
  });

  it('that a service works on neither disturbs it nor is disturbed', async () => {
    const path = join(createWorkDir(), 'reactor.db');
    const { sql, close } = openDatabase(path);
    sql.exec('CREATE TABLE extra (n integer)');
    expect(isDatabaseInUse(path)).toBe(true);
    expect(await lookAtDatabase(path)).toMatchObject({ kind: 'read', quickCheck: 'ok' });
    sql.exec('INSERT INTO extra VALUES (1)');
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    close();
    expect(isDatabaseInUse(path)).toBe(false);
  });

  it('that isn’t there makes none', async () => {
    const path = join(createWorkDir(), 'reactor.db');
    expect(await lookAtDatabase(path)).toEqual({ kind: 'none' });
    expect(isDatabaseInUse(path)).toBe(false);
    expect(contentOf(path)).toEqual([]);
  });

  it('finds damage', async () => {
    const path = createDatabase();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 3, 4096 * 5);
    writeFileSync(path, bytes);
    const seen = await lookAtDatabase(path);
    expect(seen.kind === 'read' ? seen.quickCheck : seen.kind).not.toBe('ok');
    truncateSync(path, 100);
    expect(await lookAtDatabase(path)).toMatchObject({ kind: 'failed', fault: 'corrupt' });
  });

  it('takes a check that said nothing for none', () => {
    const failed = new Error('Command failed');
    expect(readQuickCheck(null, 'ok', '')).toBe('ok');
    expect(readQuickCheck(null, '', '')).toBeNull();
    expect(readQuickCheck(failed, '', 'SqliteError: file is not a database SQLITE_NOTADB')).not.toBeNull();
    expect(readQuickCheck(failed, '', '')).toBeNull();
  });

  it('tells one of another program, and one of a newer version', async () => {
    const path = createDatabase();
    const database = openSqlite(path);
    database.exec("INSERT INTO migrations (number, tag) VALUES (999, 'from_the_future')");
    expect(await lookAtDatabase(path)).toEqual({ kind: 'newer' });
    database.exec('DROP TABLE migrations');
    database.close();
    expect(await lookAtDatabase(path)).toMatchObject({ kind: 'failed', fault: 'broken' });
  });
});
