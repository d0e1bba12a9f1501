import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginRun, completeRun, wishFor } from '../../src/decide/catch-up.ts';
import { DAY, HOUR, MINUTE } from '../../src/decide/time.ts';
import type { Store } from '../../src/store/store.ts';
import { outboundOf, policyOf, T } from '../helpers/builders.ts';
import { createPostgresHome, withClient } from '../helpers/postgres-home.ts';
import { claim } from '../helpers/store/use-store.ts';

const RESTORED_AT = T + 10 * HOUR;
const LATER = RESTORED_AT + MINUTE;
const WAITS = { state: 'waiting', reason: 'restored', nextAttemptAt: RESTORED_AT + DAY };

describe('a chat that turns up after the database was restored', () => {
  let home: ReturnType<typeof createPostgresHome>;
  let store: Store;

  beforeEach(async () => {
    home = createPostgresHome();
    store = await home.open(policyOf());
    await store.heartbeat(T);
    await store.record([outboundOf(T, { chatId: 'kept' })], T);
    await store.updateChat('kept', (chat) => ({ ...chat, restoredAt: RESTORED_AT }), RESTORED_AT);
    await mark();
  });

  afterEach(async () => {
    await store.close();
  });

  /** What restoring a backup leaves in the database, with its last chat. */
  async function mark(): Promise<void> {
    const schema = `"${home.schema.replaceAll('"', '""')}"`;
    await withClient(home.url, (client) =>
      client.query(
        `INSERT INTO ${schema}.meta (key, value) SELECT * FROM (VALUES ('restored_at', '${RESTORED_AT}'),
          ('restored_backup_at', '${T}'), ('restored_unread', '1')) AS v
          UNION ALL SELECT 'restored_last_row', max(id)::text FROM ${schema}.chats`,
      ),
    );
  }

  const read = (chatId: string, sentAt: readonly number[], isWhole = true) => {
    const events = sentAt.map((at) => outboundOf(at, { chatId }));
    return store.recordRead({ chatId, events, readAt: LATER, isWhole, change: (same) => same }, LATER);
  };
  const dueIds = async (now: number) => (await claim(store, now)).map(({ chat }) => chat.chatId).sort();

  it('waits one window if we wrote in it before, and makes no other wait', async () => {
    await store.record([outboundOf(T + HOUR, { chatId: 'forgotten' })], LATER);
    expect(await store.chat('forgotten')).toMatchObject(WAITS);
    expect(await dueIds(RESTORED_AT + DAY - 1)).toEqual([]);
    expect(await dueIds(RESTORED_AT + DAY)).toEqual(['forgotten', 'kept']);
  });

  it('waits until catch-up has read the whole of it', async () => {
    await store.record(
      [outboundOf(LATER, { chatId: 'forgotten' }), outboundOf(LATER, { chatId: 'new' })],
      LATER,
    );
    expect(await read('forgotten', [T + HOUR, LATER])).toMatchObject({ isFreed: false });
    expect(await read('new', [LATER], false)).toMatchObject({ isFreed: false });
    expect(await dueIds(LATER)).toEqual([]);
    expect(await read('new', [LATER])).toMatchObject({ isNew: false, isFreed: true });
    expect(await read('newer', [LATER])).toMatchObject({ isNew: true, isFreed: true });
    expect(await dueIds(LATER)).toEqual(['new', 'newer']);
    expect(await store.chat('forgotten')).toMatchObject(WAITS);
  });

  it('waits until a catch-up has read everything else, in batches and over restarts', async () => {
    const fresh = Array.from({ length: 5 }, (_, index) => `new-${index}`);
    await store.record(
      fresh.map((chatId) => outboundOf(LATER, { chatId })),
      LATER,
    );
    expect((await store.agenda(LATER)).isRestored).toBe(true);
    expect(await store.releaseRestored(2, LATER)).toBe(false);
    await store.changeCatchUp((state) => {
      const begun = beginRun(wishFor(state, 'away', RESTORED_AT), 11 * HOUR, RESTORED_AT);
      return completeRun(begun, RESTORED_AT + 1);
    });
    expect(await store.releaseRestored(2, LATER)).toBe(true);
    expect(await dueIds(LATER)).toEqual(fresh.slice(0, 2));
    await store.close();
    store = await home.open(policyOf());
    while (await store.releaseRestored(2, LATER)) {}
    expect((await store.agenda(LATER)).isRestored).toBe(false);
    expect(await dueIds(LATER)).toEqual(fresh.slice(2));
    await store.record([outboundOf(LATER, { chatId: 'after' })], LATER);
    expect(await dueIds(LATER)).toEqual(['after']);
  });

  it('keeps its wait by the corrected clock, and the first heartbeat asks for a catch-up', async () => {
    await store.record([outboundOf(LATER, { chatId: 'new' })], LATER);
    await store.shiftClock(HOUR, LATER + HOUR);
    await store.record([outboundOf(LATER, { chatId: 'other' })], LATER + HOUR);
    while (!(await store.redecide('settings', 1, LATER + HOUR))) {}
    const nextAttemptAt = RESTORED_AT + HOUR + DAY;
    for (const chatId of ['kept', 'new', 'other'])
      expect(await store.chat(chatId)).toMatchObject({ ...WAITS, nextAttemptAt });
    await store.heartbeat(LATER + HOUR, MINUTE);
    expect(await store.catchUp()).toMatchObject({ wanted: { reason: 'away' } });
  });
});
