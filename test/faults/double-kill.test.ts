import { expect, it } from 'vitest';
import { CRASH_POINTS, RECOVERY_POINTS } from '../helpers/crash-points.ts';
import { killAt } from '../helpers/crash-points-run.ts';
import { createSeeded } from '../helpers/seed.ts';
import { reportReached, suiteCount } from '../helpers/suite.ts';

const ROUNDS = Math.ceil(suiteCount(9) / RECOVERY_POINTS.length);
const AGAIN = ROUNDS * RECOVERY_POINTS.length;

/** Those after which a call is open that the next process has to find. */
const LEAVING_OPEN = CRASH_POINTS.filter(({ name }) =>
  ['after claim', 'connected', 'request written', 'first response byte', 'before settle'].includes(name),
);

it(
  `keeps every promise, killed ${AGAIN} times while it recovers from a kill`,
  async () => {
    const seeded = createSeeded(`SUITE_COUNT=${AGAIN} npm run test:faults -- double-kill`);
    const plan = Array.from({ length: ROUNDS }, () => [
      ...seeded.shuffle(LEAVING_OPEN).slice(0, 1),
      ...RECOVERY_POINTS,
    ]);
    const reached = await killAt(seeded, plan.flat());
    expect(reached.kills).toBe(ROUNDS + AGAIN);
    reportReached('double-kill', { seed: seeded.seed, whileRecovering: AGAIN, ...reached, violations: 0 });
  },
  120_000 + AGAIN * 10_000,
);
