import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readMigrations } from '../../src/store/sqlite/migrate.ts';
import { acquireLock } from '../../src/store/sqlite/place.ts';
import { DATABASE_PATH } from '../helpers/database.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { writeReleased } from '../helpers/released-database.ts';
import { createSeeded } from '../helpers/seed.ts';
import { readOverview, until } from '../helpers/status.ts';
import { askVerb, runVerb } from '../helpers/verb.ts';

const KNOWN = readMigrations();
const SEEDED = createSeeded('npm run test:e2e -- backup-verbs');
const NAME = /^reactor-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db$/;

/** A working directory with the database of a version in it, 30 chats, and nobody who runs on it. */
function createStopped(version = KNOWN.length): string {
  const directory = createWorkDir();
  writeReleased(directory, KNOWN.slice(0, version), SEEDED, 30);
  return directory;
}

const filesIn = (directory: string) => readdirSync(directory).sort();

describe('backup', () => {
  it('makes a new file in BACKUP_DIR, named by the time, while the service is stopped', async () => {
    const directory = createStopped();
    const { code, stdout, stderr } = await runVerb(directory, ['backup']);
    expect([code, stderr]).toEqual([0, '']);
    const [name = '', ...others] = filesIn(join(directory, 'data/backups'));
    expect([name, others]).toEqual([expect.stringMatching(NAME), []]);
    expect(stdout).toMatch(
      new RegExp(`^data/backups/${name}: .* kB, 30 chats, schema ${KNOWN.length}; .*\n$`),
    );
    expect(statSync(join(directory, 'data/backups', name)).mode & 0o777).toBe(0o600);
  });

  it('works while the service runs, needs no other settings, and prints JSON', async () => {
    const directory = createStopped();
    const reactor = await startReactor(directory);
    const secrets = { LINQ_API_KEY: '', LINQ_WEBHOOK_SECRET: '' };
    const told = await askVerb<object>(directory, ['backup', 'here.db'], secrets);
    const sizeBytes = statSync(join(directory, 'here.db')).size;
    expect(told).toEqual({ file: 'here.db', chats: 30, schemaVersion: KNOWN.length, sizeBytes });
    expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('makes nothing of a database of an older version but a copy of it', async () => {
    const directory = createStopped(1);
    const before = readFileSync(join(directory, DATABASE_PATH));
    expect(await askVerb(directory, ['backup', 'here.db'])).toMatchObject({ schemaVersion: 1, chats: 30 });
    expect(readFileSync(join(directory, DATABASE_PATH))).toEqual(before);
  });

  it('replaces a file only when told to', async () => {
    const directory = createStopped();
    writeFileSync(join(directory, 'here.db'), 'mine');
    expect(await runVerb(directory, ['backup', 'here.db'])).toMatchObject({
      code: 2,
      stderr: 'here.db already exists: choose another file, or add --force to overwrite it.\n',
    });
    expect(readFileSync(join(directory, 'here.db'), 'utf8')).toBe('mine');
    expect(await runVerb(directory, ['backup', 'here.db', '--force'])).toMatchObject({ code: 0 });
    expect(statSync(join(directory, 'here.db')).size).toBeGreaterThan(4_096);
  });

  it('says what is wrong, and makes nothing, where there is no database', async () => {
    const directory = createWorkDir();
    expect(await runVerb(directory, ['backup'])).toMatchObject({
      code: 1,
      stderr: 'No backup was made: there is no database at ./data/reactor.db; check DATABASE_URL.\n',
    });
    expect(filesIn(directory)).toEqual([]);
  });

  it('says what is wrong with the settings it needs', async () => {
    const ended = await runVerb(createStopped(), ['backup'], { BACKUP_DIR: 'backups' });
    expect(ended).toMatchObject({ code: 3, stderr: expect.stringMatching(/^BACKUP_DIR: expected/) });
  });
});

it('BACKUP_EVERY backs up while the service runs, keeps BACKUP_KEEP, and tells when the last was made', async () => {
  const directory = createStopped();
  const reactor = await startReactor(directory, { BACKUP_EVERY: '1s', BACKUP_KEEP: '2' });
  const made = async () => reactor.log().filter(({ msg }) => msg === 'backup.made');
  const [first] = await until(made, ({ length }) => length >= 4);
  expect(first).toMatchObject({ level: 'info', chats: 30 });
  const { store } = await readOverview(reactor.url);
  expect(Date.parse(store.lastBackupAt ?? '')).toBeGreaterThan(Date.now() - 10_000);
  await reactor.end('SIGTERM');
  const left = filesIn(join(directory, 'data/backups'));
  expect(left).toEqual([expect.stringMatching(NAME), expect.stringMatching(NAME)]);
});

it('a backup that can’t be made is logged, and the service goes on', async () => {
  const directory = createStopped();
  mkdirSync(join(directory, 'data'), { recursive: true });
  writeFileSync(join(directory, 'data/backups'), 'no directory');
  const reactor = await startReactor(directory, { BACKUP_EVERY: '1h' });
  const failed = async () => reactor.log().find(({ msg }) => msg === 'backup.failed');
  expect(await until(failed, (line) => line !== undefined)).toMatchObject({ level: 'error' });
  expect((await readOverview(reactor.url)).store.lastBackupAt).toBeNull();
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

describe('restore', () => {
  it('refuses while a service runs, and changes nothing then', async () => {
    const directory = createStopped();
    await askVerb(directory, ['backup', 'here.db']);
    const reactor = await startReactor(directory);
    const { code, stderr } = await runVerb(directory, ['restore', 'here.db']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^Not restored: another process works on .*\n$/),
    ]);
    expect(filesIn(join(directory, 'data')).filter((name) => name.includes('restor'))).toEqual([]);
    expect((await readOverview(reactor.url)).chats.total).toBe(30);
  });

  it('tells where the database is kept that was there, and until when the chats wait', async () => {
    const directory = createStopped();
    await askVerb(directory, ['backup', 'here.db']);
    const { code, stdout } = await runVerb(directory, ['restore', 'here.db']);
    expect(code).toBe(0);
    const kept = /is kept: (\S+)/.exec(stdout)?.[1] ?? '';
    expect(existsSync(kept)).toBe(true);
    const until = Date.parse(/one window, until (\S+)\. /.exec(stdout)?.[1] ?? '');
    expect(Math.abs(until - Date.now() - 86_400_000)).toBeLessThan(60_000);
  });

  it.each([
    [['restore'], 2],
    [['restore', 'none.db'], 1],
  ])('%j ends with %i', async (args, code) => {
    const ended = await runVerb(createStopped(), args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).not.toBe('');
  });
});

describe('migrate', () => {
  it('--check ends with 1 while migrations are pending, and changes nothing', async () => {
    const directory = createStopped(1);
    const before = readFileSync(join(directory, DATABASE_PATH));
    const { code, stdout } = await runVerb(directory, ['migrate', '--check']);
    expect([code, stdout]).toEqual([1, expect.stringContaining(KNOWN[1]?.tag ?? '?')]);
    expect(readFileSync(join(directory, DATABASE_PATH))).toEqual(before);
  });

  it('applies them after a copy, and --check ends with 0 then, while the service runs too', async () => {
    const directory = createStopped(1);
    const pending = KNOWN.slice(1).map(({ tag }) => tag);
    expect(await askVerb(directory, ['migrate'])).toMatchObject({ state: 'current', applied: pending });
    expect(existsSync(`${join(directory, DATABASE_PATH)}.before-migration-2`)).toBe(true);
    await startReactor(directory);
    expect(await askVerb(directory, ['migrate', '--check'])).toMatchObject({ state: 'current', pending: [] });
  });

  it('refuses while another process works on the database', async () => {
    const directory = createStopped(1);
    const lock = acquireLock(join(directory, DATABASE_PATH));
    onTestFinished(() => lock.release());
    const { code, stderr } = await runVerb(directory, ['migrate']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/another process works on .*\n$/)]);
    expect(await runVerb(directory, ['migrate', '--check'])).toMatchObject({ code: 1, stderr: '' });
  });

  it('says so of a database of a newer version', async () => {
    const later = { number: KNOWN.length + 1, tag: 'later', sql: 'CREATE TABLE later (a integer) STRICT' };
    const directory = createWorkDir();
    writeReleased(directory, [...KNOWN, later], SEEDED, 3);
    for (const args of [['migrate'], ['migrate', '--check']])
      expect(await runVerb(directory, args)).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/newer version of contact-card-reactor/),
      });
    expect(await runVerb(directory, ['migrate', '--check', '--json'])).toMatchObject({ code: 1 });
  });
});
