import { cpSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { createLoadDying } from './crash-points-process.ts';
import { DATABASE_PATH, openStored, type StoredChat } from './database.ts';
import { createWorkDir, startReactor } from './process.ts';
import type { Seeded } from './seed.ts';
import { readOverview, until } from './status.ts';
import { createTrial, sendSome } from './trial.ts';

export const BACKUP_POINTS = ['in backup', 'after copy', 'after backup'] as const;
type Point = (typeof BACKUP_POINTS)[number];

/** What is there when a process died at a point of its first backup. */
const LEFT: Readonly<Record<Point, Backups>> = {
  'in backup': { partial: 1, whole: 0 },
  'after copy': { partial: 1, whole: 0 },
  'after backup': { partial: 0, whole: 1 },
};

interface Backups {
  readonly partial: number;
  readonly whole: number;
}

/** Kills a service at a point of its first backup, and lets the next one make another; each time on a copy of one database. */
export async function createBackupTrial(seeded: Seeded): Promise<(point: Point) => Promise<void>> {
  const { directory: base, settings, chats } = await makeDatabase(seeded);
  const loadDying = createLoadDying();
  const often = { ...settings, BACKUP_EVERY: '1s' };
  return async (name) => {
    const directory = createWorkDir();
    cpSync(base, directory, { recursive: true });
    await loadDying(directory, often, { name }, 1).die();
    expect(lookAt(directory)).toEqual(chats);
    expect(checkBackups(directory, chats)).toEqual(LEFT[name]);

    const next = await startReactor(directory, often);
    await until(
      async () => next.log().some(({ msg }) => msg === 'backup.made'),
      (isMade) => isMade,
    );
    expect(await next.end('SIGTERM')).toEqual({ code: 0, signal: null });
    const made = checkBackups(directory, chats);
    expect(made.partial).toBe(0);
    expect(made.whole).toBeGreaterThan(LEFT[name].whole);
  };
}

type Chats = ReadonlyMap<string, StoredChat>;

/** A database with chats that need nothing any more. */
async function makeDatabase(seeded: Seeded) {
  const trial = await createTrial({ seeded, maxShares: 1, chatsPerRun: 20 });
  const { directory, settings } = trial;
  const reactor = await startReactor(directory, settings);
  await sendSome(trial, reactor.url);
  await until(
    async () => (await readOverview(reactor.url)).chats,
    ({ total, byState }) => byState.done === total,
  );
  await reactor.end('SIGTERM');
  return { directory, settings, chats: lookAt(directory) };
}

function lookAt(directory: string): Chats {
  const stored = openStored(directory);
  expect(stored.integrity()).toBe('ok');
  stored.close();
  return stored.chats;
}

/** Counts the files; what has the name of a backup is one, with all chats. */
function checkBackups(directory: string, chats: Chats): Backups {
  const folder = join(directory, dirname(DATABASE_PATH), 'backups');
  const names = readdirSync(folder);
  const whole = names.filter((name) => name.endsWith('.db'));
  for (const name of whole) {
    const sql = openSqlite(join(folder, name), { readonly: true });
    expect(sql.pragma('integrity_check', { simple: true })).toBe('ok');
    const found = sql.prepare<[], string>('SELECT chat_id FROM chats').pluck().all();
    expect(found.sort()).toEqual([...chats.keys()].sort());
    sql.close();
  }
  return { partial: names.filter((name) => name.endsWith('.partial')).length, whole: whole.length };
}
