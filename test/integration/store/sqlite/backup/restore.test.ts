import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginRun, completeRun, wishFor } from '../../../../../src/decide/catch-up.ts';
import { DAY, HOUR, MINUTE } from '../../../../../src/decide/time.ts';
import { restoreBackup } from '../../../../../src/store/sqlite/backup/restore.ts';
import { openDatabase } from '../../../../../src/store/sqlite/database.ts';
import { readMigrations } from '../../../../../src/store/sqlite/migrate.ts';
import { openSqlite } from '../../../../../src/store/sqlite/native.js';
import type { Store } from '../../../../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../../../../helpers/builders.ts';
import { digestOf } from '../../../../helpers/digest.ts';
import { createSqliteHome } from '../../../../helpers/sqlite-home.ts';
import { claim, claimOne, definite, settle, verdictOf } from '../../../../helpers/store/use-store.ts';

const RESTORED_AT = T + 10 * HOUR;

let home: ReturnType<typeof createSqliteHome>;
let store: Store;
let backup: string;
beforeEach(async () => {
  home = createSqliteHome();
  backup = join(dirname(home.path), 'backup.db');
  store = await home.open(policyOf());
});
afterEach(async () => {
  await store.close().catch(() => {}); // some tests have closed it
  await home.remove();
});

/** A copy as a backup makes it, without the process that makes it. */
async function backUp(): Promise<void> {
  const sql = openSqlite(home.path, { readonly: true });
  sql.prepare('VACUUM INTO ?').run(backup);
  sql.close();
}
const restore = (changes: Partial<Parameters<typeof restoreBackup>[0]> = {}) =>
  restoreBackup({ databasePath: home.path, file: backup, isWaiting: true, now: RESTORED_AT, ...changes });
const reopen = async () => {
  store = await home.open(policyOf());
  return store;
};
/** Without what SQLite may put beside a file to read it. */
const filesHere = () =>
  readdirSync(dirname(home.path))
    .filter((name) => !name.startsWith('bad.db-'))
    .sort();

/** Shares with a chat as the dispatcher does. */
async function share(chatId: string, at: number): Promise<void> {
  await store.record([outboundOf(at, { chatId })], at);
  await settle(store, { claim: await claimOne(store, at), endedAt: at + 1, result: verdictOf() });
}

