import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { syncPath } from '../../src/store/sqlite/files.ts';
import { chatsDatabase } from '../chats-database.ts';
import { type Child, startChild } from '../child.ts';
import { type BenchContext, roundName } from '../context.ts';
import type { LoadAnswer, LoadQuestion } from '../processes/load.ts';
import { type Result, resultOf } from '../report.ts';
import { type Service, startService } from '../service.ts';
import { median, percentile } from '../stats.ts';

const LEAD_IN_MS = 300;
const MEASURE_MS = 2_000;
const WARM_UP_MS = 4_000;
/** More than any side takes in the time. */
const MAX_PER_SECOND = 20_000;
/** As in the row `ingest`: distinct chats of the database that begins empty. */
const CHATS_OF_EMPTY = 50_000;
/** Deliveries a second while /status is asked. */
export const STEADY_PER_SECOND = 1_000;
const STATUS_EVERY_MS = 20;
const TOKEN = 'a-token-of-the-bench';
export const SETTINGS = { WEBHOOK_RATE_LIMIT: '0', STATUS_TOKEN: TOKEN, LOG_LEVEL: 'warn' };

export type Load = Child<LoadQuestion, LoadAnswer | null>;

export interface Side {
  readonly service: Pick<Service, 'port'>;
  readonly chats: number;
}

interface Figures {
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** Deliveries per second and `GET /status`, with many chats against an empty database. The built program, as it is run. */
export async function measureChats(context: BenchContext): Promise<readonly Result[]> {
  const { say, rounds, chats, cacheDir, workDir } = context;
  const databasePath = join(workDir, 'many-chats.db');
  copyFileSync(await chatsDatabase(cacheDir, chats, say), databasePath);
  syncPath(databasePath); // else the system writes gigabytes to the disk during the rounds
  const load: Load = startChild('load', 'load');
  const sides: (Side & { readonly service: Service })[] = [];
  try {
    const emptyPath = join(workDir, 'empty.db');
    sides.push({ service: await startService(emptyPath, workDir, SETTINGS), chats: CHATS_OF_EMPTY });
    sides.push({ service: await startService(databasePath, workDir, SETTINGS), chats });
    const [empty, many] = sides as unknown as [Side, Side];
    const measured: { readonly empty: Figures; readonly many: Figures }[] = [];
    const statusMs = { empty: [] as number[], many: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
      const measureMs = round === 0 ? WARM_UP_MS : MEASURE_MS;
      const receive = (side: Side) => drive(load, side, { seed: 2 * round, measureMs });
      const before = round % 2 === 0 ? await receive(empty) : null;
      const ofMany = await receive(many);
      const figures = { empty: before ?? (await receive(empty)), many: ofMany };
      const ask = async (side: Side) => (await askStatus(load, side, 2 * round + 1)).tookMs;
      const tookBefore = round % 2 === 0 ? await ask(empty) : null;
      const tookOfMany = await ask(many);
      const took = { empty: tookBefore ?? (await ask(empty)), many: tookOfMany };
      say(
        `chats: ${roundName(round, rounds)}: ${Math.round(ofMany.perSecond)}/s with ${chats} chats, ` +
          `${Math.round(figures.empty.perSecond)}/s begun empty; ` +
          `/status p99 ${Math.ceil(percentile(took.many, 0.99))} and ${Math.ceil(percentile(took.empty, 0.99))} ms`,
      );
      if (round === 0) continue;
      measured.push(figures);
      statusMs.empty.push(...took.empty);
      statusMs.many.push(...took.many);
    }
    const number = chats.toLocaleString('en');
    return [
      resultOf({
        row: 'chats',
        what: `deliveries committed/s with ${number} chats, to an empty database`,
        target: { atLeast: chats > 1_000_000 ? 0.6 : 0.8 },
        unit: 'ratio',
        measured: median(measured.map((round) => round.many.perSecond / round.empty.perSecond)),
        details: { rounds: measured },
      }),
      resultOf({
        row: 'chats',
        what: `GET /status with ${number} chats and ${STEADY_PER_SECOND} deliveries/s, p99`,
        target: { atMost: chats > 1_000_000 ? 25 : 10 },
        unit: 'ms',
        measured: percentile(statusMs.many, 0.99),
        details: statusMs,
        table: [
          ['GET /status', 'p50', 'p99', 'slowest'],
          statusRow(`with ${number} chats`, statusMs.many),
          statusRow('begun empty', statusMs.empty),
        ],
      }),
    ];
  } finally {
    await Promise.all([...sides.map(({ service }) => service.stop()), load.stop()]);
  }
}

/** The disk alone may make both slow: their difference is due to the chats. */
function statusRow(name: string, tookMs: readonly number[]): readonly string[] {
  const figures = [percentile(tookMs, 0.5), percentile(tookMs, 0.99), Math.max(...tookMs)];
  return [name, ...figures.map((ms) => `${Math.ceil(ms)} ms`)];
}

interface Drive {
  readonly seed: number;
  readonly measureMs: number;
  readonly perSecond?: number;
}

async function drive(load: Load, side: Side, options: Drive): Promise<LoadAnswer> {
  await build(load, side, options);
  return run(load, side, options);
}

async function build(load: Load, { chats }: Side, { seed, measureMs, perSecond }: Drive): Promise<void> {
  const count = ((perSecond ?? MAX_PER_SECOND) * (LEAD_IN_MS + measureMs)) / 1000;
  await load.ask({ kind: 'build', count, chats, seed });
}

async function run(load: Load, { service }: Side, { measureMs, perSecond }: Drive): Promise<LoadAnswer> {
  const paced = perSecond === undefined ? {} : { perSecond };
  const { port } = service;
  const answer = await load.ask({ kind: 'run', port, leadInMs: LEAD_IN_MS, measureMs, ...paced });
  if (answer === null) throw new Error('the load gave no figures');
  return answer;
}

/** How long each answer of /status took while deliveries came in, and how these were answered. */
export async function askStatus(
  load: Load,
  side: Side,
  seed: number,
): Promise<{ readonly tookMs: readonly number[]; readonly deliveries: LoadAnswer }> {
  const options = { seed, measureMs: MEASURE_MS, perSecond: STEADY_PER_SECOND };
  await build(load, side, options);
  let isOver = false;
  const driven = run(load, side, options).finally(() => {
    isOver = true;
  });
  const tookMs: number[] = [];
  while (!isOver) {
    const askedAt = performance.now();
    const { statusCode, body } = await request(`http://127.0.0.1:${side.service.port}/status`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    await body.text();
    if (statusCode !== 200) throw new Error(`GET /status answered ${statusCode}`);
    tookMs.push(performance.now() - askedAt);
    await delay(STATUS_EVERY_MS);
  }
  return { tookMs, deliveries: await driven };
}
