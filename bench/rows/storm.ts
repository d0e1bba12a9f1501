import { join } from 'node:path';
import { type Child, startChild } from '../child.ts';
import { type BenchContext, roundName } from '../context.ts';
import type { StormAnswer, StormQuestion } from '../processes/storm.ts';
import { type Result, resultOf } from '../report.ts';
import { startService } from '../service.ts';
import { median } from '../stats.ts';

const CONNECTIONS = 2_000;
/** Distinct chats that the deliveries are about. */
const CHATS = 50_000;
/** More than the service takes. */
const MAX_PER_SECOND = 5_000;
const SETTINGS = {
  WEBHOOK_RATE_LIMIT: '0',
  LINQ_LINES: '+12025550199', // none of the chats' lines: no calls, this is about the way in
};

type Storm = StormAnswer & { readonly peakRssMiB: number };

/** 2,000 connections at once, to a service that has just started: with a delivery each, and with one after another. */
export async function measureStorm(context: BenchContext): Promise<readonly Result[]> {
  const load = startChild<StormQuestion, StormAnswer | null>('storm', 'storm');
  const once: Storm[] = [];
  const again: Storm[] = [];
  const againForMs = context.isQuick ? 3_000 : 10_000;
  try {
    for (let round = 1; round <= context.rounds; round++) {
      once.push(await storm(context, load, round, 0));
      again.push(await storm(context, load, round, againForMs));
    }
  } finally {
    await load.stop();
  }
  return [
    ...resultsOf('a delivery each', once),
    ...resultsOf(`delivering for ${againForMs / 1_000} s`, again),
  ];
}

async function storm(
  { say, workDir, rounds }: BenchContext,
  load: Child<StormQuestion, StormAnswer | null>,
  round: number,
  forMs: number,
): Promise<Storm> {
  const count = CONNECTIONS + (MAX_PER_SECOND * forMs) / 1000;
  await load.ask({ kind: 'build', count, chats: CHATS, seed: round });
  const service = await startService(join(workDir, `storm-${forMs}-${round}.db`), workDir, SETTINGS);
  try {
    const answer = await load.ask({ kind: 'run', port: service.port, connections: CONNECTIONS, forMs });
    if (answer === null) throw new Error('the load gave no figures');
    const measured = { ...answer, peakRssMiB: service.peakRssMiB() };
    say(`storm: ${roundName(round, rounds)}, ${forMs / 1_000} s: ${describe(measured)}`);
    return measured;
  } finally {
    await service.stop();
  }
}

function describe(storm: Storm): string {
  const { accepted, refused, reset, closed, unanswered, p50Ms, p99Ms, p999Ms, maxMs, peakRssMiB } = storm;
  const times = [p50Ms, p99Ms, p999Ms, maxMs].map(Math.round).join(', ');
  const failed = `${refused} refused, ${reset} reset, ${closed} closed, ${unanswered} unanswered`;
  return `${accepted} accepted, ${failed}; p50, p99, p99.9, max: ${times} ms; ${Math.round(peakRssMiB)} MiB`;
}

function resultsOf(kind: string, storms: readonly Storm[]): readonly Result[] {
  const row = 'storm';
  const what = (figure: string) => `${CONNECTIONS} connections at once, ${kind}: ${figure}`;
  const failed = ({ refused, reset, closed, unanswered }: Storm) => refused + reset + closed + unanswered;
  return [
    resultOf({
      row,
      what: what('answered within, p99.9'),
      target: { atMost: 10_000 }, // then Linq gives up
      unit: 'ms',
      measured: median(storms.map(({ p999Ms }) => p999Ms)),
      details: { rounds: storms },
    }),
    resultOf({
      row,
      what: what('not accepted, in all rounds'),
      target: { atMost: 0 },
      unit: 'deliveries',
      measured: storms.reduce((sum, one) => sum + failed(one), 0),
      details: {},
    }),
    resultOf({
      row,
      what: what('memory at most'),
      target: { atMost: 300 },
      unit: 'MiB',
      measured: Math.max(...storms.map(({ peakRssMiB }) => peakRssMiB)),
      details: {},
    }),
  ];
}
