import { expect, inject, it } from 'vitest';
import { createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import { describeStore } from '../helpers/store-conformance.ts';

const poolerUrl = inject('poolerUrl');

it('the address of the pooler leads to PgBouncer in transaction mode', async () => {
  const console = poolerUrl.replace('/postgres?', '/pgbouncer?');
  const { rows } = await withClient(console, (client) => client.query('SHOW CONFIG'));
  expect(rows).toContainEqual(expect.objectContaining({ key: 'pool_mode', value: 'transaction' }));
});

describeStore('the store behind a pooler of transactions', () => createPostgresHome(poolerUrl), true);
