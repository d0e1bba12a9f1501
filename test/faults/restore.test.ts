import { cpSync, mkdirSync, readdirSync, realpathSync, renameSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { readMigrations } from '../../src/store/sqlite/migrate.ts';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { DATABASE_PATH } from '../helpers/database.ts';
import { digestOf } from '../helpers/digest.ts';
import { createWorkDir } from '../helpers/process.ts';
import { writeReleased } from '../helpers/released-database.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { askVerb, runVerb } from '../helpers/verb.ts';

const PRELOAD = { NODE_OPTIONS: `--import=${new URL('../helpers/crash-step.mjs', import.meta.url).href}` };
/** By their number of chats the two are told apart. */
const OLD = 40;
const BACKED_UP = 25;

const chatsIn = (sql: Database.Database) => sql.prepare('SELECT count(*) FROM chats').pluck().get();

/** What the next start finds, log included; it completes what was decided. */
function startOn(directory: string): unknown {
  const { sql, close } = openDatabase(join(directory, DATABASE_PATH));
  try {
    expect(sql.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(sql.pragma('foreign_key_check')).toEqual([]);
    const waiting = sql.prepare('SELECT count(*) FROM chats WHERE restored_at IS NOT NULL').pluck().get();
    expect([0, BACKED_UP]).toContain(waiting);
    return waiting === 0 ? chatsIn(sql) : `${chatsIn(sql)} waiting`;
  } finally {
    close();
  }
}

/** The databases that restores have moved aside, by their number of chats. */
function keptIn(directory: string): unknown[] {
  const place = dirname(realpathSync(join(directory, DATABASE_PATH)));
  const kept = readdirSync(place).filter((name) =>
    /\.before-restore-[^-]+-[^-]+-[^-]+-[^-]+-[^-]+Z$/.test(name),
  );
  return kept.map((name) => {
    const sql = openSqlite(join(place, name));
    try {
      return chatsIn(sql);
    } finally {
      sql.close();
    }
  });
}

/** A database whose latest commits are in its log alone, as `kill -9` leaves it, and a backup. */
async function prepare(seed: ReturnType<typeof createSeeded>): Promise<string> {
  const known = readMigrations();
  const directory = createWorkDir();
  writeReleased(directory, known, seed, BACKED_UP);
  await askVerb(directory, ['backup', 'backup.db']);
  const crashed = createWorkDir();
  writeReleased(crashed, known, seed, OLD);
  const sql = openSqlite(join(crashed, DATABASE_PATH));
  sql.pragma('wal_autocheckpoint = 0');
  sql.exec(`INSERT INTO meta VALUES ('only_in_log', 'yes')`);
  cpSync(join(crashed, 'data'), join(directory, 'data'), { recursive: true, force: true });
  sql.close();
  return directory;
}

/** Leaves a link in the place of the database. */
function moveBehindLink(directory: string): void {
  const name = basename(DATABASE_PATH);
  const elsewhere = join(directory, 'elsewhere');
  mkdirSync(elsewhere);
  for (const suffix of ['', '-wal', '-shm']) {
    const path = join(directory, DATABASE_PATH) + suffix;
    renameSync(path, join(elsewhere, name + suffix));
  }
  symlinkSync(join('..', 'elsewhere', name), join(directory, DATABASE_PATH));
}

const RESTORE = ['restore', 'backup.db'];
const ROUNDS = Math.ceil(suiteCount(1) / 40);

it(
  'a restore that is killed before any of its steps leaves one of the two databases whole, and can be run again',
  async () => {
    const seeded = createSeeded('npm run test:faults -- restore');
    let kills = 0;
    const found = new Map<unknown, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const source = await prepare(seeded);
      const copyOf = () => {
        const directory = createWorkDir();
        cpSync(source, directory, { recursive: true });
        return directory;
      };
      const { code, stderr } = await runVerb(copyOf(), RESTORE, PRELOAD);
      const steps = Number(/crash\.steps (\d+)/.exec(stderr)?.[1]);
      expect([code, steps > 20]).toEqual([0, true]);
      for (let step = 1; step <= steps; step++) {
        const directory = copyOf();
        if (seeded.random() < 0.5) moveBehindLink(directory);
        const backup = digestOf(join(directory, 'backup.db'));
        const killed = await runVerb(directory, RESTORE, { ...PRELOAD, CRASH_BEFORE: String(step) });
        expect(killed.signal, killed.stderr).toBe('SIGKILL');
        kills++;
        const start = startOn(copyWhole(directory));
        expect([OLD, `${BACKED_UP} waiting`]).toContain(start);
        found.set(start, (found.get(start) ?? 0) + 1);
        if (seeded.random() < 0.3) startOn(directory); // else it is restored again without a start between
        await askVerb(directory, RESTORE);
        expect(startOn(directory)).toBe(`${BACKED_UP} waiting`);
        expect(keptIn(directory)).toContain(OLD);
        expect(digestOf(join(directory, 'backup.db'))).toBe(backup);
      }
    }
    expect(found.size).toBe(2); // killed both before and after it was decided
    reportReached('restore', { seed: seeded.seed, kills, violations: 0 });
  },
  120_000 + ROUNDS * 240_000,
);

function copyWhole(directory: string): string {
  const copy = createWorkDir();
  cpSync(directory, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  return copy;
}
