import { afterEach, beforeEach, expect, it } from 'vitest';
import { DAY, HOUR } from '../../../../src/decide/time.ts';
import { openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';

let home: ReturnType<typeof createSqliteHome>;
let store: Store;

beforeEach(() => {
  home = createSqliteHome();
  store = openSqliteStore({ path: home.path, policy: policyOf({ idleAfterMs: 7 * DAY }) });
});
afterEach(async () => {
  await store.close();
  await home.remove();
});

const stateOf = async () => (await store.chat('chat-1'))?.state;

it('a chat becomes idle at its limit after the last message, although an earlier wake-up stood', async () => {
  for (const hours of [0, 1, 2]) await store.record([outboundOf(T + hours * HOUR)], T + hours * HOUR);
  const early = await store.nextWakeAt(T + 2 * HOUR);
  expect(early).toBe(T + 7 * DAY);
  await store.wakeChats(T + 7 * DAY, 10);
  expect(await stateOf()).toBe('due');
  const idleAt = T + 2 * HOUR + 7 * DAY;
  expect(await store.nextWakeAt(T + 7 * DAY)).toBe(idleAt);
  await store.wakeChats(idleAt - 1, 10);
  expect(await stateOf()).toBe('due');
  await store.wakeChats(idleAt, 10);
  expect(await stateOf()).toBe('idle');
});