describe('after a restore', () => {
  it.each([true, false])(
    'what came after the backup is caught up, however young that is (waiting: %s)',
    async (isWaiting) => {
      await store.heartbeat(T);
      await backUp();
      await store.close();
      await restore({ isWaiting, now: T + MINUTE });
      await reopen();
      await store.heartbeat(T + 2 * MINUTE, 5 * MINUTE);
      const wish = { reason: 'away', at: T + 2 * MINUTE };
      expect((await store.catchUp()).wanted).toEqual(wish);
      await store.changeCatchUp((state) => ({ ...state, wanted: null }));
      await store.heartbeat(T + 3 * MINUTE, 5 * MINUTE);
      expect((await store.catchUp()).wanted).toBeNull();
    },
  );

  it('every chat of the backup waits one window, shared or not, and goes on then', async () => {
    await share('shared', T);
    await store.record([outboundOf(T, { chatId: 'not-yet' })], T);
    await backUp();
    await settle(store, { claim: await claimOne(store, T + HOUR), endedAt: T + HOUR, result: verdictOf() });
    await store.close();

    expect(await restore()).toMatchObject({ chats: 2, restoredAt: RESTORED_AT });
    const { redecide } = await reopen();
    expect(await claim(store, RESTORED_AT)).toEqual([]); // even before they are decided anew
    expect(await redecide('settings', 100, RESTORED_AT)).toBe(true);
    for (const chatId of ['shared', 'not-yet'])
      expect(await store.chat(chatId)).toMatchObject({
        state: 'waiting',
        reason: 'restored',
        nextAttemptAt: RESTORED_AT + DAY,
      });
    expect(await claim(store, RESTORED_AT + DAY - 1)).toEqual([]);
    expect(await claim(store, RESTORED_AT + DAY)).toHaveLength(2);
  });

  it('all is decided anew, whatever the backup’s settings were', async () => {
    await store.record([outboundOf(T)], T);
    expect(await store.redecide('settings', 100, T)).toBe(true);
    await backUp();
    await store.close();
    await restore();
    await reopen();
    expect(await store.redecide('settings', 1, RESTORED_AT)).toBe(false);
  });

  it('an attempt that was open in the backup is not repeated at once', async () => {
    await store.record([outboundOf(T)], T);
    await claimOne(store, T);
    await backUp();
    await store.close();
    await restore();
    await reopen();
    expect(await store.recoverInterrupted(RESTORED_AT)).toEqual({ interrupted: 1, parked: 0 });
    expect(await store.chat('chat-1')).toMatchObject({ state: 'waiting', reason: 'restored', lease: null });
    expect(await claim(store, RESTORED_AT + DAY - 1)).toEqual([]);
    expect(await claim(store, RESTORED_AT + DAY)).toHaveLength(1);
  });

  describe('a chat that the backup didn’t have', () => {
    const WAITS = { state: 'waiting', reason: 'restored', nextAttemptAt: RESTORED_AT + DAY };
    const LATER = RESTORED_AT + MINUTE;

    /** A chat that was shared after the backup, and the backup in its place. */
    async function restoreWithout(chatId: string, changes = {}): Promise<void> {
      await store.heartbeat(T);
      await backUp();
      await share(chatId, T + HOUR);
      await store.close();
      await restore(changes);
      await reopen();
    }

    const read = (chatId: string, sentAt: readonly number[], isWhole = true) => {
      const events = sentAt.map((at) => outboundOf(at, { chatId }));
      return store.recordRead({ chatId, events, readAt: LATER, isWhole, change: (same) => same }, LATER);
    };
    /** A run that began then reads everything; `unread` chats it can't. */
    async function catchUp(startedAt: number, chatsUnread = 0, idleAfterMs = 0): Promise<void> {
      await store.changeCatchUp((state) => {
        const begun = beginRun(
          wishFor({ ...state, completed: null }, 'away', startedAt),
          idleAfterMs,
          startedAt,
        );
        const run = begun.run === null ? null : { ...begun.run, chatsUnread };
        return completeRun({ ...begun, run }, startedAt + 1);
      });
    }
    const dueIds = async (now: number) => (await claim(store, now)).map(({ chat }) => chat.chatId).sort();

    it('waits one window if we wrote in it before', async () => {
      await restoreWithout('forgotten');
      await store.record([outboundOf(T + HOUR, { chatId: 'forgotten' })], LATER);
      await catchUp(LATER);
      expect(await store.releaseRestored(10, LATER)).toBe(false);
      expect(await store.chat('forgotten')).toMatchObject(WAITS);
      expect(await dueIds(RESTORED_AT + DAY - 1)).toEqual([]);
      expect(await dueIds(RESTORED_AT + DAY)).toEqual(['forgotten']);
    });

    it('waits as well when all we hear of it is its next message, until catch-up has read it', async () => {
      await restoreWithout('forgotten');
      const heard = ['forgotten', 'new'].map((chatId) => outboundOf(LATER, { chatId }));
      await store.record(heard, LATER);
      for (const chatId of ['forgotten', 'new']) expect(await store.chat(chatId)).toMatchObject(WAITS);
      expect(await read('forgotten', [T + HOUR, LATER])).toMatchObject({ isFreed: false });
      expect(await read('new', [LATER])).toMatchObject({ isNew: false, isFreed: true });
      expect(await read('newer', [LATER])).toMatchObject({ isNew: true });
      expect(await dueIds(LATER)).toEqual(['new', 'newer']);
      await store.record([outboundOf(LATER + 1, { chatId: 'forgotten' })], LATER);
      expect(await dueIds(RESTORED_AT + DAY - 1)).not.toContain('forgotten');
    });

    it('waits on when only a part of it could be read', async () => {
      await restoreWithout('forgotten');
      await store.record([outboundOf(LATER, { chatId: 'forgotten' })], LATER);
      expect(await read('forgotten', [LATER], false)).toMatchObject({ isFreed: false });
      expect(await store.chat('forgotten')).toMatchObject(WAITS);
    });

    it('waits until a catch-up that began after the restore has read everything else', async () => {
      await restoreWithout('forgotten');
      const fresh = Array.from({ length: 5 }, (_, index) => `new-${index}`);
      await store.record(
        fresh.map((chatId) => outboundOf(LATER, { chatId })),
        LATER,
      );
      for (const [startedAt, unread, idleAfterMs] of [
        [RESTORED_AT - 1, 0, 0],
        [RESTORED_AT, 1, 0],
        [RESTORED_AT, 0, HOUR], // it read nothing from before
      ] as const) {
        await catchUp(startedAt, unread, idleAfterMs);
        expect(await store.releaseRestored(2, LATER)).toBe(false);
        expect(await dueIds(LATER)).toEqual([]);
      }
      await catchUp(RESTORED_AT, 0, 11 * HOUR);
      expect(await store.releaseRestored(2, LATER)).toBe(true);
      expect(await dueIds(LATER)).toEqual(fresh.slice(0, 2));
      await store.record([outboundOf(LATER, { chatId: 'amid' })], LATER);
      await store.close();
      await reopen();
      expect((await store.agenda(LATER)).isRestored).toBe(true);
      while (await store.releaseRestored(2, LATER)) {}
      expect((await store.agenda(LATER)).isRestored).toBe(false);
      expect(await dueIds(LATER)).toEqual(['amid', ...fresh.slice(2)]);
      await store.record([outboundOf(LATER, { chatId: 'after' })], LATER);
      expect(await dueIds(LATER)).toEqual(['after']);
    });

    it('waits one window when there is no catch-up, and not at all when it is heard of later', async () => {
      await restoreWithout('forgotten');
      await store.record([outboundOf(LATER, { chatId: 'new' })], LATER);
      expect(await store.releaseRestored(10, RESTORED_AT + DAY - 1)).toBe(false);
      expect(await dueIds(RESTORED_AT + DAY - 1)).toEqual([]);
      expect(await dueIds(RESTORED_AT + DAY)).toEqual(['new']);
      await store.record([outboundOf(LATER, { chatId: 'later' })], RESTORED_AT + DAY);
      expect(await dueIds(RESTORED_AT + DAY)).toEqual(['later']);
      expect(await store.releaseRestored(10, RESTORED_AT + DAY)).toBe(false);
    });

    it('doesn’t wait without the wait', async () => {
      await restoreWithout('forgotten', { isWaiting: false });
      await store.record([outboundOf(LATER, { chatId: 'forgotten' })], LATER);
      expect(await dueIds(LATER)).toEqual(['forgotten']);
    });
  });

  it('without the wait all are shared at once', async () => {
    await store.record([outboundOf(T)], T);
    await backUp();
    await store.close();
    await restore({ file: backup });
    await restore({ isWaiting: false }); // not those of an earlier restore either
    await reopen();
    await store.record([outboundOf(T, { chatId: 'forgotten' })], RESTORED_AT);
    expect(await claim(store, RESTORED_AT)).toHaveLength(2);
  });

  it('a correction of the clock that was on its way in the backup is none of the wait’s', async () => {
    await share('chat-1', T);
    await store.shiftClock(HOUR, T + 2 * HOUR);
    await backUp();
    await store.close();
    await restore();
    await reopen();
    expect((await store.agenda(T)).isShifting).toBe(false);
    expect(await store.chat('chat-1')).toMatchObject({ restoredAt: RESTORED_AT });
    expect(await claim(store, RESTORED_AT + DAY - 1)).toEqual([]);
    expect(await claim(store, RESTORED_AT + DAY)).toHaveLength(1);
  });

  it('an operator may share all the same', async () => {
    await share('chat-1', T);
    await backUp();
    await store.close();
    await restore();
    await reopen();
    expect(await store.claimManually('chat-1', RESTORED_AT + 60_000, RESTORED_AT)).toHaveProperty('claim');
  });

  it('the wait begins no earlier than the backup, whatever a slow clock says', async () => {
    await store.heartbeat(T);
    await store.record([outboundOf(T)], T);
    await backUp();
    await store.close();
    expect(await restore({ now: T - 300 * DAY })).toMatchObject({ restoredAt: T });
  });

  it('the time away is counted from the backup’s heartbeat, so that what was missed is caught up', async () => {
    await store.heartbeat(T);
    await backUp();
    await store.heartbeat(T + 5 * HOUR);
    await store.close();
    await restore();
    await reopen();
    expect(await store.heartbeat(RESTORED_AT)).toBe(T);
  });
});

