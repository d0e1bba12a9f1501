import { readdirSync, rmSync, statSync } from 'node:fs';
import { join, parse } from 'node:path';
import { type EpochMs, HOUR } from '../../../decide/time.ts';

const TIME = String.raw`(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\dZ)`;

/** A partial copy that nobody has written to for so long is what a crash left. */
const ABANDONED_MS = HOUR;

/** For names of files: sorts by time, whole seconds, UTC, and no character that a file system refuses. */
function timeInName(at: EpochMs): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}

/** `reactor-2026-11-22T20-00-00Z.db` for a database `reactor.db`. */
export function backupName(databasePath: string, at: EpochMs): string {
  return `${parse(databasePath).name}-${timeInName(at)}.db`;
}

/** When a file of this name was made as a backup of this database; null: it has another name. */
function timeOfName(name: string, databasePath: string, suffix = ''): EpochMs | null {
  const prefix = `${parse(databasePath).name}-`;
  if (!name.startsWith(prefix)) return null;
  const match = new RegExp(`^${TIME}\\.db${suffix}$`).exec(name.slice(prefix.length));
  return match === null ? null : Date.parse(`${match[1]}:${match[2]}:${match[3]}`);
}

/**
 * Deletes all but the newest `keep` backups of this database in a directory; nothing that has another name. One that a
 * wrong clock dated in the future goes first: it would push out every later one.
 * @returns the names that are gone
 */
export function pruneBackups(directory: string, databasePath: string, keep: number, now: EpochMs): string[] {
  const age = (at: EpochMs) => (at > now ? Number.POSITIVE_INFINITY : now - at);
  const surplus = plainFiles(directory)
    .map((name) => ({ name, at: timeOfName(name, databasePath) }))
    .flatMap(({ name, at }) => (at === null ? [] : [{ name, age: age(at) }]))
    .sort((a, b) => (a.age === b.age ? 0 : a.age - b.age))
    .slice(keep);
  for (const { name } of surplus) rmSync(join(directory, name), { force: true });
  return surplus.map(({ name }) => name);
}

/**
 * Deletes what crashes left of copies that were being made.
 * @param systemNow as files are dated
 * @returns the names that are gone
 */
export function removeAbandoned(directory: string, databasePath: string, systemNow: EpochMs): string[] {
  const changedAt = (name: string) =>
    statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? systemNow;
  const abandoned = plainFiles(directory)
    .filter((name) => timeOfName(name, databasePath, String.raw`\.partial`) !== null)
    .filter((name) => systemNow - changedAt(name) > ABANDONED_MS);
  for (const name of abandoned) rmSync(join(directory, name), { force: true });
  return abandoned;
}

/** What else has the name of a backup isn't ours, and couldn't be deleted: all after it would stay. */
function plainFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}
