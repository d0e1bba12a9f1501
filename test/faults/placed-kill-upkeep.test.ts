import { expect, it } from 'vitest';
import { BACKUP_POINTS, createBackupTrial } from '../helpers/crash-points-backup.ts';
import { createLoadDying } from '../helpers/crash-points-process.ts';
import { openStored, type Stored } from '../helpers/database.ts';
import { startReactor } from '../helpers/process.ts';
import { createSeeded } from '../helpers/seed.ts';
import { readOverview, until } from '../helpers/status.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { createTrial, sendSome, type Trial } from '../helpers/trial.ts';

const REPEATS = suiteCount(2);
const RERUN = `SUITE_COUNT=${REPEATS} npm run test:faults -- placed-kill-upkeep`;
const RETENTION_MS = 1_000;

function look({ directory }: Trial): Stored {
  const stored = openStored(directory);
  expect(stored.integrity()).toBe('ok');
  const isOfTotal = (text: string) => text.startsWith('total'); // which outlives the attempts
  expect(stored.contradictions().filter((text) => !isOfTotal(text))).toEqual([]);
  stored.close();
  return stored;
}

/** Lets a process share with new chats, and waits until that is too long ago to be kept. */
async function shareAndWait(trial: Trial): Promise<Stored> {
  const reactor = await startReactor(trial.directory, trial.settings);
  await sendSome(trial, reactor.url);
  await until(
    async () => (await readOverview(reactor.url)).chats,
    ({ byState }) => byState.done === trial.load.chats.size,
  );
  await reactor.end('SIGTERM');
  const stored = look(trial);
  const newest = Math.max(...stored.attempts.map(({ endedAt }) => endedAt ?? 0));
  await until(
    async () => Date.now(),
    (now) => now > newest + RETENTION_MS + 100,
  );
  return stored;
}

it(
  `forgets old attempts all at once or not yet, and no share with them, killed ${2 * REPEATS} times meanwhile`,
  async () => {
    const seeded = createSeeded(RERUN);
    const trial = await createTrial({ seeded, maxShares: 1, chatsPerRun: 20 });
    const { load, simulator, directory } = trial;
    const loadDying = createLoadDying();
    const settings = { ...trial.settings, ATTEMPT_RETENTION: `${RETENTION_MS / 1000}s` };
    const dieAt = async (name: string) => {
      const { held, die } = loadDying(directory, settings, { name }, 1);
      const life = held.listening.then((url) => load.run(url).ended); // a share tells it that its clock is right
      await die();
      await life;
      return look(trial);
    };
    for (let round = 0; round < REPEATS; round++) {
      const before = await shareAndWait(trial);
      const callsBefore = simulator.calls.filter(({ chatId }) => before.chats.has(chatId));
      const last = before.attempts.at(-1)?.startedAt ?? 0;
      const keptOf = ({ attempts }: Stored) => attempts.filter(({ startedAt }) => startedAt <= last);
      expect(keptOf(await dieAt('in prune'))).toEqual(before.attempts);
      const after = await dieAt('after prune');
      expect(keptOf(after)).toEqual([]);
      for (const [chatId, chat] of before.chats) expect(after.chats.get(chatId)).toEqual(chat);
      const calls = simulator.calls.filter(({ chatId }) => before.chats.has(chatId));
      expect(calls).toEqual(callsBefore); // what is forgotten isn't made again
    }
    const { seed } = seeded;
    reportReached('placed-kill-prune', { seed, kills: 2 * REPEATS, chats: load.chats.size, violations: 0 });
  },
  60_000 + REPEATS * 20_000,
);

/** They mostly wait. */
const AT_ONCE = 5;

it(
  `leaves a whole backup or none, killed ${REPEATS} times at each of ${BACKUP_POINTS.length} points of one`,
  async () => {
    const seeded = createSeeded(RERUN);
    const run = await createBackupTrial(seeded);
    const plan = Array.from({ length: REPEATS }, () => BACKUP_POINTS).flat();
    for (let from = 0; from < plan.length; from += AT_ONCE)
      await Promise.all(plan.slice(from, from + AT_ONCE).map(run));
    reportReached('placed-kill-backup', { seed: seeded.seed, kills: plan.length, violations: 0 });
  },
  60_000 + REPEATS * 30_000,
);
