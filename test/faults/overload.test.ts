import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openStored } from '../helpers/database.ts';
import type { Planned } from '../helpers/deliveries.ts';
import { createWorkDir, startReactor } from '../helpers/process.ts';
import { findLostFacts } from '../helpers/promises.ts';
import { startSimulator } from '../helpers/rig.ts';
import { createSeeded } from '../helpers/seed.ts';
import { createPost, type Parcel, planParcels, quantile, scheduleIn } from '../helpers/soak-load.ts';
import { peakOf, rssSlope, watchVitals } from '../helpers/soak-vitals.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const SECONDS = suiteCount(10);
/** As if it were ten minutes of overload, and Linq's own schedule of 25. */
const SCHEDULE_MS = scheduleIn(SECONDS / 600);
/** So many deliveries are on their way at once. */
const CONNECTIONS = 1_000;
/** 120 bodies of 700 kB, all of them under way at once, are more than the 64 MiB that are taken in. */
const LARGE = { atOnce: 120, bytes: 700_000, heldMs: 5_000 };
/** Some 100 of its own, and the bodies: in pieces, whole, and what of them isn't collected yet. */
const MAX_RSS_MIB = 400;

/** Whoever comes waits until so long after the first one came, so that even a slow machine holds all of them at once. */
function createGate(heldMs: number): () => Promise<void> {
  let opening: Promise<void> | null = null;
  return () => {
    opening ??= delay(heldMs).then(() => {
      opening = null;
    });
    return opening;
  };
}

const gate = createGate(LARGE.heldMs);

/** The same event with much in it that nobody reads. */
function enlarge({ planned, body }: Parcel): Parcel {
  const padding = `,"padding":"${'x'.repeat(LARGE.bytes)}"}`;
  return { planned, body: body.slice(0, -1) + padding, beforeEnd: gate };
}

it(
  `sheds with 503 what is too much for it, ${SECONDS} s long, and has taken all of it in by Linq's last try`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${SECONDS} npm run test:faults -- overload`);
    const simulator = await startSimulator({ seed: seeded.seed });
    const directory = createWorkDir();
    const reactor = await startReactor(directory, {
      LINQ_API_BASE_URL: simulator.baseUrl,
      LINQ_LINES: '+12025550199', // none of the chats' lines: this is about the way in
      WEBHOOK_RATE_LIMIT: '0',
    });
    const vitals = watchVitals(reactor.pid, directory);
    const chats = new Map<string, readonly Planned[]>();
    const post = createPost(() => reactor.url, CONNECTIONS, SCHEDULE_MS);
    let isOver = false;

    const press = async (change: (parcel: Parcel) => Parcel) => {
      while (!isOver) for (const parcel of planParcels(seeded, chats)) await post.deliver(change(parcel));
    };
    const pressing = [
      ...Array.from({ length: CONNECTIONS - LARGE.atOnce }, () => press((parcel) => parcel)),
      ...Array.from({ length: LARGE.atOnce }, () => press(enlarge)),
    ];
    await delay(SECONDS * 1000);
    isOver = true;
    await Promise.all(pressing);
    await post.close();
    const seen = vitals.stop();
    expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });

    const { chats: stored, integrity, close } = openStored(directory);
    const lost = findLostFacts(chats, stored);
    expect(integrity()).toBe('ok');
    close();
    const late = [...chats.values()].flat().filter(({ state }) => state !== 'acked');
    reportReached('overload', {
      seed: seeded.seed,
      seconds: SECONDS,
      accepted: post.answers.get(204),
      shed: post.answers.get(503) ?? 0,
      unanswered: [...post.answers].reduce(
        (sum, [one, count]) => sum + (typeof one === 'string' ? count : 0),
        0,
      ),
      p99Ms: Math.round(quantile(post.tookMs, 0.99)),
      rssMiB: Math.round(peakOf(seen, 'rssMiB')),
      rssMiBPerHour: Math.round(rssSlope(seen.slice(seen.length / 2))),
      violations: lost.length + late.length,
    });
    const answers = [...post.answers.keys()].filter((answer) => typeof answer === 'number');
    expect(answers.sort()).toEqual([204, 503]);
    expect(late).toEqual([]);
    expect(lost).toEqual([]);
    expect(peakOf(seen, 'rssMiB')).toBeLessThan(MAX_RSS_MIB);
  },
  120_000 + SECONDS * 2_000,
);
