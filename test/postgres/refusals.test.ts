import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../helpers/builders.ts';
import { AUTHORITY, FOR_LOCALHOST, LEAF_KEY } from '../helpers/certificates.ts';
import { freePort } from '../helpers/free-port.ts';
import { withClient } from '../helpers/postgres-home.ts';
import { createPostgresServer, OWNER, type PostgresServer } from '../helpers/postgres-server.ts';
import { createWorkDir } from '../helpers/process.ts';
import { runVerbHere } from '../helpers/verb-here.ts';

const PASSWORD = 'a-password-nobody-should-see';

/** A server that demands passwords and has a certificate of an authority that nobody knows. */
describe('a server that refuses', () => {
  let server: PostgresServer;
  let port: number;
  const opened: Store[] = [];

  const address = (parts: {
    user?: string;
    password?: string;
    host?: string;
    database?: string;
    query?: string;
  }) => {
    const {
      user = 'service',
      password = PASSWORD,
      host = '127.0.0.1',
      database = 'postgres',
      query = '',
    } = parts;
    return `postgres://${user}:${password}@${host}:${port}/${database}${query}`;
  };
  const open = async (url: string) => {
    const store = await openPostgresStore({ url, schema: 'service', policy: policyOf() });
    opened.push(store);
    return store;
  };
  const failureOf = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: Error) => error,
    );
  const asOwner = (...statements: string[]) =>
    withClient(server.url, async (client) => {
      for (const statement of statements) await client.query(statement);
    });

  beforeAll(async () => {
    port = await freePort();
    server = createPostgresServer({
      settings: {
        listen_addresses: '127.0.0.1',
        port,
        ssl_cert_file: '../cert.pem',
        ssl_key_file: '../key.pem',
        ssl: 'on',
      },
      hba: [
        'local all all trust',
        'host all limited 127.0.0.1/32 trust',
        'host all all 127.0.0.1/32 scram-sha-256',
      ],
      files: { 'cert.pem': FOR_LOCALHOST, 'key.pem': LEAF_KEY },
    });
    await server.start();
    server = { ...server, url: `${server.url}&port=${port}` };
    await asOwner(
      `CREATE ROLE service LOGIN PASSWORD '${PASSWORD}'`,
      'CREATE ROLE limited LOGIN CONNECTION LIMIT 0',
      'GRANT CREATE ON DATABASE postgres TO service',
    );
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  afterAll(async () => {
    await server.remove();
  });

  it.each([
    ['a wrong password', { password: 'wrong' }, 'denied', /user or the password.*28P01/],
    ['no password', { password: '' }, 'denied', /user or the password/],
    ['an unknown user', { user: 'nobody' }, 'denied', /user or the password.*28P01/],
    ['an unknown database', { database: 'missing' }, 'denied', /doesn’t exist; create it.*3D000/],
    [
      'no connection left',
      { user: 'limited' },
      'unavailable',
      /no connection left; raise max_connections.*53300/,
    ],
    [
      'an untrusted certificate',
      { host: 'localhost', query: '?sslmode=verify-full' },
      'denied',
      /certificate isn’t trusted; name its authority/,
    ],
    [
      'a name without address',
      { host: 'db.invalid', query: '?sslmode=disable' },
      'unavailable',
      /host can’t be resolved; check DATABASE_URL and DNS/,
    ],
  ])('says what is wrong and what to do: %s', async (_, parts, fault, words) => {
    const error = await failureOf(open(address(parts)));
    expect(error).toMatchObject({ code: 'REACTOR_STORE', fault });
    expect(error?.message).toMatch(words);
    expect(`${error} ${JSON.stringify(error)} ${error?.stack} ${error?.cause}`).not.toContain(PASSWORD);
  });

  it('is used over TLS, checked as the address says', async () => {
    const ca = join(createWorkDir(), 'ca.pem');
    writeFileSync(ca, AUTHORITY);
    for (const query of ['?sslmode=require', `?sslrootcert=${ca}`, `?sslmode=verify-full&sslrootcert=${ca}`])
      await open(address({ host: 'localhost', query }));
    await open(address({ query: `?sslmode=verify-ca&sslrootcert=${ca}` }));
    const other = await failureOf(open(address({ query: `?sslrootcert=${ca}` })));
    expect(other).toMatchObject({
      fault: 'denied',
      message: expect.stringMatching(/ERR_TLS_CERT_ALTNAME_INVALID/),
    });
    const { rows } = await withClient(server.url, (client) =>
      client.query(
        `SELECT bool_and(ssl) AS all FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'service'`,
      ),
    );
    expect(rows).toEqual([{ all: true }]);
  });

  it('has no TLS where it is wanted: says so', async () => {
    const plain = createServer((socket) => socket.once('data', () => socket.end('N')));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void plain.close());
    const at = plain.address();
    const url = `postgres://service@127.0.0.1:${typeof at === 'object' ? at?.port : ''}/db?sslmode=require`;
    expect(await failureOf(open(url))).toMatchObject({
      fault: 'denied',
      message: expect.stringMatching(/doesn’t offer TLS; turn it on there/),
    });
  });

  it('is gone behind a pooler that still accepts connections: says so within seconds', async () => {
    const message = (type: string, ...body: number[]) =>
      Buffer.from([...Buffer.from(type), 0, 0, 0, body.length + 4, ...body]);
    const isReady = [message('R', 0, 0, 0, 0), message('K', 0, 0, 0, 1, 0, 0, 0, 2), message('Z', 73)];
    const sockets: Socket[] = [];
    let tellAsked = () => {};
    const asked = new Promise<void>((resolve) => {
      tellAsked = resolve;
    });
    const pooler = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      socket.once('data', () => {
        socket.once('data', tellAsked);
        socket.write(Buffer.concat(isReady));
      });
    });
    await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      pooler.close();
    });
    const at = pooler.address();
    const url = `postgres://service@127.0.0.1:${typeof at === 'object' ? at?.port : ''}/db?sslmode=disable`;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }); // those of pg
    onTestFinished(() => void vi.useRealTimers());
    const failure = failureOf(open(url));
    await asked;
    vi.advanceTimersByTime(3_000);
    vi.useRealTimers();
    expect(await failure).toMatchObject({
      fault: 'unavailable',
      message: expect.stringMatching(/can’t be reached/),
    });
  });

  it.each([
    ['full', '53100', /no space left; free some/],
    ['busy', '57014', /a statement took too long/],
    ['busy', '25P04', /a statement took too long/],
    ['denied', '42501', /lacks a privilege/],
    ['readonly', '25006', /only reads.*lead to the primary/],
  ])('fails while the store is in use (%s), and it works again afterwards', async (fault, state, words) => {
    const store = await open(address({}));
    await asOwner(
      `CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'as told' USING ERRCODE = '${state}'; END $$`,
      'CREATE TRIGGER fails BEFORE INSERT OR UPDATE ON service.chats EXECUTE FUNCTION fail()',
    );
    const chatId = `chat-${state}`;
    const refused = await failureOf(store.record([outboundOf(T, { chatId })], T));
    await asOwner('DROP TRIGGER fails ON service.chats');
    expect(refused).toMatchObject({ fault });
    expect(refused?.message).toMatch(words);
    await store.record([outboundOf(T, { chatId })], T);
    expect(await store.chat(chatId)).not.toBeNull();
  });

  it('takes a privilege away while the store is in use, and gives it back', async () => {
    const store = await open(address({}));
    await asOwner('REVOKE ALL ON SCHEMA service FROM service', `ALTER SCHEMA service OWNER TO ${OWNER}`);
    const refused = await failureOf(store.chat('chat-1'));
    await asOwner('ALTER SCHEMA service OWNER TO service', 'GRANT ALL ON SCHEMA service TO service');
    expect(refused).toMatchObject({
      fault: 'denied',
      message: expect.stringMatching(/lacks a privilege.*42501/),
    });
    await store.chat('chat-1');
  });

  it.each([
    ['a wrong password', { password: 'wrong' }],
    ['an unknown database', { database: 'missing' }],
    ['an untrusted certificate', { host: 'localhost', query: '?sslmode=verify-full' }],
  ])('ends the service at its start, with one sentence: %s', async (_, parts) => {
    const settings = { DATABASE_URL: address(parts), PORT: '0' };
    const { code, stdout, stderr } = await runVerbHere(createWorkDir(), ['serve'], settings);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Can’t use the database postgres:\/\/[^@\n]+: [^\n]+\.\n$/);
    expect(stderr).not.toMatch(new RegExp(`${PASSWORD}|wrong@`));
  });
});
