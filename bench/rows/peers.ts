import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from '../child.ts';
import { type BenchContext, roundName } from '../context.ts';
import type { PeerQuestion, PeerRate } from '../peer.ts';
import type { ApiStubAnswer, ApiStubQuestion } from '../processes/api-stub.ts';
import type { BareLoopQuestion } from '../processes/bare-loop.ts';
import type { SharerAnswer, SharerQuestion } from '../processes/sharer.ts';
import { describeRate, type Rate } from '../rate.ts';
import { type Result, resultOf } from '../report.ts';
import { startPostgres, startRedis } from '../servers.ts';
import { CONCURRENCY } from '../settings.ts';
import { median } from '../stats.ts';

const BARE = 'bare loop';
const OURS = 'this program';
const BULLMQ = 'BullMQ';

const graphileWorker = (fetchAtOnce: number) => ({
  name: `graphile-worker, ${fetchAtOnce} at once`,
  script: 'graphile-worker',
  fetchAtOnce,
  needs: "PostgreSQL's initdb and postgres",
  startServer: startPostgres,
});

/** The job queues that make the same calls, each with a server of its own. */
const PEERS = [
  { name: BULLMQ, script: 'bullmq', fetchAtOnce: 1, needs: 'redis-server', startServer: startRedis },
  graphileWorker(CONCURRENCY + 1), // what its release notes recommend
  graphileWorker(500), // what its performance page has
];

const LEAD_IN = 500;

interface Side {
  readonly name: string;
  drain(seed: number): Promise<PeerRate>;
}

/** What every side measured, by its name. */
type Round = ReadonlyMap<string, PeerRate>;

/** Share calls per second, every outcome durable: this program beside job queues, in alternating rounds of one run. */
export async function measurePeers(context: BenchContext): Promise<readonly Result[]> {
  const { say, rounds } = context;
  const stops: (() => Promise<void>)[] = [];
  try {
    const sides = await openSides(context, stops);
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      const rates = await drainAll(sides, round);
      say(`peers: ${roundName(round, rounds)}: ${describe(rates)}`);
      if (round > 0) measured.push(rates);
    }
    return resultsOf(measured);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** @param stops gets what ends each process, also when a later one fails to start */
async function openSides(context: BenchContext, stops: (() => Promise<void>)[]): Promise<readonly Side[]> {
  const { say, isQuick, workDir } = context;
  const count = isQuick ? 4_000 : 10_000;
  const start = <Question, Answer>(script: string): Child<Question, Answer> => {
    const child = startChild<Question, Answer>(script, `peers-${script}`);
    stops.push(child.stop);
    return child;
  };
  const api = start<ApiStubQuestion, ApiStubAnswer>('api-stub');
  const apiUrl = `http://127.0.0.1:${(await api.ask({ kind: 'listen' })).port}`;
  const bare = start<BareLoopQuestion, Rate>('bare-loop');
  const sharer = start<SharerQuestion, SharerAnswer>('sharer');
  await sharer.ask({ kind: 'open', database: { path: join(workDir, 'peers.db') }, apiUrl });
  const sides: Side[] = [
    { name: BARE, drain: async () => withoutServer(await bare.ask({ apiUrl, count, leadIn: LEAD_IN })) },
    {
      name: OURS,
      drain: async (seed) =>
        withoutServer((await sharer.ask({ kind: 'drain', count, leadIn: LEAD_IN, seed })).rate),
    },
  ];
  for (const { name, script, fetchAtOnce, needs, startServer } of PEERS) {
    const server = existsSync('/proc/self/stat') ? await startServer() : null;
    if (server === null) {
      say(`peers: ${name} is skipped, because ${needs} isn't installed or this system has no /proc.`);
      continue;
    }
    stops.push(server.stop);
    const peer = start<PeerQuestion, PeerRate | null>(script);
    const { socketDir, pid: serverPid } = server;
    await peer.ask({ kind: 'open', apiUrl, socketDir, serverPid, fetchAtOnce });
    const drain = (seed: number) => peer.ask({ kind: 'drain', count, leadIn: LEAD_IN, seed });
    sides.push({ name, drain: async (seed) => given(await drain(seed)) });
  }
  return sides;
}

function given<Figures>(figures: Figures | null): Figures {
  if (figures === null) throw new Error('a side gave no figures');
  return figures;
}

function withoutServer(rate: Rate | null): PeerRate {
  return { ...given(rate), serverCpuMicros: 0 };
}

/** Every side once; each round begins with another side. */
async function drainAll(sides: readonly Side[], round: number): Promise<Round> {
  const first = round % sides.length;
  const rates = new Map<string, PeerRate>();
  for (const { name, drain } of [...sides.slice(first), ...sides.slice(0, first)]) {
    rates.set(name, await drain(round));
  }
  return rates;
}

function describe(rates: Round): string {
  return [...rates].map(([name, rate]) => `${name} ${describeRate(rate)}`).join(', ');
}

function resultsOf(rounds: readonly Round[]): readonly Result[] {
  const names = [BARE, OURS, ...PEERS.map(({ name }) => name)].filter((name) => rounds[0]?.has(name));
  const details = { rounds: rounds.map((rates) => Object.fromEntries(rates)) };
  const results = [
    resultOf({
      row: 'peers',
      what: 'share calls/s with durable outcomes, to a bare undici loop',
      target: { atLeast: 0.6 },
      unit: 'ratio',
      measured: ratioOf(rounds, OURS, BARE),
      details,
      table: tableOf(rounds, names),
    }),
  ];
  if (!names.includes(BULLMQ)) return results;
  return [
    ...results,
    resultOf({
      row: 'peers',
      what: 'share calls/s with durable outcomes, to BullMQ',
      target: { atLeast: 1.5 },
      unit: 'ratio',
      measured: ratioOf(rounds, OURS, BULLMQ),
      details: {},
    }),
  ];
}

const HEAD = ['side', 'calls/s', 'to bare', 'to ours', 'µs CPU a call', 'with its server'];

/** Medians of all rounds; ratios are taken round by round. */
function tableOf(rounds: readonly Round[], names: readonly string[]): readonly (readonly string[])[] {
  const rows = names.map((name) => {
    const middle = (figure: (rate: PeerRate) => number) =>
      median(rounds.flatMap((rates) => rates.get(name) ?? []).map(figure)).toFixed(0);
    return [
      name,
      middle(({ perSecond }) => perSecond),
      ratioOf(rounds, name, BARE).toFixed(2),
      ratioOf(rounds, name, OURS).toFixed(2),
      middle(({ cpuMicros }) => cpuMicros),
      middle(({ cpuMicros, serverCpuMicros }) => cpuMicros + serverCpuMicros),
    ];
  });
  return [HEAD, ...rows];
}

function ratioOf(rounds: readonly Round[], name: string, other: string): number {
  const perSecond = (rates: Round, of: string) => rates.get(of)?.perSecond ?? Number.NaN;
  return median(rounds.map((rates) => perSecond(rates, name) / perSecond(rates, other)));
}
