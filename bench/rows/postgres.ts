import { join } from 'node:path';
import pg from 'pg';
import type { Settlement, Turn } from '../../src/store/turn.ts';
import { type Child, startChild } from '../child.ts';
import { type BenchContext, roundName } from '../context.ts';
import { outboundEvents } from '../events.ts';
import { type Database, openStore } from '../open-store.ts';
import { manyChats } from '../postgres-chats.ts';
import type { LoadAnswer, LoadQuestion } from '../processes/load.ts';
import type { WebhookServerQuestion } from '../processes/webhook-server.ts';
import { loadProgram } from '../program.ts';
import { type Result, resultOf } from '../report.ts';
import { startPostgres } from '../servers.ts';
import { startService } from '../service.ts';
import { LINES } from '../settings.ts';
import { median, percentile } from '../stats.ts';
import { askStatus, type Load, SETTINGS, STEADY_PER_SECOND } from './chats.ts';
import { latenessWith } from './lateness.ts';

/** PostgreSQL as its package sets it up, on this machine, beside SQLite. Nothing when it isn't installed. */
export async function measurePostgres(context: BenchContext): Promise<readonly Result[]> {
  const server = await startPostgres();
  if (server === null) {
    context.say("postgres: skipped, PostgreSQL's initdb and postgres aren't installed");
    return [];
  }
  const url = `postgres:///postgres?host=${encodeURIComponent(server.socketDir)}&user=bench`;
  try {
    return [
      ...(await measureReceiving(context, url)),
      ...(await measureSnapshot(context, url)),
      ...(await measureLapses(context, url)),
      ...(await measureMany(context, url)),
    ];
  } finally {
    await server.stop();
  }
}

const SIDES = {
  sqlite: { kind: 'committing', replicas: 1 },
  one: { kind: 'committing', replicas: 1 },
  'per-request': { kind: 'per-request', replicas: 1 },
  three: { kind: 'committing', replicas: 3 },
} as const;
type SideName = keyof typeof SIDES;
const NAMES = Object.keys(SIDES) as readonly SideName[];

const CHATS = 50_000;
const LEAD_IN_MS = 100;
const MEASURE_MS = 800;
const WARM_UP_MS = 2_500;
/** More than any side takes in the time. */
const MAX_PER_SECOND = 20_000;

interface Figures {
  readonly perSecond: number;
  readonly p99Ms: number;
}
type Round = Readonly<Record<SideName, Figures>>;
type Server = Child<WebhookServerQuestion, number>;

/** Deliveries committed per second: SQLite, one replica, one commit per delivery, and three replicas at once. */
async function measureReceiving(context: BenchContext, url: string): Promise<readonly Result[]> {
  const { say, workDir } = context;
  const rounds = context.rounds * 2;
  const loads = [0, 1, 2].map((n): Load => startChild<LoadQuestion, LoadAnswer | null>('load', `load-${n}`));
  const servers: Server[] = [];
  try {
    const ports = new Map<SideName, readonly number[]>();
    for (const name of NAMES) {
      const { kind, replicas } = SIDES[name];
      const database: Database =
        name === 'sqlite' ? { path: join(workDir, 'postgres.db') } : { url, schema: name.replace('-', '_') };
      const ofSide: number[] = [];
      for (let n = 0; n < replicas; n++) {
        const child: Server = startChild('webhook-server', `${name}-${n}`);
        servers.push(child);
        ofSide.push(await child.ask({ ask: 'listen', kind, database }));
      }
      ports.set(name, ofSide);
    }
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      const sides = new Map<SideName, Figures>();
      for (let n = 0; n < NAMES.length; n++) {
        const name = NAMES[(round + n) % NAMES.length] ?? 'one';
        const seed = (round * NAMES.length + n) * loads.length;
        const measureMs = round === 0 ? WARM_UP_MS : MEASURE_MS;
        sides.set(name, await receive(loads, ports.get(name) ?? [], seed, measureMs));
      }
      const figures = Object.fromEntries(sides) as Round;
      const shown = NAMES.map((name) => `${name} ${Math.round(figures[name].perSecond)}/s`);
      say(`postgres: ${roundName(round, rounds)}: ${shown.join(', ')}`);
      if (round > 0) measured.push(figures);
    }
    return receivingResults(measured);
  } finally {
    await Promise.all([...loads, ...servers].map((child) => child.stop()));
  }
}

