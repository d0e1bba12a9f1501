import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { DAY, HOUR } from '../../src/decide/time.ts';
import { markRestored } from '../../src/store/postgres/by-hand.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createDatabase, withClient } from '../helpers/postgres-home.ts';
import { createWorkDir, STATUS_TOKEN } from '../helpers/process.ts';
import { startService } from '../helpers/service.ts';
import { modeOf, prepare, readEnv, readText, setUp } from '../helpers/setting-up.ts';
import { startAccount } from '../helpers/simulated-account.ts';
import { claim } from '../helpers/store/use-store.ts';
import { askVerbHere, runVerbHere } from '../helpers/verb-here.ts';

const PASSWORD = 'a-password-nobody-should-see';
const SCHEMA = 'contact_card_reactor';

describe('the command line with PostgreSQL', () => {
  let url: string;
  let name: string;
  const opened: Store[] = [];
  const open = async (address = url) => {
    const store = await openPostgresStore({ url: address, schema: SCHEMA, policy: policyOf() });
    opened.push(store);
    return store;
  };
  const close = async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  };
  const run = (args: readonly string[], address = url) =>
    runVerbHere(createWorkDir(), args, { DATABASE_URL: address, STATUS_TOKEN: '' });
  const query = (text: string) => withClient(url, async (client) => (await client.query(text)).rows);

  beforeEach(async () => {
    ({ url, name } = await createDatabase(inject('postgresUrl')));
  });

  afterEach(close);

  describe('migrate', () => {
    it('says what is missing, adds it, and says that nothing is', async () => {
      const missing = await run(['migrate', '--check']);
      expect(missing.code).toBe(1);
      expect(missing.stdout).toMatch(/^postgres:\/\/\S+ has schema 0; pending up to \d+: 0000_init, /);
      expect(await query(`SELECT 1 FROM pg_namespace WHERE nspname = '${SCHEMA}'`)).toEqual([]);
      const did = await run(['migrate']);
      expect([did.code, did.stderr]).toEqual([0, '']);
      expect(did.stdout).toMatch(/^Applied 0000_init, .*\. postgres:\/\/\S+ is up to date: schema \d+\.\n$/);
      expect(await run(['migrate', '--check'])).toMatchObject({ code: 0, stderr: '' });
      const settings = { DATABASE_URL: url };
      expect(await askVerbHere(createWorkDir(), ['migrate'], settings)).toMatchObject({
        state: 'current',
        applied: [],
      });
    });

    it('leaves alone what a newer version made', async () => {
      await run(['migrate']);
      await query(`INSERT INTO ${SCHEMA}.migrations VALUES (1000, '9999_later')`);
      const refused = await run(['migrate']);
      expect(refused.code).toBe(1);
      expect(refused.stdout).toMatch(/a newer version.*Nothing was changed/);
    });

    it('is done by the owner, and the service needs no more than to read and write', async () => {
      const [owner, service] = [`owner_${name}`, `service_${name}`];
      await query(`CREATE ROLE ${owner} LOGIN`);
      await query(`CREATE ROLE ${service} LOGIN`);
      await query(`GRANT CREATE ON DATABASE ${name} TO ${owner}`);
      const as = (user: string) => url.replace('user=reactor', `user=${user}`);

      await expect(open(as(service))).rejects.toMatchObject({
        fault: 'denied',
        message: expect.stringMatching(
          /may not change the tables, which lack 0000_init.*`contact-card-reactor migrate`/,
        ),
      });
      expect(await run(['migrate'], as(service))).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/may not change/),
      });
      expect(await run(['migrate'], as(owner))).toMatchObject({ code: 0 });
      expect(await run(['migrate', '--check'], as(service))).toMatchObject({ code: 1 }); // nothing is granted yet
      await withClient(as(owner), async (client) => {
        await client.query(`GRANT USAGE ON SCHEMA ${SCHEMA} TO ${service}`);
        await client.query(
          `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${service}`,
        );
        await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${SCHEMA} TO ${service}`);
      });
      expect(await run(['migrate', '--check'], as(service))).toMatchObject({ code: 0 });
      const store = await open(as(service));
      await store.record([outboundOf(T)], T);
      expect(await claim(store, T)).toHaveLength(1);
      await store.heartbeat(T);
    });
  });

  describe('restore --mark', () => {
    it('makes every chat wait one window, and asks for a catch-up', async () => {
      const store = await open();
      const now = Date.now(); // the mark is of the database's time
      const sentAt = now - HOUR;
      await store.heartbeat(sentAt);
      await store.record(
        ['a', 'b'].map((chatId) => outboundOf(sentAt, { chatId })),
        sentAt,
      );
      const before = await store.sharedVersion();
      await close();
      const { code, stdout, stderr } = await run(['restore', '--mark']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^Marked 2 chats in postgres:\/\/\S+: each waits one window, until \d{4}-/);
      expect(stdout).toMatch(/\nStart the service: it reads from Linq what happened meanwhile\.\n$/);

      const again = await open();
      expect(await again.sharedVersion()).toBe(before + 1);
      const { restoredAt } = (await again.chat('a')) ?? {};
      expect(restoredAt).toBeGreaterThanOrEqual(now - 1_000);
      const at = Number(restoredAt);
      expect(await claim(again, at + DAY - 1)).toEqual([]);
      expect((await claim(again, at + DAY)).map(({ chat }) => chat.chatId).sort()).toEqual(['a', 'b']);
      await again.record([outboundOf(sentAt, { chatId: 'forgotten' })], at);
      expect(await again.chat('forgotten')).toMatchObject({ state: 'waiting', reason: 'restored' });
      await again.heartbeat(at, 60_000);
      expect(await again.catchUp()).toMatchObject({ wanted: { reason: 'away' } });
    });

    it('goes on where it was cut off, and until its end no replica starts', async () => {
      const store = await open();
      await store.heartbeat(T);
      await store.record(
        ['a', 'b', 'c'].map((chatId) => outboundOf(T, { chatId })),
        T,
      );
      await close();
      const address = { url, schema: SCHEMA };
      const cut = new Error('cut off');
      const cutOff = markRestored(
        address,
        () => {
          throw cut;
        },
        1,
      );
      await expect(cutOff).rejects.toMatchObject({ cause: cut });
      const again = await open();
      const { restoredAt: at } = (await again.chat('a')) ?? {};
      expect(at).toBeGreaterThan(T);
      expect(await again.chat('b')).toMatchObject({ restoredAt: null });
      await expect(again.heartbeat(Number(at))).rejects.toMatchObject({ fault: 'locked' });

      await again.beat({ id: 'r', version: '0', fingerprint: 'f', startedAt: T }, T);
      expect(await run(['restore', '--mark'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^Only 1 chat was marked, .*: a replica used it.* Run it again to go on/,
        ),
      });
      await again.leave('r');

      const counts: number[] = [];
      const marked = await markRestored(address, (chats) => counts.push(chats), 1);
      expect([marked, counts]).toEqual([{ chats: 3, restoredAt: at }, [1, 2, 3, 3]]);
      for (const chatId of ['b', 'c']) expect(await again.chat(chatId)).toMatchObject({ restoredAt: at });
      await again.heartbeat(Number(at));
    });

    it('is refused while a replica runs, and marks nothing', async () => {
      const store = await open();
      await store.record([outboundOf(T)], T);
      await store.beat({ id: 'r', version: '0', fingerprint: 'f', startedAt: T }, T);
      expect(await run(['restore', '--mark'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^This run marked nothing in \S+: a replica used it.*stop all of them/),
      });
      expect(await store.chat('chat-1')).toMatchObject({ restoredAt: null });
    });

    it('is refused without tables, with a file, and for SQLite', async () => {
      expect(await run(['restore', '--mark'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/run `contact-card-reactor migrate` first/),
      });
      expect(await run(['restore', '--mark', 'a.db'])).toMatchObject({ code: 2 });
      expect(await run(['restore', '--mark'], 'file:./data/reactor.db')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/for PostgreSQL; `restore FILE` marks/),
      });
      expect(await run(['restore'])).toMatchObject({ code: 2, stderr: 'Give the backup: `restore FILE`.\n' });
    });
  });

  it.each([
    [['backup'], /pg_dump/],
    [['backup', '-'], /pg_dump/],
    [['restore', 'a.db'], /pg_restore.*`restore --mark`/],
  ])('what is for SQLite alone says what to use instead: %s', async (args, words) => {
    const refused = await run(args);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toMatch(words);
  });

  it('a verb that needs a token says where it comes from, since there is no file with one', async () => {
    const directory = createWorkDir();
    const service = await startService(directory, { DATABASE_URL: url, STATUS_TOKEN: '' });
    const ask = (verb: string) =>
      runVerbHere(directory, [verb, '--url', service.url], { DATABASE_URL: url, STATUS_TOKEN: '' });
    const refused = await ask('status');
    expect([refused.code, refused.stdout]).toEqual([3, '']);
    expect(refused.stderr).toMatch(
      /With PostgreSQL there is no token file.*set STATUS_TOKEN for the service, and the same here/,
    );
    expect(await ask('healthcheck')).toMatchObject({ code: 0, stdout: 'ready\n' });
  });

  it('the password is in nothing that is shown, logged or measured', async () => {
    const directory = createWorkDir();
    const settings = { DATABASE_URL: `${url}&password=${PASSWORD}`, LOG_LEVEL: 'trace' };
    const service = await startService(directory, settings);
    const shown = [];
    for (const args of [
      ['config', 'show'],
      ['config', 'check'],
      ['status', '--json', '--url', service.url],
    ])
      shown.push(await runVerbHere(directory, args, settings));
    expect(shown.map(({ code }) => code)).toEqual([0, 0, expect.any(Number)]);
    const headers = { authorization: `Bearer ${STATUS_TOKEN}` };
    for (const path of ['/status', '/metrics', '/readyz', '/', '/openapi.json'])
      shown.push(await (await fetch(`${service.url}${path}`, { headers })).text());
    await service.stop();
    expect(JSON.stringify(shown) + service.output()).not.toContain(PASSWORD);
    expect(shown[0]).toMatchObject({
      stdout: expect.stringMatching(/DATABASE_URL +postgres:\/\/\S+ \(with a password\)/),
    });
  });

  it('an older replica goes on beside a newer version only as far as that allows', async () => {
    const store = await open();
    await store.record([outboundOf(T)], T);
    const later = (number: number, oldest: number) =>
      query(`INSERT INTO ${SCHEMA}.migrations VALUES (${number}, 'later_${number}', ${oldest})`);
    await later(1_000, 1);
    await store.record([outboundOf(T + 1)], T + 1);
    await store.probe(T);
    await (await open()).record([outboundOf(T + 2)], T + 2);

    await later(1_001, 1_001);
    await expect(store.record([outboundOf(T + 3)], T + 3)).rejects.toMatchObject({ fault: 'newer' });
    await expect(store.probe(T)).rejects.toThrow(/must not write to it any more; replace this replica/);
    await expect(open()).rejects.toMatchObject({ fault: 'newer' });
    expect(await store.chat('chat-1')).toMatchObject({ lastOutboundAt: T + 2 });
  });
});

describe('setup with PostgreSQL', () => {
  it('tries the database and saves its address, which it never shows', async () => {
    const account = await startAccount();
    const directory = prepare();
    const url = `${inject('postgresUrl')}&password=${PASSWORD}`;
    writeFileSync(join(directory, 'address'), `${url}\n`, { mode: 0o600 });
    const { code, stdout, stderr, report } = await setUp(
      directory,
      account,
      '--database-url-file',
      'address',
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(report?.envFile.saved).toContain('DATABASE_URL');
    expect(readEnv(directory).DATABASE_URL).toBe(url);
    expect(modeOf(directory)).toBe(0o600);
    expect(stdout).not.toContain(PASSWORD);
  });

  it('changes nothing when the database cannot be used', async () => {
    const account = await startAccount();
    const directory = prepare();
    const before = readText(directory);
    const at = {
      settings: { ...account.settings, DATABASE_URL: `postgres://reactor:${PASSWORD}@127.0.0.1:9/db` },
    };
    const { code, stdout, stderr } = await setUp(directory, at);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Can’t use the database postgres:\/\/127.0.0.1:9\/db: .*can’t be reached.*Nothing was changed\.\n$/,
    );
    expect(stdout + stderr).not.toContain(PASSWORD);
    expect(readText(directory)).toBe(before);
    writeFileSync(join(directory, 'address'), 'file:./other.db');
    expect(await setUp(directory, account, '--database-url-file', 'address')).toMatchObject({ code: 3 });
    expect(await account.subscriptions()).toEqual([]);
  });
});
