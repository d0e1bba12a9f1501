import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from '../child.ts';
import type { BenchContext } from '../context.ts';
import type { Database } from '../open-store.ts';
import type { ApiStubAnswer, ApiStubQuestion } from '../processes/api-stub.ts';
import type { SharerAnswer, SharerQuestion } from '../processes/sharer.ts';
import { type Result, resultOf } from '../report.ts';
import { percentile } from '../stats.ts';

/** Windows that lapse per second, at random instants. */
const PER_SECOND = 200;
const MAKING_MS_PER_CHAT = 5;
const POLL_MS = 250;
const GIVE_UP_MS = 30_000;

/** How much later than its window's lapse a chat's share call arrives at the API. */
export async function measureLateness(context: BenchContext): Promise<readonly Result[]> {
  const details = await latenessWith({ path: join(context.workDir, 'lateness.db') }, context);
  return [
    resultOf({
      row: 'lateness',
      what: "a due chat's call starts late by, p99",
      target: { atMost: 100 },
      unit: 'ms',
      measured: details.p99Ms,
      details,
    }),
  ];
}

export interface Lateness {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export async function latenessWith(
  database: Database,
  { say, isQuick }: Pick<BenchContext, 'say' | 'isQuick'>,
): Promise<Lateness> {
  const overMs = isQuick ? 5_000 : 15_000;
  const count = (PER_SECOND * overMs) / 1000;
  const api = startChild<ApiStubQuestion, ApiStubAnswer>('api-stub', 'api-stub-lateness');
  const sharer = startChild<SharerQuestion, SharerAnswer>('sharer', 'sharer-lateness');
  try {
    const apiUrl = `http://127.0.0.1:${(await api.ask({ kind: 'listen' })).port}`;
    await sharer.ask({ kind: 'open', database, apiUrl });
    await api.ask({ kind: 'watch' });
    const fromMs = 2_000 + count * MAKING_MS_PER_CHAT;
    const { lapses } = await sharer.ask({ kind: 'lapse', count, fromMs, overMs });
    say(`lateness: ${count} windows lapse over ${overMs / 1000} s`);
    const arrivals = await arrivalsOf(api, count, fromMs + overMs);
    const late = lapses.map(
      ([chatId, lapsesAt]) => (arrivals.get(chatId) ?? Number.POSITIVE_INFINITY) - lapsesAt,
    );
    const earliest = Math.min(...late);
    if (earliest < 0) throw new Error(`a call was made ${-earliest} ms before its window's lapse`);
    const details = {
      count,
      p50Ms: percentile(late, 0.5),
      p99Ms: percentile(late, 0.99),
      maxMs: Math.max(...late),
    };
    say(`lateness: p50 ${details.p50Ms} ms, p99 ${details.p99Ms} ms, max ${details.maxMs} ms`);
    return details;
  } finally {
    await Promise.all([sharer.stop(), api.stop()]);
  }
}

async function arrivalsOf(
  api: Child<ApiStubQuestion, ApiStubAnswer>,
  count: number,
  expectedMs: number,
): Promise<ReadonlyMap<string, number>> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    await delay(POLL_MS);
    const { arrivals } = await api.ask({ kind: 'arrivals' });
    if (arrivals.length >= count) return new Map(arrivals);
    if (waitedMs > expectedMs + GIVE_UP_MS)
      throw new Error(`only ${arrivals.length} of ${count} calls were made`);
  }
}
