import { afterEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { createDatabase as createConnections, type Session } from '../../src/store/postgres/database.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createFakeClock } from '../helpers/clock.ts';
import { createDatabase, createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import { claimOne, settle, verdictOf } from '../helpers/store/use-store.ts';

const WAITING = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;

describe('a store whose server fails', () => {
  let store: Store | null = null;
  const name = (schema: string) => `"${schema.replaceAll('"', '""')}"`;

  afterEach(async () => {
    await store?.close();
    store = null;
  });

  /** In a database of its own: the connections of other tests stay as they are. */
  const createOwnHome = async () => createPostgresHome((await createDatabase(inject('postgresUrl'))).url);

  /** Ends all connections of the store; resolves once they are gone. */
  const cutAll = (url: string) =>
    withClient(url, (client) =>
      client.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'contact-card-reactor'`,
      ),
    );

  it('works again after its connections were cut, and has lost nothing', async () => {
    const home = await createOwnHome();
    store = await home.open(policyOf());
    for (let round = 0; round < 5; round++) {
      await store.record([outboundOf(T + round)], T + round);
      await cutAll(home.url);
      const first = await store.chat('chat-1').catch((error: unknown) => error);
      if (first instanceof Error) expect(first).toMatchObject({ fault: 'unavailable' });
      expect(await store.chat('chat-1')).toMatchObject({ lastOutboundAt: T + round });
    }
  });

  it('answers a call that is cut as unavailable, and settles it once when it comes again', async () => {
    const home = await createOwnHome();
    store = await home.open(policyOf());
    await store.record([outboundOf(T)], T);
    const settlement = { claim: await claimOne(store, T), endedAt: T + 5, result: verdictOf() };
    await withClient(home.url, async (client) => {
      await client.query('BEGIN');
      await client.query(`SELECT 1 FROM ${name(home.schema)}.chats FOR UPDATE`);
      const cut = settle(store as Store, settlement).catch((error: unknown) => error);
      await untilWaiting(home.url);
      await cutAll(home.url);
      expect(await cut).toMatchObject({ code: 'REACTOR_STORE', fault: 'unavailable' });
      await client.query('ROLLBACK');
    });
    const first = await settle(store, settlement);
    expect(first).toMatchObject({ isOurs: true, chat: { shareCount: 1 } });
    expect(await settle(store, settlement)).toEqual(first);
    expect((await store.summary(T + 5)).totals).toMatchObject({ succeeded: 1 });
  });

  it('gives up a call that takes too long with its connection, and goes on with others', async () => {
    const home = await createOwnHome();
    const late: (() => void)[] = [];
    const clock = {
      sleepUntil: (_until: number, _ms: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          late.push(resolve);
          signal.addEventListener('abort', () => resolve());
        }),
    };
    store = await openPostgresStore({ url: home.url, schema: home.schema, policy: policyOf(), clock });
    await store.record([outboundOf(T)], T);
    await withClient(home.url, async (client) => {
      await client.query('BEGIN');
      await client.query(`SELECT 1 FROM ${name(home.schema)}.chats FOR UPDATE`);
      const stuck = (store as Store).record([outboundOf(T + 1)], T + 1).catch((error: unknown) => error);
      await untilWaiting(home.url);
      for (const isLate of late) isLate();
      expect(await stuck).toMatchObject({ fault: 'busy', message: expect.stringContaining('57014') });
      // the server has given it up as well: else each such call would keep a connection there
      const { rows } = await withClient(home.url, (other) => other.query(WAITING));
      expect(rows).toEqual([]);
      await client.query('ROLLBACK');
    });
    await store.record([outboundOf(T + 2)], T + 2);
    expect(await store.chat('chat-1')).toMatchObject({ lastOutboundAt: T + 2 });
  });

  it('waits while all connections are in use, and says that they are when none gets free', async () => {
    const clock = createFakeClock(T, Number.POSITIVE_INFINITY);
    const database = createConnections(inject('postgresUrl'), clock);
    onTestFinished(database.close);
    onTestFinished(() => void vi.useRealTimers());
    let calls: Promise<unknown>[] = [];
    const inUse = async () => {
      calls = [];
      let end = () => {};
      const over = new Promise<void>((resolve) => {
        end = resolve;
      });
      const begun = Array.from(
        { length: 8 },
        () =>
          new Promise<void>((resolve) => {
            const call = database.look(() => {
              resolve();
              return over;
            });
            calls.push(call.catch((error: unknown) => error));
          }),
      );
      await Promise.all(begun);
      return end;
    };
    const ask = () => database.look((session) => session.rows('SELECT 1 AS one'));

    const endFirst = await inUse();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }); // those of pg, which would call it a failed connection
    const waiting = ask();
    vi.advanceTimersByTime(9_000);
    vi.useRealTimers();
    endFirst();
    expect(await waiting).toEqual([{ one: 1 }]);

    const endSecond = await inUse();
    clock.advance(8_000); // they don't wait for the server, so that asking it to end something does nothing
    await new Promise((resolve) => setImmediate(resolve));
    const all = Promise.allSettled(Array.from({ length: 9 }, ask));
    clock.advance(10_000); // the calls in progress lose their connections, which eight of these get
    const failed = (await all).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    endSecond();
    // what took too long has failed even if it ends well: it may have been a commit that no standby has
    expect(await Promise.all(calls)).toMatchObject(Array(8).fill({ fault: 'busy' }));
    expect(failed).toMatchObject([{ fault: 'busy', message: expect.stringMatching(/are in use; look at/) }]);
  });

  it('lets a migration take as long as it needs, whatever the limits of its role are', async () => {
    const limits = encodeURIComponent('-c statement_timeout=9s');
    const database = createConnections(`${inject('postgresUrl')}&options=${limits}`, createFakeClock(T));
    onTestFinished(database.close);
    const limit = (session: Session) => session.rows('SHOW statement_timeout');
    expect(await database.look(limit)).toEqual([{ statement_timeout: '9s' }]);
    expect(await database.write(limit)).toEqual([{ statement_timeout: '8s' }]);
    expect(await database.writeLong(limit)).toEqual([{ statement_timeout: '0' }]);
  });

  it('tells nothing of what it could not write', async () => {
    const home = await createOwnHome();
    store = await home.open(policyOf());
    await store.record([outboundOf(T)], T);
    const change = store.updateChat('chat-1', (chat) => ({ ...chat, service: '+12025550199'.repeat(9) }), T);
    await expect(change).rejects.toMatchObject({
      fault: 'broken',
      message: expect.not.stringContaining('2025'),
    });
    expect(await store.chat('chat-1')).toMatchObject({ service: 'iMessage' });
  });

  /** Some statement of the store waits for a lock. */
  async function untilWaiting(url: string): Promise<void> {
    await withClient(url, async (client) => {
      for (let isWaiting = false; !isWaiting; ) {
        const { rowCount } = await client.query(WAITING);
        isWaiting = (rowCount ?? 0) > 0;
      }
    });
  }
});
