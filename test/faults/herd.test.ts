import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ShareCall } from '../../src/simulator/shares.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { openStored, type Stored } from '../helpers/database.ts';
import { LINES, type Planned } from '../helpers/deliveries.ts';
import { createWorkDir, type Settings, startReactor } from '../helpers/process.ts';
import { findBrokenPromises, groupByChat } from '../helpers/promises.ts';
import { knowChat, startSimulator } from '../helpers/rig.ts';
import { createSeeded } from '../helpers/seed.ts';
import { createPost, inParallel, type Parcel, planParcels, quantile } from '../helpers/soak-load.ts';
import { readOverview, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const CHATS = suiteCount(1_000);
const CONCURRENCY = 16;
const RATE = 60;
/** Long enough for the first share of every chat to be made within one window. */
const WINDOW_S = 8 + Math.ceil(CHATS / 300);
/** After an outage, all that is overdue is attempted in the time that the pace needs and a minute. */
const DRAIN_MS = (CHATS / (RATE * LINES.length)) * 1000 + 60_000;

/** The most that lie in any span of that length. */
function densest(instants: readonly number[], spanMs: number): number {
  const sorted = [...instants].sort((a, b) => a - b);
  let [most, from] = [0, 0];
  for (const [index, at] of sorted.entries()) {
    while ((sorted[from] ?? at) <= at - spanMs) from++;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

/** By how many places calls are off the order in which they had become due; those made side by side may be a little. */
function disorder(calls: readonly ShareCall[], dueOrder: readonly string[]): number {
  const place = new Map(dueOrder.map((chatId, index) => [chatId, index]));
  return Math.max(...calls.map(({ chatId }, index) => Math.abs(index - (place.get(chatId) ?? 0))));
}

/** How the calls of the herd were made, line by line; of each figure the worst. */
function measure(calls: readonly ShareCall[], before: Stored, after: Stored, lagMs: number) {
  const lapsed = before.attempts.toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
  const started = after.attempts.slice(CHATS);
  const ofLines = LINES.map((line) => {
    const isOurs = ({ chatId }: { readonly chatId: string }) => after.chats.get(chatId)?.line === line;
    const arrived = calls.filter(isOurs);
    const dueOrder = lapsed.filter(isOurs).map(({ chatId }) => chatId);
    const startedAt = started.filter(isOurs).map((attempt) => attempt.startedAt);
    const arrivedAt = arrived.map(({ arrivedMonotonicMs }) => arrivedMonotonicMs);
    return {
      startsPerSecond: densest(startedAt, 1_000),
      // what this process hears late comes closer together than it was sent
      callsPerSecond: densest(arrivedAt, 1_000 - lagMs),
      disorder: disorder(arrived, dueOrder),
    };
  });
  const worst = (field: keyof (typeof ofLines)[number]) => Math.max(...ofLines.map((line) => line[field]));
  return {
    startsPerSecond: worst('startsPerSecond'),
    callsPerSecond: worst('callsPerSecond'),
    disorder: worst('disorder'),
  };
}

/** Every chat gets its first share, unpaced; then the service is stopped until all windows are over. */
async function letLapse(
  simulator: Simulator,
  directory: string,
  settings: Settings,
  parcels: readonly (readonly Parcel[])[],
): Promise<Stored> {
  const reactor = await startReactor(directory, { ...settings, SHARE_RATE_PER_LINE: '0' });
  const post = createPost(() => reactor.url, 32);
  // the second of a chat's deliveries is its latest outbound message, which is on iMessage
  await inParallel(
    parcels.flatMap(([, latest]) => latest ?? []),
    32,
    post.deliver,
  );
  await post.close();
  await simulator.when(() => simulator.calls.length === CHATS);
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await delay(WINDOW_S * 1000);
  return readStored(directory);
}

function readStored(directory: string): Stored {
  const stored = openStored(directory);
  stored.close();
  return stored;
}

it(
  `works off ${CHATS} shares that are overdue at its start: each once, in order, at the pace, while it takes in more`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${CHATS} npm run test:faults -- herd`);
    const simulator = await startSimulator({ seed: seeded.seed });
    const directory = createWorkDir();
    const settings = {
      LINQ_API_BASE_URL: simulator.baseUrl,
      SHARE_WINDOW: `${WINDOW_S}s`,
      MAX_SHARES_PER_CHAT: '2',
      RESHARE_IDLE_AFTER: '0',
      WEBHOOK_RATE_LIMIT: '0',
      SHARE_CONCURRENCY: String(CONCURRENCY),
    };
    const chats = new Map<string, readonly Planned[]>();
    const parcels = Array.from({ length: CHATS }, () => planParcels(seeded, chats));
    for (const [chatId, [first]] of chats)
      knowChat(simulator, { chatId, line: first?.told.outbound?.line ?? '' });
    const before = await letLapse(simulator, directory, settings, parcels);

    const lag = monitorEventLoopDelay({ resolution: 5 });
    lag.enable();
    const startedAt = performance.now();
    const reactor = await startReactor(directory, { ...settings, SHARE_RATE_PER_LINE: String(RATE) });
    const post = createPost(() => reactor.url, 4);
    const others = seeded.shuffle(parcels.flatMap(([first, , ...rest]) => [first, ...rest])).values();
    while (simulator.calls.length < 2 * CHATS && performance.now() - startedAt < DRAIN_MS) {
      const parcel = others.next().value;
      if (parcel !== undefined) await post.deliver(parcel);
      await delay(20);
    }
    const drainMs = performance.now() - startedAt;
    lag.disable();
    await post.close();
    await until(
      async () => (await readOverview(reactor.url)).chats.byState,
      ({ done }) => done === CHATS,
    );
    expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });

    const after = readStored(directory);
    const calls = simulator.calls.slice(CHATS);
    const lagMs = Math.ceil(lag.max / 1e6);
    const measured = measure(calls, before, after, lagMs);
    const broken = findBrokenPromises(simulator.calls, after.attempts, WINDOW_S * 1000);
    const ingestP99Ms = Math.round(quantile(post.tookMs, 0.99));
    reportReached('herd', {
      seed: seeded.seed,
      overdue: CHATS,
      drainSeconds: Math.round(drainMs / 1000),
      ratePerLine: RATE,
      ...measured,
      deliveries: post.tookMs.length,
      ingestP99Ms,
      lagMs,
      violations: broken.length,
    });
    expect(drainMs).toBeLessThan(DRAIN_MS);
    expect([...groupByChat(calls).values()].map(({ length }) => length)).toEqual(Array(CHATS).fill(1));
    expect(broken).toEqual([]);
    expect(measured.startsPerSecond).toBeLessThanOrEqual(RATE);
    expect(measured.callsPerSecond).toBeLessThanOrEqual(RATE);
    expect(measured.disorder).toBeLessThanOrEqual(CONCURRENCY);
    expect([...post.answers.keys()]).toEqual([204]);
    expect(ingestP99Ms).toBeLessThan(1_000);
  },
  120_000 + WINDOW_S * 3_000 + DRAIN_MS,
);
