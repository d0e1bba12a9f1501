import { expect, it } from 'vitest';
import { createKillRun } from '../helpers/kill-run.ts';
import { createSeeded } from '../helpers/seed.ts';
import { createTrial } from '../helpers/trial.ts';

const CYCLES = Number(process.env.KILL_CYCLES ?? 200);
const RERUN = `KILL_CYCLES=${CYCLES} npm run test:faults -- random-kill`;
const CHECK_EVERY = 20;

it(
  `keeps what it answered and repeats no share, killed ${CYCLES} times under load`,
  async () => {
    const seeded = createSeeded(RERUN);
    const trial = await createTrial({ seeded, windowSeconds: 5 });
    const { simulator, load, maxShares } = trial;
    const run = createKillRun(seeded, trial);

    for (let cycle = 1; cycle <= CYCLES; cycle++) {
      await run.live();
      run.checkWhileDead({ isThorough: cycle % CHECK_EVERY === 0 });
    }
    const stored = await run.finish();

    run.checkShares(stored, maxShares);
    expect([...load.answers.keys()].filter((answer) => typeof answer === 'number')).toEqual([204]);
    expect(run.seen.interrupted).toBeGreaterThan(0); // else nothing was put to the test
    console.info(
      JSON.stringify({
        cycles: CYCLES,
        ...run.seen,
        chats: stored.chats.size,
        answers: Object.fromEntries(load.answers),
        calls: simulator.calls.length,
        attempts: stored.attempts.length,
      }),
    );
  },
  60_000 + CYCLES * 3_000,
);
