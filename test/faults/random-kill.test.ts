import { expect, it } from 'vitest';
import { createKillRun } from '../helpers/kill-run.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';
import { createTrial } from '../helpers/trial.ts';

const CYCLES = suiteCount(70);
const CHECK_EVERY = 20;

it(
  `keeps what it answered and repeats no share, killed ${CYCLES} times under load`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${CYCLES} npm run test:faults -- random-kill`);
    const trial = await createTrial({ seeded, windowSeconds: 3 });
    const { simulator, load, maxShares } = trial;
    const run = createKillRun(seeded, trial);

    for (let cycle = 1; cycle <= CYCLES; cycle++) {
      await run.live();
      run.checkWhileDead({ isThorough: cycle % CHECK_EVERY === 0 });
    }
    const stored = await run.finish();

    run.checkShares(stored, maxShares);
    expect([...load.answers.keys()].filter((answer) => typeof answer === 'number')).toEqual([204]);
    expect(run.seen.kills).toBe(CYCLES);
    expect(run.seen.interrupted).toBeGreaterThan(0); // else nothing was put to the test
    reportReached('random-kill', {
      seed: seeded.seed,
      ...run.seen,
      chats: stored.chats.size,
      acked: load.answers.get(204) ?? 0,
      lost: load.answers.get('lost') ?? 0,
      calls: simulator.calls.length,
      attempts: stored.attempts.length,
      violations: 0,
    });
  },
  60_000 + CYCLES * 6_000,
);