/** Each replica gets a load of its own, at the same time. */
async function receive(
  loads: readonly Load[],
  ports: readonly number[],
  seed: number,
  measureMs: number,
): Promise<Figures> {
  const count = (MAX_PER_SECOND * (LEAD_IN_MS + measureMs)) / 1000;
  const pairs = loads
    .slice(0, ports.length)
    .map((load, n) => ({ load, port: ports[n] ?? 0, seed: seed + n }));
  for (const one of pairs) await one.load.ask({ kind: 'build', count, chats: CHATS, seed: one.seed });
  const answers = await Promise.all(
    pairs.map(({ load, port }) => load.ask({ kind: 'run', port, leadInMs: LEAD_IN_MS, measureMs })),
  );
  const known = answers.filter((answer) => answer !== null);
  if (known.length < ports.length) throw new Error('the load gave no figures');
  return {
    perSecond: known.reduce((sum, { perSecond }) => sum + perSecond, 0),
    p99Ms: Math.max(...known.map(({ p99Ms }) => p99Ms)),
  };
}

function receivingResults(rounds: readonly Round[]): readonly Result[] {
  const ratio = (one: SideName, other: SideName) =>
    median(rounds.map((round) => round[one].perSecond / round[other].perSecond));
  const middle = (name: SideName, figure: keyof Figures) =>
    median(rounds.map((round) => round[name][figure]));
  return [
    resultOf({
      row: 'postgres',
      what: 'deliveries committed/s on PostgreSQL, to SQLite',
      target: { atLeast: 0.3 },
      unit: 'ratio',
      measured: ratio('one', 'sqlite'),
      details: { rounds },
      table: [
        ['receiving', 'deliveries/s', 'to one replica', 'p99, saturated'],
        ...NAMES.map((name) => [
          name,
          String(Math.round(middle(name, 'perSecond'))),
          ratio(name, 'one').toFixed(2),
          `${Math.ceil(middle(name, 'p99Ms'))} ms`,
        ]),
      ],
    }),
    resultOf({
      row: 'postgres',
      what: 'deliveries committed/s on PostgreSQL, to one commit per delivery',
      target: { atLeast: 4 },
      unit: 'ratio',
      measured: ratio('one', 'per-request'),
      details: {},
    }),
  ];
}

const NO_TURN: Omit<Turn, 'claim' | 'settlements'> = {
  holds: [],
  endedHolds: [],
  cards: [],
  cleared: [],
  undone: [],
};
const AT_ONCE = 16;