describe('the database that was there', () => {
  it('is kept with its log, and restoring it undoes the restore', async () => {
    await backUp();
    await store.record([outboundOf(T, { chatId: 'later' })], T);
    const files = ['', '-wal'].map((suffix) => [suffix, readFileSync(home.path + suffix)] as const);
    await store.close();
    for (const [suffix, content] of files) writeFileSync(home.path + suffix, content); // as `kill -9` leaves it
    const { keptAs } = await restore();
    const kept = definite(keptAs);
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(await (await reopen()).chat('later')).toBeNull();
    await store.close();
    await restore({ file: kept });
    expect(await (await reopen()).chat('later')).not.toBeNull();
  });

  it('needs not be sound', async () => {
    await store.record([outboundOf(T)], T);
    await backUp();
    await store.close();
    writeFileSync(home.path, 'this was a database once');
    writeFileSync(`${home.path}-wal`, 'and this its log');
    const kept = definite((await restore()).keptAs);
    expect(readFileSync(kept, 'utf8')).toBe('this was a database once');
    expect(readFileSync(`${kept}-wal`, 'utf8')).toBe('and this its log');
    expect(await (await reopen()).chat('chat-1')).not.toBeNull();
  });

  it('needs not be there, and a log that was left alone does no harm', async () => {
    await store.record([outboundOf(T)], T);
    await backUp();
    const log = readFileSync(`${home.path}-wal`);
    await store.close();
    const elsewhere = join(dirname(home.path), 'elsewhere', 'reactor.db');
    mkdirSync(dirname(elsewhere));
    writeFileSync(`${elsewhere}-wal`, log);
    expect(await restore({ databasePath: elsewhere })).toMatchObject({ keptAs: null, chats: 1 });
    const { sql, close } = openDatabase(elsewhere);
    expect(sql.pragma('integrity_check', { simple: true })).toBe('ok');
    close();
  });

  it('may be a link: the link stays one', async () => {
    await backUp();
    await store.close();
    const link = join(dirname(home.path), 'link.db');
    symlinkSync(home.path, link);
    const { databasePath } = await restore({ databasePath: link });
    expect(databasePath).toBe(home.path);
    expect(existsSync(`${link}.lock`)).toBe(false);
  });

  it('is left alone, and so is the backup, while a service works on it', async () => {
    await backUp();
    const before = [digestOf(backup), filesHere()];
    await expect(restore()).rejects.toMatchObject({ fault: 'locked' });
    expect([digestOf(backup), filesHere()]).toEqual([before[0], [...(before[1] ?? [])]]);
    await store.record([outboundOf(T)], T);
    expect(await store.chat('chat-1')).not.toBeNull();
  });
});

