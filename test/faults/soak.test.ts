import { expect, it } from 'vitest';
import { createSeeded } from '../helpers/seed.ts';
import { createSoak } from '../helpers/soak-run.ts';
import { peakOf, rssSlope, type Vitals } from '../helpers/soak-vitals.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const SECONDS = suiteCount(30);
const LAP_MS = Math.min(Math.max(SECONDS / 4, 6), 600) * 1000;
const FULL_DISK_MS = Math.min(LAP_MS, 60_000);
const MAX_RSS_MIB = 300;
/** Connections of the sender and to Linq, the database and what Node itself holds. */
const MAX_OPEN_FILES = 100;
const MAX_WAL_MIB = 64;
/** In a short life connections are still being made. */
const isLong = LAP_MS >= 120_000;
const INCIDENTS = ['kill', 'full disk', 'stop'] as const;

/** The most files of the first and of the last quarter of a life; what grows here would never end. */
function openFilesOf(life: readonly Vitals[]): { early: number; late: number } {
  const quarter = Math.ceil(life.length / 4);
  return {
    early: peakOf(life.slice(0, quarter), 'openFiles'),
    late: peakOf(life.slice(-quarter), 'openFiles'),
  };
}

it(
  `keeps its promises and its size through ${SECONDS} s of load, forgeries, kills, stops and a full disk`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${SECONDS} npm run test:faults -- soak`);
    const soak = await createSoak(seeded, 128 + Math.ceil(SECONDS / 30));
    const seen = { kill: 0, 'full disk': 0, stop: 0 };
    const startedAt = performance.now();
    while (performance.now() - startedAt < SECONDS * 1000) {
      await soak.load(LAP_MS);
      const incident = INCIDENTS[(seen.kill + seen['full disk'] + seen.stop) % INCIDENTS.length] ?? 'kill';
      if (incident === 'kill') await soak.restart('SIGKILL');
      else if (incident === 'stop') await soak.restart('SIGTERM');
      else await soak.fillDisk(FULL_DISK_MS);
      seen[incident]++;
    }
    await soak.load(LAP_MS);
    const broken = await soak.finish();

    const all = soak.lives.flat();
    const longest = soak.lives.toSorted((a, b) => b.length - a.length)[0] ?? [];
    const settled = longest.slice(Math.floor(longest.length / 2));
    reportReached('soak', {
      seed: seeded.seed,
      seconds: Math.round((performance.now() - startedAt) / 1000),
      kills: seen.kill,
      stops: seen.stop,
      fullDisks: seen['full disk'],
      chats: soak.chats.size,
      accepted: soak.answers.get(204),
      shed: soak.answers.get(503) ?? 0,
      forged: soak.forged.get(401) ?? 0,
      calls: soak.calls.length,
      rssMiB: Math.round(peakOf(all, 'rssMiB')),
      rssMiBPerHour: Math.round(rssSlope(settled)),
      openFiles: peakOf(all, 'openFiles'),
      walMiB: Math.round(peakOf(all, 'walMiB')),
      violations: broken.length,
    });
    expect(broken).toEqual([]);
    expect(Math.min(seen.kill, seen['full disk'])).toBeGreaterThan(0);
    expect(soak.answers.get(503)).toBeGreaterThan(0); // the disk was full
    const answers = [...soak.answers.keys()].filter((answer) => typeof answer === 'number');
    expect(answers.sort()).toEqual([204, 503]);
    expect(soak.forged.get(401)).toBeGreaterThan(0);
    expect([...soak.forged.keys()].filter((status) => ![401, 503].includes(status))).toEqual([]);
    expect(peakOf(all, 'walMiB')).toBeLessThanOrEqual(MAX_WAL_MIB);
    expect(peakOf(all, 'rssMiB')).toBeLessThan(MAX_RSS_MIB);
    expect(peakOf(all, 'openFiles')).toBeLessThan(MAX_OPEN_FILES);
    const { early, late } = openFilesOf(settled);
    expect(late).toBeLessThanOrEqual(isLong ? early + 8 : MAX_OPEN_FILES);
  },
  300_000 + SECONDS * 3_000,
);
