import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../../src/decide/time.ts';
import { openSqlite } from '../../../../src/store/sqlite/native.js';
import { openSqliteStore } from '../../../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../../src/store/store.ts';
import { inboundOf, LINE, OTHER_LINE, outboundOf, policyOf, T } from '../../../helpers/builders.ts';
import { createSeeded } from '../../../helpers/seed.ts';
import { createSqliteHome } from '../../../helpers/sqlite-home.ts';
import { ANY } from '../../../helpers/store/use-store.ts';

const CHATS = 1_000;
const BATCH = 50;
const OURS = [
  ['last_shared_at', 'last_share_started_at'],
  ['uncertain_at'],
  ['dry_run_at'],
  ['retired_at', 'retired_reason'],
  ['restored_at'],
  ['opt_out_refused_at'],
  ['operator_held_at'],
  ['looked_up_at'],
  ['retry_at', 'retry_reason'],
] as const;
const seeded = createSeeded(
  'npx vitest run --config test/vitest.config.ts --project integration clock-shift-pass',
);
const open = (path: string) => openSqliteStore({ path, policy: policyOf() });
const chatId = (index: number) => `chat-${index}`;

/** Chats to which all kinds of things happened within the days before and after `T`. */
async function writeChats(path: string): Promise<void> {
  const store = open(path);
  const at = () => T - seeded.between(-2 * DAY, 3 * DAY);
  const events = Array.from({ length: CHATS }, (_, index) =>
    outboundOf(at(), { chatId: chatId(index), line: seeded.pick([LINE, OTHER_LINE]) ?? LINE }),
  );
  await store.record(events, T);
  await store.close();
  const sql = openSqlite(path);
  sql.pragma('synchronous = OFF');
  sql.transaction(() => {
    for (let id = 1; id <= CHATS; id++) {
      const done = OURS.filter(() => seeded.random() < 0.2);
      for (const [column, other] of done) {
        const told = other === 'retired_reason' ? 'chat_gone' : other === 'retry_reason' ? 'backoff' : at();
        sql.prepare(`UPDATE chats SET ${column} = ? WHERE id = ?`).run(at(), id);
        if (other !== undefined) sql.prepare(`UPDATE chats SET ${other} = ? WHERE id = ?`).run(told, id);
      }
      if (seeded.random() < 0.2)
        sql
          .prepare(
            `INSERT INTO attempts (attempt_id, chat_row, trigger, started_at, ended_at, outcome)
              VALUES (?, ?, 'became_eligible', ?, ?, 'retry')`,
          )
          .run(`attempt-${id}`, id, T - MINUTE, at());
    }
  })();
  sql.close();
  const decided = open(path);
  while (!(await decided.redecide('before', 5_000, T))) {}
  await decided.close();
}

/** Everything that is kept of each chat, in words. */
async function allOf(store: Store): Promise<ReadonlyMap<string, object>> {
  const chats = new Map<string, object>();
  let cursor: string | null = null;
  do {
    const page = await store.chats([ANY], 5_000, cursor, T);
    for (const chat of page.chats) chats.set(chat.chatId, chat);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return chats;
}

it.each([HOUR, 26 * HOUR, -2 * HOUR])(
  'a correction by %i ms that is cut off at every batch comes to each chat once, as if it were one transaction',
  async (byMs) => {
    const home = createSqliteHome();
    onTestFinished(home.remove);
    await writeChats(home.path);
    const whole = join(home.path, '..', 'whole.db');
    onTestFinished(() => rmSync(whole, { force: true }));
    const sql = openSqlite(home.path);
    sql.prepare('VACUUM INTO ?').run(whole);
    sql.close();
    const now = T + byMs;

    let store = open(home.path);
    await store.shiftClock(byMs, now);
    const heard = new Set<number>();
    const added: number[] = [];
    let batches = 0;
    for (; (await store.agenda(T)).isShifting; batches++) {
      const index = seeded.between(0, CHATS - 1);
      heard.add(index);
      added.push(CHATS + batches);
      await store.record([inboundOf(now, { chatId: chatId(index) })], now);
      await store.record([outboundOf(now, { chatId: chatId(CHATS + batches) })], now);
      await store.redecide('after', BATCH, now);
      await store.close();
      store = open(home.path);
    }
    while (!(await store.redecide('after', BATCH, now))) {}
    expect(batches).toBeGreaterThanOrEqual(CHATS / BATCH);
    const piecemeal = await allOf(store);
    await store.close();

    const reference = open(whole);
    await reference.shiftClock(byMs, now);
    await reference.redecide('after', CHATS + 1, now);
    for (const index of heard) await reference.record([inboundOf(now, { chatId: chatId(index) })], now);
    for (const index of added) await reference.record([outboundOf(now, { chatId: chatId(index) })], now);
    const atOnce = await allOf(reference);
    await reference.close();

    expect(piecemeal.size).toBe(atOnce.size);
    const differing = [...atOnce].filter(
      ([id, chat]) => JSON.stringify(chat) !== JSON.stringify(piecemeal.get(id)),
    );
    expect(differing.map(([id, chat]) => [chat, piecemeal.get(id)])).toEqual([]);
  },
  60_000,
);