describe('nothing is restored, and nothing changes, when the backup', () => {
  /** Makes the file that is no good. */
  const cases: [string, RegExp, (file: string) => void][] = [
    ['isn’t there', /isn’t a file/, () => {}],
    ['is a directory', /isn’t a file/, (file) => mkdirSync(file)],
    ['can’t be reached', /bad\.db can’t be read \(ELOOP\)/, (file) => symlinkSync('bad.db', file)],
    ['is empty', /is empty/, (file) => writeFileSync(file, '')],
    ['is no database', /isn’t a database/, (file) => writeFileSync(file, 'x'.repeat(5_000))],
    [
      'is another program’s',
      /another program/,
      (file) => openSqlite(file).exec('CREATE TABLE notes (note)').close(),
    ],
    [
      'is of a newer version',
      /newer version/,
      (file) => {
        const next = {
          number: readMigrations().length + 1,
          tag: 'later',
          sql: 'CREATE TABLE later (a integer) STRICT',
        };
        openDatabase(file, [...readMigrations(), next]).close();
      },
    ],
    [
      'is damaged',
      /damaged/,
      (file) => {
        const damaged = readFileSync(backup);
        damaged.fill(0xa5, 5 * 4096, 7 * 4096);
        writeFileSync(file, damaged);
      },
    ],
  ];
  it.each(cases)('%s', async (_, sentence, make) => {
    await store.record([outboundOf(T)], T);
    await backUp();
    await store.close();
    const file = join(dirname(home.path), 'bad.db');
    make(file);
    const before = [digestOf(home.path), filesHere()];
    await expect(restore({ file })).rejects.toThrow(sentence);
    expect([digestOf(home.path), filesHere()]).toEqual(before);
  });

  it('is the database itself', async () => {
    await store.close();
    await expect(restore({ file: home.path })).rejects.toThrow(/the database itself/);
  });
});

describe('the backup', () => {
  it('is not changed, and may be of an older version', async () => {
    await store.close();
    const old = join(dirname(home.path), 'old.db');
    const { sql, close } = openDatabase(old, readMigrations().slice(0, 1));
    sql.exec(`INSERT INTO chat_counts (id, state, reason, n) VALUES (1, 'held', 'no_outbound', 1);
      INSERT INTO chats (count_id, chat_id) VALUES (1, 'chat-1')`);
    close();
    const before = digestOf(old);
    expect(await restore({ file: old })).toMatchObject({ schemaVersion: readMigrations().length, chats: 1 });
    expect(digestOf(old)).toBe(before);
    await reopen();
    expect(await store.chat('chat-1')).toMatchObject({ restoredAt: RESTORED_AT });
  });
});
