import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/decide/time.ts';
import { openSqlite } from '../../src/store/sqlite/native.js';
import { LINE } from '../helpers/builders.ts';
import { DATABASE_PATH } from '../helpers/database.ts';
import { deliver, message2026 } from '../helpers/deliver.ts';
import { createFakeWall } from '../helpers/faketime.ts';
import { writeManyChats } from '../helpers/many-chats.ts';
import { createWorkDir, type Reactor, type Settings, startReactor } from '../helpers/process.ts';
import { startSimulator } from '../helpers/rig.ts';
import { ask, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const CHATS = suiteCount(20_000);
/** Chats that are set right in one commit. */
const BATCH = 200;
/** An answer while all chats are gone through; more only on a machine so busy that this is a part of the whole. */
const PROMPT_MS = 200;
const CRASH = new URL('../helpers/crash.mjs', import.meta.url).href;
const STEP_MS = HOUR;

interface Row {
  readonly id: number;
  readonly chatId: string;
  readonly lastSharedAt: number | null;
  readonly lastShareStartedAt: number | null;
  readonly nextAttemptAt: number | null;
}

function look<T>(directory: string, read: (sql: ReturnType<typeof openSqlite>) => T): T {
  const sql = openSqlite(join(directory, DATABASE_PATH), { readonly: true });
  try {
    return read(sql);
  } finally {
    sql.close();
  }
}

const rowsIn = (directory: string) =>
  look(directory, (sql) =>
    sql
      .prepare<[], Row>(
        `SELECT id, chat_id AS chatId, last_shared_at AS lastSharedAt, last_share_started_at AS lastShareStartedAt,
          next_attempt_at AS nextAttemptAt FROM chats ORDER BY id`,
      )
      .all(),
  );

/** Up to which row the correction has come; null: none is under way. */
const reachedIn = (directory: string): number | null =>
  look(directory, (sql) => {
    const text = sql.prepare<[], string>("SELECT value FROM meta WHERE key = 'clock_shift'").pluck().get();
    return text === undefined ? null : (JSON.parse(text) as { reached: number }).reached;
  });

/** Asks for answers without a pause, until told to stop, or until nobody answers any more. */
function watchAnswers(url: string) {
  const from = performance.now();
  let slowestMs = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const askedAt = performance.now();
      const answer = await ask(url, '/healthz').catch(() => null);
      if (answer === null) break;
      expect(answer.status).toBe(200);
      slowestMs = Math.max(slowestMs, performance.now() - askedAt);
      await delay(2);
    }
    return { slowestMs, tookMs: performance.now() - from };
  })();
  return () => {
    isOver = true;
    return watching;
  };
}

it(
  `after a step of the clock ${CHATS} chats are set right while everybody gets an answer, killed half-way, too`,
  async () => {
    const simulator = await startSimulator();
    const directory = createWorkDir();
    const wall = createFakeWall(directory);
    const known = randomUUID();
    await writeManyChats(directory, CHATS, known);
    const before = rowsIn(directory);
    const start = (settings: Settings = {}) =>
      startReactor(directory, {
        ...wall.settings,
        ...settings,
        LINQ_API_BASE_URL: simulator.baseUrl,
        RESHARE_IDLE_AFTER: '0',
      });
    const write = async ({ url }: Reactor, chatId: string) => {
      const at = Date.now() + STEP_MS;
      const { status } = await deliver(url, message2026({ chatId, line: LINE, sentAt: at }), { at });
      expect(status).toBe(204);
    };

    const first = await start({
      NODE_OPTIONS: `--import=${CRASH}`,
      CRASH_AT: 'after shift',
      CRASH_ON_HIT: String(CHATS / BATCH / 2),
    });
    await until(
      async () =>
        look(directory, (sql) => sql.prepare("SELECT 1 FROM meta WHERE key = 'decided_fingerprint'").get()),
      Boolean,
      { tries: 3000 },
    );
    const stopFirst = watchAnswers(first.url);
    simulator.fail({ route: '*', dateSkewMs: STEP_MS });
    wall.set(STEP_MS);
    const corrected = () => first.log().find(({ msg }) => msg === 'clock.corrected');
    const told: string[] = [];
    const writeNew = async (reactor: Reactor) => {
      const chatId = randomUUID();
      await write(reactor, chatId);
      told.push(chatId);
    };
    while (corrected() === undefined) {
      await writeNew(first);
      await delay(20);
    }
    const byMs = Number(corrected()?.byMs);
    const startedAt = performance.now();
    const amid = async () => {
      await write(first, `${known}-${CHATS - 1}`); // which the correction comes to last
      await write(first, known);
      await writeNew(first);
    };
    await amid().catch(() => {}); // it may have died before
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const answers = [await stopFirst()];
    const cutAt = reachedIn(directory);
    expect(cutAt).toBeGreaterThanOrEqual(CHATS / 2);
    expect(cutAt).toBeLessThan(CHATS);
    expect(simulator.calls).toEqual([]); // sharing waits

    const second = await start();
    const stopSecond = watchAnswers(second.url);
    await write(second, `${known}-${CHATS - 2}`);
    await until(
      async () => reachedIn(directory),
      (at) => at === null,
      { tries: 60_000, everyMs: 20 },
    );
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    answers.push(await stopSecond());
    await simulator.when(() => told.every((chatId) => simulator.callsOf(chatId).length === 1));
    await second.end('SIGTERM');

    const after = rowsIn(directory);
    expect(after.length).toBeGreaterThanOrEqual(CHATS + told.length);
    expect(Math.abs(byMs - STEP_MS)).toBeLessThan(1_000);
    const wrong = before.filter(({ id, lastSharedAt, lastShareStartedAt }, index) => {
      const row = after[index];
      const at = (lastSharedAt ?? 0) + byMs;
      const isRight =
        row?.id === id &&
        row.lastSharedAt === at &&
        row.lastShareStartedAt === (lastShareStartedAt ?? 0) + byMs;
      return !isRight || row.nextAttemptAt !== at + DAY;
    });
    expect(wrong).toEqual([]);
    expect(look(directory, (sql) => sql.prepare('SELECT * FROM shifted_chats').all())).toEqual([]);
    reportReached('clock-step-many', {
      chats: CHATS,
      cutAt: cutAt ?? 0,
      seconds,
      slowestMs: Math.round(Math.max(...answers.map(({ slowestMs }) => slowestMs))),
      violations: 0,
    });
    for (const { slowestMs, tookMs } of answers)
      expect(slowestMs).toBeLessThan(Math.max(PROMPT_MS, tookMs / 4));
  },
  2 * MINUTE + CHATS,
);
