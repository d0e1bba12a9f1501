import { expect } from 'vitest';
import type { CrashPoint } from './crash-points.ts';
import { createLoadDying, type Dying } from './crash-points-process.ts';
import { openStored, type Stored } from './database.ts';
import { createKillRun } from './kill-run.ts';
import { startReactor } from './process.ts';
import type { Seeded } from './seed.ts';
import { until } from './status.ts';
import { createTrial, type Trial } from './trial.ts';

/** So many share a database: after each kill all that was ever sent there is looked for. */
const KILLS_PER_DATABASE = 60;

/** Kills at one point after the other; then lets everything end well. Checks all that can be seen, each time. */
export async function killAt(seeded: Seeded, plan: readonly CrashPoint[]) {
  const reached = { kills: 0, interrupted: 0, parked: 0, chats: 0, acked: 0, calls: 0 };
  for (let from = 0; from < plan.length; from += KILLS_PER_DATABASE) {
    const trial = await createTrial({ seeded });
    const { run, die } = await createCrashRun(seeded, trial);
    await dieInTurn(plan.slice(from, from + KILLS_PER_DATABASE), die);
    const stored = await run.finish();
    run.checkShares(stored, trial.maxShares);
    reached.kills += run.seen.kills;
    reached.interrupted += run.seen.interrupted;
    reached.parked += run.seen.parked;
    reached.chats += stored.chats.size;
    reached.acked += trial.load.answers.get(204) ?? 0;
    reached.calls += trial.simulator.calls.length;
  }
  expect(reached.kills).toBe(plan.length);
  return reached;
}

type Die = Awaited<ReturnType<typeof createCrashRun>>['die'];

/** While one lives, the next is loaded. */
async function dieInTurn(points: readonly CrashPoint[], die: Die): Promise<void> {
  const lives: (() => Promise<void>)[] = [];
  for (const [index, point] of points.entries()) {
    if (index === 0) lives.push(die(point));
    const next = points[index + 1];
    if (next !== undefined) lives.push(die(next));
    await lives.shift()?.();
  }
}

/** A kill run whose processes end at given points; the database is there before. */
async function createCrashRun(seeded: Seeded, trial: Trial) {
  const { simulator, load, directory, settings } = trial;
  const run = createKillRun(seeded, trial);
  const loadDying = createLoadDying();
  await (await startReactor(directory, settings)).end('SIGTERM');
  let before = openAndClose();

  function openAndClose(): Stored {
    const stored = openStored(directory);
    stored.close();
    return stored;
  }

  /** Lets it live under load until it dies, and looks at what it left. */
  async function liveAndDie({ held, die }: Dying, point: CrashPoint): Promise<void> {
    let hasListened = false;
    const life = held.listening.then(
      (url) => {
        hasListened = true;
        run.checkLog(held);
        return load.run(url).ended;
      },
      () => {}, // it may die earlier
    );
    run.noteKill(await die());
    await life;
    const after = run.checkWhileDead({ isThorough: true });
    const death = { directory, before, after, chats: load.chats, calls: simulator.calls, hasListened };
    // what was sent before it died may arrive a moment later
    await until(
      async () => [point.name, point.isSeen?.(death) ?? true],
      ([, isSeen]) => isSeen === true,
      { tries: 50, everyMs: 10 },
    );
    before = after;
  }

  /** Loads a process that will die at that point; the function given back lets it. */
  function die(point: CrashPoint): () => Promise<void> {
    const dying = loadDying(directory, settings, point, seeded.between(1, point.most));
    return () => liveAndDie(dying, point);
  }

  return { run, die };
}