/** What claims take when an old snapshot keeps dead entries in front of the queue: the last tenth, to the first. */
async function measureSnapshot({ say, isQuick }: BenchContext, url: string): Promise<readonly Result[]> {
  const program = await loadProgram();
  const store = await openStore(program, { url, schema: 'snapshot' });
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  try {
    const line = LINES[0] ?? '';
    const events = outboundEvents((isQuick ? 4_000 : 20_000) * LINES.length, 'snapshot', Date.now());
    const due = events.filter(({ outbound }) => outbound?.line === line);
    for (let from = 0; from < due.length; from += 1_000)
      await store.record(due.slice(from, from + 1_000), Date.now());
    await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await holder.query('SELECT count(*) FROM snapshot.chats');
    const tookMs: number[] = [];
    let settlements: Settlement[] = [];
    for (let claimed = 0; ; ) {
      const now = Date.now();
      const claim = { lines: [{ line, limit: AT_ONCE }], total: AT_ONCE, leaseUntil: now + 60_000 };
      const startedAt = performance.now();
      const { claims } = await store.turn({ ...NO_TURN, settlements, claim }, now);
      tookMs.push(performance.now() - startedAt);
      settlements = claims.map((one) => ({ claim: one, endedAt: now, result: SHARED }));
      claimed += claims.length;
      if (claims.length === 0) {
        if (claimed !== due.length) throw new Error(`claimed ${claimed} of ${due.length} chats`);
        break;
      }
    }
    const tenth = Math.floor(tookMs.length / 10);
    const [first, last] = [median(tookMs.slice(0, tenth)), median(tookMs.slice(-tenth))];
    say(
      `postgres: old snapshot: a turn takes ${first.toFixed(1)} ms, after ${due.length} claims ${last.toFixed(1)} ms`,
    );
    return [
      resultOf({
        row: 'postgres',
        what: `a turn after ${due.length.toLocaleString('en')} claims, an old snapshot held, to the first`,
        target: { atMost: 2 },
        unit: 'ratio',
        measured: last / first,
        details: { turns: tookMs.length, firstMs: first, lastMs: last },
      }),
    ];
  } finally {
    await holder.end();
    await store.close();
  }
}

const SHARED = {
  kind: 'verdict',
  verdict: { kind: 'shared' },
  httpStatus: 204,
  linqCode: null,
  traceId: null,
  random: 0,
} as const;

async function measureLapses(context: BenchContext, url: string): Promise<readonly Result[]> {
  const ofSqlite = await latenessWith({ path: join(context.workDir, 'postgres-lateness.db') }, context);
  const details = await latenessWith({ url, schema: 'lateness' }, context);
  return [
    resultOf({
      row: 'postgres',
      what: "a due chat's call starts late by, p99",
      target: { atMost: 100 },
      unit: 'ms',
      measured: details.p99Ms,
      details: { postgres: details, sqlite: ofSqlite },
    }),
  ];
}

/** The built program over many chats: `GET /status` and deliveries, at a steady pace. */
async function measureMany(context: BenchContext, url: string): Promise<readonly Result[]> {
  const { say, rounds, chats, workDir } = context;
  const schema = 'many';
  await manyChats({ url, schema, chats, say });
  const load: Load = startChild<LoadQuestion, LoadAnswer | null>('load', 'load-many');
  const settings = { ...SETTINGS, DATABASE_URL: url, DATABASE_SCHEMA: schema };
  const service = await startService('', workDir, settings);
  try {
    const statusMs: number[] = [];
    const deliveryP99: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const { tookMs, deliveries } = await askStatus(load, { service, chats }, round);
      say(
        `postgres: ${chats} chats: ${roundName(round, rounds)}: /status p99 ${Math.ceil(percentile(tookMs, 0.99))} ms, ` +
          `a delivery p99 ${Math.ceil(deliveries.p99Ms)} ms at ${Math.round(deliveries.perSecond)}/s`,
      );
      if (round === 0) continue;
      statusMs.push(...tookMs);
      deliveryP99.push(deliveries.p99Ms);
    }
    const where = `${chats.toLocaleString('en')} chats and ${STEADY_PER_SECOND} deliveries/s`;
    return [
      resultOf({
        row: 'postgres',
        what: `a delivery with ${where}, p99`,
        target: { atMost: 100 },
        unit: 'ms',
        measured: median(deliveryP99),
        details: { rounds: deliveryP99 },
      }),
      resultOf({
        row: 'postgres',
        what: `GET /status with ${where}, p99`,
        target: { atMost: 25 },
        unit: 'ms',
        measured: percentile(statusMs, 0.99),
        details: { asked: statusMs.length, p50Ms: percentile(statusMs, 0.5), maxMs: Math.max(...statusMs) },
      }),
    ];
  } finally {
    await Promise.all([service.stop(), load.stop()]);
  }
}
