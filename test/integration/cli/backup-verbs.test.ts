import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HOUR, MINUTE } from '../../../src/decide/time.ts';
import { readMigrations } from '../../../src/store/sqlite/migrate.ts';
import { acquireLock } from '../../../src/store/sqlite/place.ts';
import { DATABASE_PATH } from '../../helpers/database.ts';
import { digestOf } from '../../helpers/digest.ts';
import { createLeapingClock } from '../../helpers/leaping-clock.ts';
import { createWorkDir } from '../../helpers/process.ts';
import { writeReleased } from '../../helpers/released-database.ts';
import { createSeeded } from '../../helpers/seed.ts';
import { startService } from '../../helpers/service.ts';
import { readOverview, until } from '../../helpers/status.ts';
import { askVerbHere, runVerbHere } from '../../helpers/verb-here.ts';

const KNOWN = readMigrations();
const SEEDED = createSeeded('npm run test:integration -- backup-verbs');
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
    const { code, stdout, stderr } = await runVerbHere(directory, ['backup']);
    expect([code, stderr]).toEqual([0, '']);
    const [name = '', ...others] = filesIn(join(directory, 'data/backups'));
    expect([name, others]).toEqual([expect.stringMatching(NAME), []]);
    expect(stdout).toMatch(
      new RegExp(`^data/backups/${name}: .* KiB, 30 chats, schema ${KNOWN.length}; .*\n$`),
    );
    expect(statSync(join(directory, 'data/backups', name)).mode & 0o777).toBe(0o600);
  });

  it('makes nothing of a database of an older version but a copy of it', async () => {
    const directory = createStopped(1);
    const before = digestOf(join(directory, DATABASE_PATH));
    expect(await askVerbHere(directory, ['backup', 'here.db'])).toMatchObject({
      schemaVersion: 1,
      chats: 30,
    });
    expect(digestOf(join(directory, DATABASE_PATH))).toBe(before);
  });

  it('replaces a file only when told to', async () => {
    const directory = createStopped();
    writeFileSync(join(directory, 'here.db'), 'mine');
    expect(await runVerbHere(directory, ['backup', 'here.db'])).toMatchObject({
      code: 2,
      stderr: 'here.db already exists: choose another file, or add --force to overwrite it.\n',
    });
    expect(readFileSync(join(directory, 'here.db'), 'utf8')).toBe('mine');
    expect(await runVerbHere(directory, ['backup', 'here.db', '--force'])).toMatchObject({ code: 0 });
    expect(statSync(join(directory, 'here.db')).size).toBeGreaterThan(4_096);
  });

  it('says what is wrong, and makes nothing, where there is no database', async () => {
    const directory = createWorkDir();
    expect(await runVerbHere(directory, ['backup'])).toMatchObject({
      code: 1,
      stderr: 'No backup was made: there is no database at ./data/reactor.db; check DATABASE_URL.\n',
    });
    expect(filesIn(directory)).toEqual([]);
  });

  it('says what is wrong with the settings it needs', async () => {
    const ended = await runVerbHere(createStopped(), ['backup'], { BACKUP_DIR: 'backups' });
    expect(ended).toMatchObject({ code: 3, stderr: expect.stringMatching(/^BACKUP_DIR: expected/) });
  });
});

it('BACKUP_EVERY backs up while the service runs, keeps BACKUP_KEEP, and tells when the last was made', async () => {
  const directory = createStopped();
  const clock = createLeapingClock();
  const service = await startService(directory, { BACKUP_EVERY: '1h', BACKUP_KEEP: '2' }, clock);
  const made = async () => service.log().filter(({ msg }) => msg === 'backup.made');
  for (let count = 1; count <= 4; count++) {
    clock.leap(HOUR);
    await until(made, ({ length }) => length >= count, { everyMs: 10 });
  }
  const [first] = await made();
  expect(first).toMatchObject({ level: 'info', chats: 30 });
  const { store } = await readOverview(service.url);
  expect(Date.parse(store.lastBackupAt ?? '')).toBeGreaterThan(clock.now() - MINUTE);
  await service.stop();
  const left = filesIn(join(directory, 'data/backups'));
  expect(left).toEqual([expect.stringMatching(NAME), expect.stringMatching(NAME)]);
});

