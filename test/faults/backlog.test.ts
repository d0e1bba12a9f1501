import { expect, it } from 'vitest';
import { openStored } from '../helpers/database.ts';
import type { Planned } from '../helpers/deliveries.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { findLostFacts } from '../helpers/promises.ts';
import { knowChat, startSimulator } from '../helpers/rig.ts';
import { createSeeded } from '../helpers/seed.ts';
import { createPost, inParallel, planParcels, quantile } from '../helpers/soak-load.ts';
import { readOverview, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const EVENTS = suiteCount(5_000);
const DUPLICATES = 0.2;
const CONNECTIONS = 64;

it(
  `takes in ${EVENTS} deliveries that waited for it, a fifth of them twice, and calls once for each chat`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${EVENTS} npm run test:faults -- backlog`);
    const simulator = await startSimulator({ seed: seeded.seed });
    const directory = createWorkDir();
    const chats = new Map<string, readonly Planned[]>();
    const parcels = Array.from({ length: Math.ceil(EVENTS / 4) }, () => planParcels(seeded, chats)).flat();
    for (const [chatId, [first]] of chats)
      knowChat(simulator, { chatId, line: first?.told.outbound?.line ?? '' });
    const twice = parcels.filter(() => seeded.random() < DUPLICATES);

    const reactor = await startReactor(directory, {
      LINQ_API_BASE_URL: simulator.baseUrl,
      SHARE_RATE_PER_LINE: '0',
      WEBHOOK_RATE_LIMIT: '0',
    });
    const post = createPost(() => reactor.url, CONNECTIONS);
    const before = performance.now();
    await inParallel(seeded.shuffle([...parcels, ...twice]), CONNECTIONS, post.deliver);
    const seconds = (performance.now() - before) / 1000;
    await post.close();
    await until(
      async () => (await readOverview(reactor.url)).chats,
      ({ byState }) => byState.waiting === chats.size,
      { tries: 100 + EVENTS / 20, everyMs: 100 },
    );
    expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });

    expect(Object.fromEntries(post.answers)).toEqual({ 204: parcels.length + twice.length });
    const { chats: stored, integrity, close } = openStored(directory);
    const lost = findLostFacts(chats, stored);
    expect(integrity()).toBe('ok');
    close();
    reportReached('backlog', {
      seed: seeded.seed,
      events: parcels.length,
      duplicates: twice.length,
      chats: chats.size,
      perSecond: Math.round((parcels.length + twice.length) / seconds),
      p99Ms: Math.round(quantile(post.tookMs, 0.99)),
      violations: lost.length,
    });
    expect(lost).toEqual([]);
    expect(stored.size).toBe(chats.size);
    expect(new Set(simulator.calls.map(({ chatId }) => chatId))).toEqual(new Set(chats.keys()));
    expect(simulator.calls).toHaveLength(chats.size);
  },
  120_000 + EVENTS * 20,
);
