import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, SECOND } from '../../../../../src/decide/time.ts';
import {
  backupName,
  pruneBackups,
  removeAbandoned,
} from '../../../../../src/store/sqlite/backup/backup-schedule.ts';

const DATABASE = '/somewhere/reactor.db';
const NOW = Date.UTC(2026, 10, 22, 20);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'contact-card-reactor-backups-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const touch = (...names: string[]) => {
  for (const name of names) writeFileSync(join(directory, name), '');
};
const left = () => readdirSync(directory).sort();

it('a backup’s name is that of the database and its time, and names sort by time', () => {
  expect(backupName(DATABASE, NOW)).toBe('reactor-2026-11-22T20-00-00Z.db');
  const names = [0, SECOND, HOUR, DAY, 30 * DAY].map((ms) => backupName(DATABASE, NOW + ms));
  expect([...names].sort()).toEqual(names);
});

describe('pruning', () => {
  it('keeps the newest, and deletes the others', async () => {
    const names = [4, 3, 2, 1, 0].map((days) => backupName(DATABASE, NOW - days * DAY));
    touch(...names);
    expect((await pruneBackups(directory, DATABASE, 3, NOW)).sort()).toEqual(names.slice(0, 2));
    expect(left()).toEqual(names.slice(2));
  });

  it('deletes off the event loop: freeing a large file takes long', async () => {
    const [old = '', newest = ''] = [1, 0].map((days) => backupName(DATABASE, NOW - days * DAY));
    touch(old, newest);
    const pruning = pruneBackups(directory, DATABASE, 1, NOW);
    expect(left()).toEqual([old, newest]);
    await pruning;
    expect(left()).toEqual([newest]);
  });

  it('passes over what is no file, whatever its name, and deletes the older ones all the same', async () => {
    const [oldest = '', directoryName = '', newest = ''] = [2, 1, 0].map((days) =>
      backupName(DATABASE, NOW - days * DAY),
    );
    touch(oldest, newest);
    mkdirSync(join(directory, directoryName));
    mkdirSync(join(directory, `${directoryName}.partial`));
    utimesSync(join(directory, `${directoryName}.partial`), 0, 0);
    expect(await removeAbandoned(directory, DATABASE, NOW)).toEqual([]);
    expect(await pruneBackups(directory, DATABASE, 1, NOW)).toEqual([oldest]);
    expect(left()).toEqual([directoryName, `${directoryName}.partial`, newest]);
  });

  it('touches nothing that has another name', async () => {
    const foreign = [
      'reactor-2026-11-20T20-00-00Z.db.gz',
      'reactor-2026-11-20.db',
      'reactor.db',
      'my-reactor-2026-11-20T20-00-00Z.db',
      'other-2026-11-20T20-00-00Z.db',
      'notes.txt',
    ];
    touch(...foreign, backupName(DATABASE, NOW - DAY), backupName(DATABASE, NOW));
    await pruneBackups(directory, DATABASE, 1, NOW);
    expect(left()).toEqual([...foreign, backupName(DATABASE, NOW)].sort());
  });

  it('lets those go first that a wrong clock dated in the future', async () => {
    const future = [1, 2, 3].map((years) => backupName(DATABASE, NOW + years * 365 * DAY));
    touch(...future, backupName(DATABASE, NOW - HOUR), backupName(DATABASE, NOW));
    await pruneBackups(directory, DATABASE, 2, NOW);
    expect(left()).toEqual([backupName(DATABASE, NOW - HOUR), backupName(DATABASE, NOW)]);
  });
});

it('what a crash left half copied goes after an hour, and what is being copied stays', async () => {
  const old = `${backupName(DATABASE, NOW - DAY)}.partial`;
  const fresh = `${backupName(DATABASE, NOW)}.partial`;
  touch(old, fresh, 'mine.partial');
  const systemNow = Date.UTC(2026, 10, 22, 21);
  for (const [name, at] of [
    [old, systemNow - HOUR - SECOND],
    [fresh, systemNow - HOUR + SECOND],
    ['mine.partial', 0],
  ] as const)
    utimesSync(join(directory, name), at / 1000, at / 1000);
  expect(await removeAbandoned(directory, DATABASE, systemNow)).toEqual([old]);
  expect(left()).toEqual([fresh, 'mine.partial'].sort());
});