it('a backup that can’t be made is logged, and the service goes on', async () => {
  const directory = createStopped();
  mkdirSync(join(directory, 'data'), { recursive: true });
  writeFileSync(join(directory, 'data/backups'), 'no directory');
  const clock = createLeapingClock();
  const service = await startService(directory, { BACKUP_EVERY: '1h' }, clock);
  clock.leap(MINUTE);
  const failed = async () => service.log().find(({ msg }) => msg === 'backup.failed');
  expect(await until(failed, (line) => line !== undefined, { everyMs: 10 })).toMatchObject({
    level: 'error',
  });
  expect((await readOverview(service.url)).store.lastBackupAt).toBeNull();
});

describe('restore', () => {
  it('refuses while a service runs, and changes nothing then', async () => {
    const directory = createStopped();
    await askVerbHere(directory, ['backup', 'here.db']);
    const service = await startService(directory);
    const { code, stderr } = await runVerbHere(directory, ['restore', 'here.db']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^Not restored: another process is using .*\n$/),
    ]);
    expect(filesIn(join(directory, 'data')).filter((name) => name.includes('restor'))).toEqual([]);
    expect((await readOverview(service.url)).chats.total).toBe(30);
  });

  it('tells where the database is kept that was there, and until when the chats wait', async () => {
    const directory = createStopped();
    await askVerbHere(directory, ['backup', 'here.db']);
    const { code, stdout } = await runVerbHere(directory, ['restore', 'here.db']);
    expect(code).toBe(0);
    const kept = /is kept as (\S+)/.exec(stdout)?.[1] ?? '';
    expect(existsSync(kept)).toBe(true);
    const until = Date.parse(/one window, until (\S+ \S+ UTC)\. /.exec(stdout)?.[1] ?? '');
    expect(Math.abs(until - Date.now() - 86_400_000)).toBeLessThan(60_000);
  });

  it.each([
    ['6h', 'Start the service: it reads'],
    ['0', 'Start the service, then run `contact-card-reactor catch-up`: it reads'],
  ])(
    'says how the service learns what the backup lacks (CATCH_UP_EVERY=%s)',
    async (CATCH_UP_EVERY, next) => {
      const directory = createStopped();
      await askVerbHere(directory, ['backup', 'here.db']);
      const { stdout } = await runVerbHere(directory, ['restore', 'here.db'], { CATCH_UP_EVERY });
      expect(stdout).toContain(`\n${next} from Linq what happened since the backup.\n`);
    },
  );

  it.each([
    [['restore'], 2],
    [['restore', 'none.db'], 1],
  ])('%j ends with %i', async (args, code) => {
    const ended = await runVerbHere(createStopped(), args);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).not.toBe('');
  });
});

describe('migrate', () => {
  it('--check ends with 1 while migrations are pending, and changes nothing', async () => {
    const directory = createStopped(1);
    const before = digestOf(join(directory, DATABASE_PATH));
    const { code, stdout } = await runVerbHere(directory, ['migrate', '--check']);
    expect([code, stdout]).toEqual([1, expect.stringContaining(KNOWN[1]?.tag ?? '?')]);
    expect(digestOf(join(directory, DATABASE_PATH))).toBe(before);
  });

  it('applies them after a copy, and --check ends with 0 then, while the service runs too', async () => {
    const directory = createStopped(1);
    const pending = KNOWN.slice(1).map(({ tag }) => tag);
    expect(await askVerbHere(directory, ['migrate'])).toMatchObject({ state: 'current', applied: pending });
    expect(existsSync(`${join(directory, DATABASE_PATH)}.before-migration-2`)).toBe(true);
    await startService(directory);
    expect(await askVerbHere(directory, ['migrate', '--check'])).toMatchObject({
      state: 'current',
      pending: [],
    });
  });

  it('refuses while another process works on the database', async () => {
    const directory = createStopped(1);
    const lock = acquireLock(join(directory, DATABASE_PATH));
    onTestFinished(() => lock.release());
    const { code, stderr } = await runVerbHere(directory, ['migrate']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/another process is using .*\n$/)]);
    expect(await runVerbHere(directory, ['migrate', '--check'])).toMatchObject({ code: 1, stderr: '' });
  });

  it('says so of a database of a newer version', async () => {
    const later = { number: KNOWN.length + 1, tag: 'later', sql: 'CREATE TABLE later (a integer) STRICT' };
    const directory = createWorkDir();
    writeReleased(directory, [...KNOWN, later], SEEDED, 3);
    for (const args of [['migrate'], ['migrate', '--check']])
      expect(await runVerbHere(directory, args)).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/newer version of contact-card-reactor/),
      });
    expect(await runVerbHere(directory, ['migrate', '--check', '--json'])).toMatchObject({ code: 1 });
  });
});
