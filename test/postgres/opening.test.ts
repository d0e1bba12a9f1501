import { afterEach, describe, expect, inject, it } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createDatabase, createPostgresHome, withClient } from '../helpers/postgres-home.ts';

const PASSWORD = 'a-password-nobody-should-see';

describe('opening the store in PostgreSQL', () => {
  const url = inject('postgresUrl');
  const opened: Store[] = [];
  const open = async (address: string, schema?: string) => {
    const store = await openPostgresStore({
      url: address,
      policy: policyOf(),
      ...(schema === undefined ? {} : { schema }),
    });
    opened.push(store);
    return store;
  };

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  it('makes the tables once, though many processes start at the same time', async () => {
    const { schema } = createPostgresHome();
    const stores = await Promise.all(Array.from({ length: 8 }, () => open(url, schema)));
    await Promise.all(
      stores.map((store, index) => store.record([outboundOf(T, { chatId: `c${index}` })], T)),
    );
    expect(await stores[0]?.counts(T)).toMatchObject([{ count: 8 }]);
  });

  it('keeps to its schema, and finds it again', async () => {
    const database = await createDatabase(url);
    const [one, other] = [await open(database.url), await open(database.url, 'other')];
    await one.record([outboundOf(T)], T);
    expect(await other.chat('chat-1')).toBeNull();
    expect(await (await open(database.url)).chat('chat-1')).not.toBeNull();
  });

  it('refuses tables that a newer version made, and leaves them alone', async () => {
    const database = await createDatabase(url);
    await (await open(database.url)).record([outboundOf(T)], T);
    await withClient(database.url, (client) =>
      client.query(`INSERT INTO migrations VALUES (1000, '9999_later')`),
    );
    await expect(open(database.url)).rejects.toMatchObject({ fault: 'newer' });
    await expect(open(database.url)).rejects.toThrow(/9999_later.*run the newer version/);
  });

  it.each(['synchronous_commit'])('refuses a database that may lose what it confirmed: %s', async (name) => {
    const database = await createDatabase(url);
    await withClient(url, (client) => client.query(`ALTER DATABASE ${database.name} SET ${name} = off`));
    await expect(open(database.url)).rejects.toThrow(`${name} is off`);
  });

  it('refuses a server that only reads', async () => {
    const database = await createDatabase(url);
    await withClient(url, (client) =>
      client.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`),
    );
    await expect(open(database.url)).rejects.toMatchObject({ fault: 'readonly' });
  });

  it.each([
    ['nobody listens', `postgres://reactor:${PASSWORD}@127.0.0.1:9/db`, 'unavailable'],
    ['there is no such database', `${url.replace('/postgres?', '/missing?')}&password=${PASSWORD}`, 'denied'],
    ['it is no address', `postgres://reactor:${PASSWORD}@[/db`, 'broken'],
    ['it is another kind of address', `mysql://reactor:${PASSWORD}@127.0.0.1/db`, 'broken'],
  ])('says what is wrong without the password: %s', async (_, address, fault) => {
    const error = await open(address).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'REACTOR_STORE', fault });
    expect(`${error} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain(PASSWORD);
  });
});
