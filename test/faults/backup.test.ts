import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readMigrations } from '../../src/store/sqlite/migrate.ts';
import { DATABASE_PATH, openStored } from '../helpers/database.ts';
import type { Planned } from '../helpers/deliveries.ts';
import type { Load } from '../helpers/load.ts';
import { createWorkDir, type Reactor, startReactor } from '../helpers/process.ts';
import { findLostFacts } from '../helpers/promises.ts';
import { writeReleased } from '../helpers/released-database.ts';
import { createSeeded, type Seeded } from '../helpers/seed.ts';
import { ask, isReady, readOverview, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { createTrial, type Trial } from '../helpers/trial.ts';
import { askVerb } from '../helpers/verb.ts';
import { mountVolume } from '../helpers/volume.ts';

const ROUNDS = suiteCount(1);
const RERUN = `SUITE_COUNT=${ROUNDS} npm run test:faults -- backup`;
const WINDOW_SECONDS = 5;
const BACKUPS = 'data/backups';

type Acked = ReadonlySet<Planned>;

/** What had been answered by now. */
const ackedBy = ({ chats }: Load): Acked =>
  new Set([...chats.values()].flat().filter(({ state }) => state === 'acked'));

/** The deliveries as a copy that was begun when those were acked may have them: these in any case, others perhaps. */
function seenFrom(acked: Acked, { chats }: Load): Map<string, Planned[]> {
  const seen = (one: Planned): Planned => {
    if (acked.has(one)) return { ...one, state: 'acked' };
    return one.state === 'unsent' ? one : { ...one, state: 'sent' };
  };
  return new Map([...chats].map(([chatId, planned]) => [chatId, planned.map(seen)]));
}

/** Looks into a copy of the backup: every fact that was acked when it was begun is in it. */
function expectComplete(file: string, acked: Acked, load: Load): { chats: number } {
  const directory = createWorkDir();
  mkdirSync(dirname(join(directory, DATABASE_PATH)));
  copyFileSync(file, join(directory, DATABASE_PATH));
  const stored = openStored(directory);
  expect(stored.integrity()).toBe('ok');
  expect(findLostFacts(seenFrom(acked, load), stored.chats)).toEqual([]);
  stored.close();
  return { chats: stored.chats.size };
}

/** Takes down again and again what is acked, to tell later what was at a given time. */
function watchAcked(load: Load): { at: (time: number) => Acked; stop: () => void } {
  const seen: { time: number; acked: Acked }[] = [];
  const timer = setInterval(() => void seen.push({ time: Date.now(), acked: ackedBy(load) }), 50);
  return {
    at: (time) => seen.findLast((one) => one.time < time)?.acked ?? new Set(),
    stop: () => clearInterval(timer),
  };
}

/** The backups that the service made by itself: where, and when each was begun. */
const madeBy = ({ log }: Reactor) =>
  log()
    .filter(({ msg }) => msg === 'backup.made')
    .map(({ file, time, tookMs }) => ({ file: String(file), begunAt: Number(time) - Number(tookMs) }));

/** Backs up by verb and by itself under load, and is killed while it copies. */
async function backUpUnderLoad(seeded: Seeded, { load, directory, settings }: Trial) {
  const reactor = await startReactor(directory, { ...settings, BACKUP_EVERY: '1s', BACKUP_KEEP: '100' });
  const watched = watchAcked(load);
  const run = load.run(reactor.url);
  await until(
    async () => ackedBy(load).size,
    (count) => count > 50,
  );
  await delay(seeded.between(0, 1_000));
  const acked = ackedBy(load);
  const told = await askVerb<{ chats: number }>(directory, ['backup', 'kept.db', '--force']);
  expect(expectComplete(join(directory, 'kept.db'), acked, load)).toEqual({ chats: told.chats });
  await until(
    async () => madeBy(reactor).length,
    (count) => count >= 2,
  );
  const partial = async () => existsSync(join(directory, BACKUPS, 'reactor.partial'));
  await until(partial, Boolean, { tries: 5_000, everyMs: 1 });
  await delay(seeded.between(0, 150));
  await reactor.end('SIGKILL');
  await run.ended;
  watched.stop();
  const made = madeBy(reactor);
  for (const { file, begunAt } of made) expectComplete(join(directory, file), watched.at(begunAt), load);
  return { chats: told.chats, acked: acked.size, byItself: made.length };
}

/** Restores, and looks on for a window: nobody gets a call before, and then it goes on. */
async function restoreAndWait({ simulator, load, directory, settings, windowMs }: Trial): Promise<void> {
  const { restoredAt } = await askVerb<{ restoredAt: string }>(directory, ['restore', 'kept.db'], settings);
  const from = Date.parse(restoredAt);
  const callsBefore = simulator.calls.length;
  const reactor = await startReactor(directory, { ...settings, BACKUP_EVERY: '1s', BACKUP_KEEP: '3' });
  await load.finish(reactor.url);
  await simulator.when(() => simulator.calls.length > callsBefore);
  const first = simulator.calls[callsBefore];
  expect(first?.arrivedAt).toBeGreaterThanOrEqual(from + windowMs);
  await until(
    async () => madeBy(reactor).length,
    (count) => count > 0,
  );
  await until(
    async () => (await readOverview(reactor.url)).problems,
    (problems) => problems.every(({ code }) => code !== 'backup_stale'),
  );
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const left = readdirSync(join(directory, BACKUPS));
  expect(left.filter((name) => !/^reactor-[\dTZ-]+\.db$/.test(name))).toEqual([]); // nothing half made
  expect(left).toHaveLength(3);
}

it(
  `a backup made under load has all that was acked before, and restored greets nobody for a window, ${ROUNDS} times`,
  async () => {
    const seeded = createSeeded(RERUN);
    const reached = { backups: 0, chats: 0, acked: 0, kills: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const trial = await createTrial({ seeded, windowSeconds: WINDOW_SECONDS, chatsPerRun: 300 });
      const { chats, acked, byItself } = await backUpUnderLoad(seeded, trial);
      await restoreAndWait(trial);
      reached.backups += 1 + byItself;
      reached.chats += chats;
      reached.acked += acked;
      reached.kills += 1;
    }
    reportReached('backup', { seed: seeded.seed, rounds: ROUNDS, ...reached, violations: 0 });
  },
  60_000 + ROUNDS * 60_000,
);

it('a backup that finds no space fails with a sentence, leaves nothing, and the service goes on', async () => {
  const seeded = createSeeded(RERUN);
  const { load, directory, settings } = await createTrial({ seeded });
  writeReleased(directory, readMigrations(), seeded, 8_000);
  const volume = mountVolume(join(directory, BACKUPS), 1);
  const reactor = await startReactor(directory, { ...settings, BACKUP_EVERY: '1h' });
  const failed = async () => reactor.log().find(({ msg }) => msg === 'backup.failed');
  const line = await until(failed, (found) => found !== undefined);
  expect(JSON.stringify(line)).toMatch(/there is no space left for the copy in data\/backups/);
  expect(readdirSync(join(directory, BACKUPS))).toEqual([]);
  expect(await isReady(reactor.url)).toBe(true);
  const run = load.run(reactor.url);
  await until(
    async () => load.answers.get(204) ?? 0,
    (count) => count > 100,
  );
  await run.stop();
  expect([...load.answers.keys()]).toEqual([204]);
  expect((await ask(reactor.url, '/healthz')).status).toBe(200);
  volume.resize(64);
  await askVerb(directory, ['backup']);
  expect(await reactor.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
