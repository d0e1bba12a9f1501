import { spawn } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointPages, openDatabase } from '../../../../src/store/sqlite/database.ts';
import { openSqlite } from '../../../../src/store/sqlite/native.js';
import { openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { digestOf } from '../../../helpers/digest.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';

const policy = policyOf();
let home: ReturnType<typeof createSqliteHome>;
beforeEach(() => {
  home = createSqliteHome();
});
afterEach(() => home.remove());

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('the database file', () => {
  it('and everything beside it is for our user alone', async () => {
    const store = openSqliteStore({ path: home.path, policy });
    await store.record([outboundOf(T)], T);
    const directory = dirname(home.path);
    const files = readdirSync(directory).sort();
    expect(files).toEqual(['reactor.db', 'reactor.db-shm', 'reactor.db-wal', 'reactor.db.lock']);
    expect(files.map((file) => modeOf(join(directory, file)))).toEqual(['600', '600', '600', '600']);
    expect(modeOf(directory)).toBe('700');
    await store.close();
  });

  it('that others could read is closed to them', async () => {
    await openSqliteStore({ path: home.path, policy }).close();
    chmodSync(home.path, 0o644);
    await openSqliteStore({ path: home.path, policy }).close();
    expect(modeOf(home.path)).toBe('600');
  });

  it('is synced at every commit: synchronous reads FULL at the first open and at every later one', () => {
    for (let i = 0; i < 2; i++) {
      const { sql, close } = openDatabase(home.path);
      sql.exec(`INSERT INTO meta (key, value) VALUES ('k${i}', 'v')`);
      expect(sql.pragma('synchronous', { simple: true })).toBe(2);
      expect(sql.pragma('journal_mode', { simple: true })).toBe('wal');
      expect(sql.pragma('foreign_keys', { simple: true })).toBe(1);
      expect(sql.pragma('busy_timeout', { simple: true })).toBeLessThanOrEqual(1_000);
      expect(sql.pragma('journal_size_limit', { simple: true })).toBe(64 * 1024 * 1024);
      expect(sql.pragma('wal_autocheckpoint', { simple: true })).toBeLessThanOrEqual(4_000);
      close();
    }
  });

  it.each([
    { freeMiB: 0, pages: 250 },
    { freeMiB: 12, pages: 250 },
    { freeMiB: 64, pages: 1_024 },
    { freeMiB: 1_024, pages: 4_000 },
  ])('gets what the log holds after $pages pages where $freeMiB MiB are free', ({ freeMiB, pages }) => {
    expect(checkpointPages(freeMiB * 1024 * 1024)).toBe(pages);
  });

  it('that is damaged is neither repaired nor replaced', () => {
    const { close } = openDatabase(home.path);
    close();
    writeFileSync(home.path, 'this is not a database '.repeat(1_000));
    const before = digestOf(home.path);
    expect(() => openSqliteStore({ path: home.path, policy })).toThrow(
      expect.objectContaining({ fault: 'corrupt' }),
    );
    expect(digestOf(home.path)).toBe(before);
  });

  it('of another program is left alone', () => {
    openDatabase(home.path).close();
    const other = join(dirname(home.path), 'other.db');
    const theirs = openSqlite(other);
    theirs.exec('CREATE TABLE songs (title text)');
    theirs.close();
    const before = digestOf(other);
    expect(() => openSqliteStore({ path: other, policy })).toThrow(/another program/);
    expect(digestOf(other)).toBe(before);
  });

  const outbounds = (at: number) =>
    Array.from({ length: 500 }, (_, i) => outboundOf(at, { chatId: `chat-${i}` }));

  let written: Buffer | null = null;

  /** Spoils pages of a database with 500 chats; `where` gives the first and the last byte. */
  async function damage(where: (size: number) => readonly [number, number]): Promise<void> {
    if (written === null) {
      const filled = openSqliteStore({ path: home.path, policy });
      await filled.record(outbounds(T), T);
      await filled.close();
      written = readFileSync(home.path);
    }
    mkdirSync(dirname(home.path), { recursive: true });
    writeFileSync(home.path, Buffer.from(written).fill(0xa5, ...where(written.length)));
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'with a damaged page (%d tenths in) is refused at the start',
    async (i) => {
      await damage((size) => {
        const from = Math.floor((size * i) / 10 / 4096) * 4096;
        return [from, from + 128];
      });
      const before = digestOf(home.path);
      expect(() => openSqliteStore({ path: home.path, policy })).toThrow(
        expect.objectContaining({
          fault: 'corrupt',
          message: expect.stringMatching(/damaged.*restore a backup/),
        }),
      );
      expect(digestOf(home.path)).toBe(before);
    },
  );

  it('too large to be checked at the start fails as corrupt at the call that meets the damage', async () => {
    await damage((size) => [Math.floor((size * 3) / 4 / 4096) * 4096, size]);
    truncateSync(home.path, 64 * 1024 * 1024);
    const store = openSqliteStore({ path: home.path, policy });
    await expect(store.record(outbounds(T + 1), T)).rejects.toMatchObject({
      code: 'REACTOR_STORE',
      fault: 'corrupt',
    });
    await store.close();
  });
});

describe('a link in the place of the database', () => {
  const links: readonly [what: string, make: (name: string, target: string) => void][] = [
    ['to a file that is not there yet', (name, target) => symlinkSync(target, name)],
    [
      'in a chain, the last relative, to a file that is not there yet',
      (name, target) => {
        symlinkSync(`${name}.next`, name);
        symlinkSync(relative(dirname(name), target), `${name}.next`);
      },
    ],
  ];

  it.each(links)('%s is followed: the database and its companions are made there', async (_, make) => {
    const directory = dirname(home.path);
    const elsewhere = join(dirname(directory), 'elsewhere');
    mkdirSync(directory);
    make(home.path, join(elsewhere, 'real.db'));
    const store = openSqliteStore({ path: home.path, policy });
    await store.record([outboundOf(T)], T);
    expect(readdirSync(elsewhere).sort()).toEqual(['real.db', 'real.db-shm', 'real.db-wal', 'real.db.lock']);
    expect(lstatSync(home.path).isSymbolicLink()).toBe(true);
    expect(() => openSqliteStore({ path: join(elsewhere, 'real.db'), policy })).toThrow(
      expect.objectContaining({ fault: 'locked' }),
    );
    await store.close();
    await openSqliteStore({ path: home.path, policy }).close();
  });

  it('as its directory, to one that is not there yet, is followed, too', async () => {
    const elsewhere = join(dirname(dirname(home.path)), 'elsewhere');
    symlinkSync(elsewhere, dirname(home.path));
    await openSqliteStore({ path: home.path, policy }).close();
    expect(readdirSync(elsewhere)).toContain('reactor.db');
  });

  it('to a file that is gone, although its log is still there, is refused', async () => {
    const target = join(dirname(dirname(home.path)), 'real.db');
    mkdirSync(dirname(home.path));
    symlinkSync(target, home.path);
    writeFileSync(`${target}-wal`, 'commits');
    expect(() => openSqliteStore({ path: home.path, policy })).toThrow(/missing.*real\.db-wal still holds/);
  });

  it('that leads in a circle is told as that', () => {
    mkdirSync(dirname(home.path));
    symlinkSync(home.path, `${home.path}.next`);
    symlinkSync(`${home.path}.next`, home.path);
    expect(() => openSqliteStore({ path: home.path, policy })).toThrow(/too many symbolic links/);
  });
});

describe('a second name of the database', () => {
  it('as a hard link is refused under both names, and the file left as it was', async () => {
    await openSqliteStore({ path: home.path, policy }).close();
    const other = `${home.path}.other`;
    linkSync(home.path, other);
    const before = digestOf(home.path);
    for (const path of [home.path, other])
      expect(() => openSqliteStore({ path, policy })).toThrow(
        /has 2 hard links.*samefile .*delete all but one/,
      );
    expect(digestOf(home.path)).toBe(before);
    rmSync(other);
    await openSqliteStore({ path: home.path, policy }).close();
  });
});

describe('the lock', () => {
  it.each([
    ['deleted', (lock: string) => rmSync(lock)],
    [
      'replaced',
      (lock: string) => {
        writeFileSync(`${lock}.new`, '');
        renameSync(`${lock}.new`, lock);
      },
    ],
  ])('that was %s fails every later write: another process may have got in', async (_, lose) => {
    const store = openSqliteStore({ path: home.path, policy });
    lose(`${home.path}.lock`);
    const error = { fault: 'io', message: expect.stringMatching(/\.lock was .*only one process uses/) };
    for (const use of [() => store.record([outboundOf(T)], T), () => store.probe(T), () => store.close()])
      expect(await use().catch((thrown: unknown) => thrown)).toMatchObject(error);
  });

  const holder = fileURLToPath(new URL('./hold-lock.ts', import.meta.url));

  it('refuses a second store on the same file, and leaves the first its own', async () => {
    const first = openSqliteStore({ path: home.path, policy });
    expect(() => openSqliteStore({ path: home.path, policy })).toThrow(
      expect.objectContaining({ fault: 'locked' }),
    );
    expect(() => openSqliteStore({ path: home.path, policy })).toThrow(
      /another process is using .*reactor\.db/,
    );
    expect(await first.record([outboundOf(T)], T)).toEqual([{ kind: 'stored' }]);
    await first.close();
    await openSqliteStore({ path: home.path, policy }).close();
  });

  it('is the same whatever name leads to the file', async () => {
    const store = openSqliteStore({ path: home.path, policy });
    const link = join(dirname(home.path), 'link.db');
    symlinkSync(home.path, link);
    expect(() => openSqliteStore({ path: link, policy })).toThrow(
      expect.objectContaining({ fault: 'locked' }),
    );
    await store.close();
  });

  it('of another process refuses us, until that process is killed', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', holder, home.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(() => openSqliteStore({ path: home.path, policy })).toThrow(
      expect.objectContaining({ fault: 'locked' }),
    );
    child.kill('SIGKILL');
    await ended;
    const store = openSqliteStore({ path: home.path, policy });
    expect(await store.chat('from-the-child')).toMatchObject({ state: 'due' });
    await store.close();
  });

  it('is free again when the database could not be opened', async () => {
    openDatabase(home.path).close();
    writeFileSync(home.path, 'this is not a database '.repeat(1_000));
    expect(() => openSqliteStore({ path: home.path, policy })).toThrow(
      expect.objectContaining({ fault: 'corrupt' }),
    );
    rmSync(home.path);
    const store = openSqliteStore({ path: home.path, policy });
    expect(await store.chat('chat-1')).toBeNull();
    await store.close();
  });
});
