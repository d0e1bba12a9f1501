import { openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import { outboundOf, policyOf, T } from '../../../helpers/builders.ts';

/** A process that has the store, says so once it has written a chat, and keeps it until it is killed. */
const store = openSqliteStore({ path: process.argv[2] ?? '', policy: policyOf() });
void store
  .record([outboundOf(T, { chatId: 'from-the-child' })], T)
  .then(() => process.stdout.write('holding\n'));
setInterval(() => store.kind, 60_000);
